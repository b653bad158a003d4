'use strict';

//
// The whole text of answers to handshakes and requests.
//

const { buildPlainRequest } = require('../support/handshake');
const { only, port, unix } = require('./transports');

const header = (name, value) => ({ headers: { [name]: value } });

/**
 * A case in which the peer sends a request and reads the answer.
 */
function answer(request, options, events) {
  return (transcript) => transcript.ask(options, request, events);
}

/**
 * A case for servers that answer to requests which are no handshakes.
 */
function plainly(request) {
  return only([port, unix], answer(request));
}

const rejected = ['wsClientError'];

module.exports = {
  'a plain request': plainly(buildPlainRequest()),
  'a plain request to be closed': plainly(
    buildPlainRequest(header('Connection', 'close'))
  ),
  'HTTP/1.0': plainly(buildPlainRequest({ version: '1.0' })),
  'HTTP/1.0 with keep-alive': plainly(
    buildPlainRequest({ version: '1.0', ...header('Connection', 'keep-alive') })
  ),
  'a handshake of HTTP/1.0': answer({ version: '1.0' }),
  'a POST with a body': plainly(
    buildPlainRequest({
      method: 'POST',
      ...header('Content-Length', '3'),
      body: 'abc'
    })
  ),
  'an expectation': plainly(
    buildPlainRequest({ method: 'POST', ...header('Expect', 'x') })
  ),
  garbage: answer('garbage\r\n\r\n'),
  'no Host': answer('GET / HTTP/1.1\r\n\r\n'),
  'headers too long': answer(header('X', 'y'.repeat(20_000))),
  'a handshake': answer({}),
  'a handshake with everything': answer({
    target: '/x?y=z',
    headers: {
      Origin: 'https://a.example',
      Cookie: 'a=b',
      'Sec-WebSocket-Protocol': 'a, b',
      'Sec-WebSocket-Extensions': 'permessage-deflate'
    }
  }),
  'lower case everything': answer({
    headers: { Upgrade: 'WEBSOCKET', Connection: 'uPGRADE' }
  }),
  'a wrong method': answer({ method: 'PUT' }),
  'a wrong Upgrade': answer(header('Upgrade', 'h2c')),
  'two Upgrades': answer(header('Upgrade', ['websocket', 'h2c'])),
  'two keys': answer(
    header('Sec-WebSocket-Key', [
      'dGhlIHNhbXBsZSBub25jZQ==',
      'dGhlIHNhbXBsZSBub25jZQ=='
    ])
  ),
  'two versions': answer(header('Sec-WebSocket-Version', ['13', '8'])),
  'a version with spaces': answer(header('Sec-WebSocket-Version', ' 13 ')),
  'a version as a fraction': answer(header('Sec-WebSocket-Version', '13.0')),
  'a version in scientific notation': answer(
    header('Sec-WebSocket-Version', '1.3e1')
  ),
  'a bad subprotocol list': answer(header('Sec-WebSocket-Protocol', 'a,,b')),
  'spaces around subprotocols': answer(
    header('Sec-WebSocket-Protocol', 'a \t, \tb')
  ),
  'repeated subprotocol headers': answer(
    header('Sec-WebSocket-Protocol', ['b', 'a'])
  ),
  'a wrong method with a listener': async (transcript) => {
    const wss = await transcript.serve();

    wss.on('wsClientError', (err, socket) =>
      socket.end('HTTP/1.1 400 x\r\n\r\n')
    );
    await transcript.ask({}, { method: 'PUT' }, rejected);
  },
  'another path': answer({ target: '/b' }, { path: '/a' }),
  'the path with a query': answer({ target: '/a?b' }, { path: '/a' }),
  'verifyClient false': answer({}, { verifyClient: () => false }),
  'verifyClient truthy': answer({}, { verifyClient: () => 1 }),
  'verifyClient calling back with a code': answer(
    {},
    { verifyClient: (info, cb) => cb(false, 418, 'tea', { A: 'b' }) }
  ),
  'verifyClient calling back with a code nobody knows': answer(
    {},
    { verifyClient: (info, cb) => cb(false, 499, 'x') }
  ),
  'verifyClient with three parameters': answer(
    {},
    { verifyClient: (info, cb, extra) => extra === undefined }
  ),
  'handleProtocols giving a subprotocol not offered': answer(
    header('Sec-WebSocket-Protocol', 'a'),
    { handleProtocols: () => 'z' }
  ),
  'headers changed': async (transcript) => {
    const wss = await transcript.serve();

    wss.on('headers', (headers) => {
      headers.splice(1, 0, 'X-First: 1');
      headers.push('X-Last: é');
    });
    await transcript.ask({}, {}, ['headers']);
  },
  'the events of a handshake': answer({}, {}, ['headers', 'connection'])
};
