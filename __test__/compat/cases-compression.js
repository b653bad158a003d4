'use strict';

//
// permessage-deflate (RFC 7692): what is agreed on, and what comes of it.
//

const { once, turns } = require('../support/deadline');
const { binary, close, continuation, ping, text } = require('./frames');
const { clients, only, servers } = require('./transports');
const { deflate } = require('./deflate');

const long = 'abcdefgh'.repeat(500);
const all = { threshold: 0 };

/**
 * A case of a server: what it answers to an offer, and one message each way.
 */
function offered(offer, options = true) {
  const run = async (transcript) => {
    await transcript.open(
      { perMessageDeflate: options },
      { extensions: offer }
    );
    transcript.note('extensions', transcript.ws.extensions);
    transcript.ws.send(long);
    await transcript.received(1);
    await transcript.finish(close(1000));
  };

  return only(servers, run);
}

/**
 * A case of a server that declines an offer.
 */
function declined(offer, options = true) {
  const run = async (transcript) => {
    const request = { headers: { 'Sec-WebSocket-Extensions': offer } };
    const wss = await transcript.serve({ perMessageDeflate: options });

    await transcript.ask({}, request);
    wss.on('wsClientError', (err, socket) => {
      transcript.note(err);
      socket.end('HTTP/1.1 400 Refused\r\n\r\n');
    });
    await transcript.ask({}, request);
  };

  return only(servers, run);
}

/**
 * A case of a client: what it offers and what it does with the answer.
 */
function answered(extensions, options) {
  const run = async (transcript) => {
    const settings =
      options === undefined ? {} : { perMessageDeflate: options };

    await transcript.open(settings, { extensions });
    transcript.note('extensions', transcript.ws.extensions);
    transcript.ws.send(long);
    await transcript.received(1);
    await transcript.finish(close(1000));
  };

  return only(clients, run);
}

/**
 * A case in which compression is agreed on, and then frames come.
 */
function agreed(run, options = {}, perMessageDeflate = all) {
  return async (transcript) => {
    await transcript.open(
      { perMessageDeflate, ...options },
      { extensions: 'permessage-deflate' }
    );
    await run(transcript, transcript.ws);
  };
}

function frames(list, options, perMessageDeflate) {
  return agreed(
    async (transcript) => {
      transcript.write(...list);
      // Each ends in a close. FIN while ws inflates would be a race.
      await transcript.receivedClose();
      await transcript.finish();
    },
    options,
    perMessageDeflate
  );
}

const compressed = (data, options) =>
  text(deflate(data), { rsv1: true, ...options });
const pieces = deflate(long);

