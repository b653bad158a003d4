'use strict';

//
// Answers to a client that are no upgrade, or a wrong one.
//

const { answer, respond } = require('../support/client');

/**
 * A case in which the peer answers otherwise than it should.
 */
function misled(reply, options, protocols) {
  return async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial(options, protocols);

    ws.on('upgrade', (res) => {
      transcript.note('upgrade', res.statusCode, res.headers.upgrade);
    });
    reply(await transcript.request(), transcript);
    await transcript.noteFailure();
  };
}

const headers = (fields, options, protocols) =>
  misled(
    (request, { raw }) => answer(request, raw.socket, fields),
    options,
    protocols
  );
const bytes = (data) => misled((request, { raw }) => raw.socket.end(data));

module.exports = {
  'a wrong Upgrade': headers({ Upgrade: 'foo' }),
  'no Upgrade': headers({ Upgrade: undefined }),
  'a wrong Sec-WebSocket-Accept': headers({ 'Sec-WebSocket-Accept': 'x' }),
  'no Sec-WebSocket-Accept': headers({ 'Sec-WebSocket-Accept': undefined }),
  'a subprotocol that was not asked for': headers({
    'Sec-WebSocket-Protocol': 'a'
  }),
  'another subprotocol': headers({ 'Sec-WebSocket-Protocol': 'a' }, {}, ['b']),
  'no subprotocol': headers({}, {}, ['b']),
  'an extension that was not asked for': headers(
    { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    { perMessageDeflate: false }
  ),
  'another extension': headers({ 'Sec-WebSocket-Extensions': 'foo' }),
  'two extensions': headers({
    'Sec-WebSocket-Extensions': 'permessage-deflate, foo'
  }),
  'a malformed extension': headers({ 'Sec-WebSocket-Extensions': 'a;' }),
  'an extension with a wrong parameter': headers({
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=20'
  }),
  'an extension with a parameter that was not offered': headers(
    {
      'Sec-WebSocket-Extensions':
        'permessage-deflate; client_max_window_bits=15'
    },
    { perMessageDeflate: { clientMaxWindowBits: 10 } }
  ),
  'a status of 400': misled((request, { raw }) => respond(raw.socket, 400)),
  'a status of 200': misled((request, { raw }) =>
    respond(raw.socket, 200, {}, 'body')
  ),
  'a redirect that is not followed': misled((request, { raw }) =>
    respond(raw.socket, 301, { Location: '/x' })
  ),
  'a redirect without a place': misled(
    (request, { raw }) => respond(raw.socket, 302),
    { followRedirects: true }
  ),
  'a redirect to a wrong place': misled(
    (request, { raw }) =>
      respond(raw.socket, 302, { Location: 'ws://localhost#x' }),
    { followRedirects: true }
  ),
  'redirects that are too many': misled(
    (request, { raw }) => respond(raw.socket, 302, { Location: '/x' }),
    { followRedirects: true, maxRedirects: 0 }
  ),
  'no answer but the end': bytes(''),
  'half an answer': bytes('HTTP/1.1 101 Sw'),
  garbage: bytes('garbage\r\n\r\n'),
  'a reset': misled((request, { raw }) => raw.socket.destroy()),
  "the event 'unexpected-response'": async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    ws.on('unexpected-response', (req, res) => {
      transcript.note(req.method, res.statusCode, ws.readyState);
      transcript.note(ws._req === req);
      res.resume();
      res.on('end', () => {
        transcript.note('end');
        req.destroy();
        ws.terminate();
      });
    });
    await transcript.request();
    respond(transcript.raw.socket, 401, { 'X-A': 'b' }, 'secret');
    await transcript.noteFailure();
  }
};