module.exports = {
  'no offer': offered(undefined),
  'a plain offer': offered('permessage-deflate'),
  'an offer with perMessageDeflate false': offered('permessage-deflate', false),
  'an offer of another extension': offered('foo; bar'),
  'an offer with client_max_window_bits': offered(
    'permessage-deflate; client_max_window_bits'
  ),
  'an offer with client_max_window_bits and a number': offered(
    'permessage-deflate; client_max_window_bits=10'
  ),
  'an offer with everything': offered(
    'permessage-deflate; server_no_context_takeover; ' +
      'client_no_context_takeover; server_max_window_bits=10; ' +
      'client_max_window_bits=11'
  ),
  'an offer to a server with options': offered(
    'permessage-deflate; client_max_window_bits',
    {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 12
    }
  ),
  'an offer to a server with a threshold': offered('permessage-deflate', {
    serverNoContextTakeover: true,
    threshold: 10_000
  }),
  'several offers': offered(
    'permessage-deflate; server_max_window_bits=8, permessage-deflate',
    { serverMaxWindowBits: 12, threshold: 0 }
  ),
  'several offers of which the second is acceptable': offered(
    'permessage-deflate; server_no_context_takeover, permessage-deflate',
    { serverNoContextTakeover: false }
  ),
  'an offer with a server_max_window_bits of 8': offered(
    'permessage-deflate; server_max_window_bits=8'
  ),
  'an offer with an unknown parameter': declined('permessage-deflate; foo'),
  'an offer with a wrong value': declined(
    'permessage-deflate; server_max_window_bits=7'
  ),
  'an offer with a repeated parameter': declined(
    'permessage-deflate; client_max_window_bits; client_max_window_bits'
  ),
  'an offer with a value too many': declined(
    'permessage-deflate; server_no_context_takeover=1'
  ),
  'an offer that is malformed': declined('permessage-deflate;'),
  'an offer that is not acceptable': declined(
    'permessage-deflate; server_no_context_takeover',
    { serverNoContextTakeover: false }
  ),
  'a client window that was not offered': declined('permessage-deflate', {
    clientMaxWindowBits: 10
  }),
  'a malformed offer with perMessageDeflate false': offered(
    'permessage-deflate;',
    false
  ),
  'an answer to the default': answered('permessage-deflate'),
  'no answer': answered(undefined),
  'no offer by a client': answered(undefined, false),
  'an answer with all parameters': answered(
    'permessage-deflate; server_no_context_takeover; ' +
      'client_no_context_takeover; server_max_window_bits=10; ' +
      'client_max_window_bits=11'
  ),
  'an answer to a client with options': answered(
    'permessage-deflate; client_max_window_bits=10; ' +
      'client_no_context_takeover; server_no_context_takeover',
    {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 12,
      threshold: 0
    }
  ),
  'a compressed message': frames([compressed(long), close(1000)]),
  'a compressed message that is empty': frames([compressed(''), close(1000)]),
  'a compressed and a plain message': frames([
    compressed('a'),
    text('b'),
    binary(deflate('c'), { rsv1: true }),
    close(1000)
  ]),
  'compressed fragments': frames([
    text(pieces.subarray(0, 5), { rsv1: true, fin: false }),
    ping('between'),
    continuation(pieces.subarray(5)),
    close(1000)
  ]),
  'RSV1 in a continuation': frames([
    text(pieces.subarray(0, 5), { rsv1: true, fin: false }),
    continuation(pieces.subarray(5), { rsv1: true })
  ]),
  'RSV1 in a ping': frames([ping('x', { rsv1: true })]),
  'RSV1 and RSV2': frames([text('x', { rsv1: true, rsv2: true })]),
  'what is not deflate': frames([text(Buffer.of(7, 7, 7), { rsv1: true })]),
  'what is not deflate, behind a message': frames([
    compressed('a'),
    text(Buffer.alloc(100, 0xff), { rsv1: true })
  ]),
  'compressed text that is not UTF-8': frames([
    compressed(Buffer.of(0xc0, 0x80))
  ]),
  'a compressed message over maxPayload': frames([compressed(long)], {
    maxPayload: 1000
  }),
  'a compressed message of maxPayload': frames(
    [compressed(long), close(1000)],
    { maxPayload: long.length }
  ),
  'compressed fragments over maxPayload': frames(
    [
      text(pieces.subarray(0, 5), { rsv1: true, fin: false }),
      continuation(pieces.subarray(5))
    ],
    { maxPayload: 1000 }
  ),
  'a compressed message as fragments': agreed(async (transcript, ws) => {
    ws.binaryType = 'fragments';
    transcript.write(
      binary(pieces.subarray(0, 5), { rsv1: true, fin: false }),
      continuation(pieces.subarray(5))
    );

    const [data] = await once(ws, 'message');

    transcript.note('length', Buffer.concat(data).length);
    await transcript.finish(close(1000));
  }),
  'sent with and without compression': agreed(async (transcript, ws) => {
    ws.send(long);
    ws.send('plain', { compress: false });
    ws.send(Buffer.from(long));
    ws.send('');
    ws.ping('p');
    ws.send('first', { fin: false });
    ws.send(long, { fin: false });
    ws.send('last');
    ws.send('first', { fin: false, compress: false });
    ws.send(long, { compress: true });
    await transcript.received(10);
    await transcript.finish(close(1000));
  }),
  'sent below the threshold': agreed(
    async (transcript, ws) => {
      ws.send('short');
      ws.send(long);
      ws.send('short', { fin: false });
      ws.send(long);
      ws.send(long, { fin: false });
      ws.send('short');
      await transcript.received(6);
      await transcript.finish(close(1000));
    },
    {},
    {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      threshold: 1024
    }
  ),
  'callbacks of compressed messages': agreed(async (transcript, ws) => {
    const sent = [
      transcript.callback('a', (cb) => ws.send(long, cb)),
      transcript.callback('b', (cb) => ws.send('b', { compress: false }, cb)),
      transcript.callback('c', (cb) => ws.ping('c', cb)),
      transcript.callback('d', (cb) => ws.send('d', cb))
    ];

    // How much of it waits is a race with whoever compresses.
    await Promise.all(sent);
    await transcript.finish(close(1000));
  }),
  'options of zlib': agreed(
    async (transcript, ws) => {
      ws.send(long);
      ws.send(long);
      transcript.write(compressed(long));
      await once(ws, 'message');
      await transcript.received(2);
      await transcript.finish(close(1000));
    },
    {},
    {
      concurrencyLimit: 1,
      threshold: 0,
      zlibDeflateOptions: { level: 1, memLevel: 5, chunkSize: 1024 },
      zlibInflateOptions: { chunkSize: 1024 }
    }
  ),
  'sent, then closed': agreed(async (transcript, ws) => {
    ws.send(long);
    ws.close(1000, 'bye');
    await transcript.received(2);
    await transcript.finish(close(1000));
  }),
  'memory changed after it was sent': agreed(async (transcript, ws) => {
    const data = Buffer.from(long);

    ws.send(data, { compress: false });
    await turns();
    data.fill('x');
    ws.send('end');
    await transcript.received(2);
    await transcript.finish(close(1000));
  })
};
