'use strict';

//
// The interface of a WebSocket on which permessage-deflate was agreed on:
// callbacks, what is buffered, ends in the middle of compressing, streams.
//

const zlib = require('node:zlib');

const { called, once, turns } = require('../support/deadline');
const { parseFrame } = require('../support/frame');
const { close, text } = require('./frames');
const { deflate } = require('./deflate');

const long = 'abcdefgh'.repeat(500);
const words = Array.from(
  { length: 3000 },
  (_, i) => `${(i * 7919) % 997}`
).join(' ');
const all = { threshold: 0 };
const withoutContext = {
  clientNoContextTakeover: true,
  serverNoContextTakeover: true
};

const compressed = (data) => text(deflate(data), { rsv1: true });

function agreed(run, perMessageDeflate = all, extensions) {
  return async (transcript) => {
    await transcript.open(
      { perMessageDeflate },
      { extensions: extensions ?? 'permessage-deflate' }
    );
    await run(transcript, transcript.ws);
  };
}

/**
 * A case in which one message is compressed by options of zlib: its data, and
 * that it is about as long as Node's zlib makes it.
 */
function deflatedBy(zlibDeflateOptions) {
  return agreed(
    async (transcript, ws) => {
      const expected = deflate(words, zlibDeflateOptions).length;

      ws.send(words);
      await transcript.received(1);

      const { payload } = parseFrame(transcript.raw.buffer).frame;

      transcript.note(
        'as long as expected',
        Math.abs(payload.length - expected) < expected * 0.1 ||
          `${payload.length}, not ${expected}`
      );
      await transcript.finish(close(1000));
    },
    { threshold: 0, zlibDeflateOptions }
  );
}

/**
 * Note the order in which callbacks are called.
 */
function callbacks(transcript, names) {
  return names.map((name) => {
    let cb;
    const promise = called((resolve) => (cb = resolve), name).then(([err]) => {
      transcript.note('callback', name, err ?? 'no error');
    });

    return { cb, promise };
  });
}

module.exports = {
  'terminated right after sending': agreed(async (transcript, ws) => {
    const done = callbacks(transcript, ['a', 'b', 'c']);

    ws.send(long, done[0].cb);
    ws.send('plain', { compress: false }, done[1].cb);
    ws.ping('ping', undefined, done[2].cb);
    ws.terminate();
    await Promise.all(done.map(({ promise }) => promise));
    await transcript.drain();
  }),

  'terminated right after sending much': agreed(async (transcript, ws) => {
    const done = callbacks(transcript, ['plain', 'much', 'more', 'behind']);

    ws.send('before', { compress: false }, done[0].cb);
    ws.send(words, done[1].cb);
    ws.send(Buffer.from(words), done[2].cb);
    ws.ping('', undefined, done[3].cb);
    ws.terminate();
    await Promise.all(done.map(({ promise }) => promise));
    await transcript.drain();
  }),

  'terminated, and only what is not compressed has callbacks': agreed(
    async (transcript, ws) => {
      const done = callbacks(transcript, ['before', 'behind', 'last']);

      ws.send('before', { compress: false }, done[0].cb);
      ws.send(long);
      ws.send('behind', { compress: false }, done[1].cb);
      ws._socket.destroy();
      ws.send('last', done[2].cb);
      await Promise.all(done.map(({ promise }) => promise));
      await transcript.drain();
    }
  ),

  'terminated after sending what is too short to be compressed': agreed(
    async (transcript, ws) => {
      const done = callbacks(transcript, ['short', 'long', 'short again']);

      ws.send('short', done[0].cb);
      ws.send(long, done[1].cb);
      ws.send('short', done[2].cb);
      ws.terminate();
      await Promise.all(done.map(({ promise }) => promise));
      await transcript.drain();
    },
    { threshold: 1000, ...withoutContext }
  ),

  'closed right after sending': agreed(async (transcript, ws) => {
    const done = callbacks(transcript, ['a', 'b', 'late']);

    ws.send(long, done[0].cb);
    ws.send(words, done[1].cb);
    ws.close(1000, 'bye');
    ws.send(long, done[2].cb);
    await Promise.all(done.map(({ promise }) => promise));
    await transcript.receivedClose();
    await transcript.finish(close(1000));
  }),

  'the order of callbacks': agreed(async (transcript, ws) => {
    const order = [];

    await Promise.all([
      called((cb) => ws.send(long, () => cb(order.push(1)))),
      called((cb) => ws.send('2', () => cb(order.push(2)))),
      called((cb) => ws.send(words, () => cb(order.push(3)))),
      called((cb) => ws.pong('4', undefined, () => cb(order.push(4)))),
      called((cb) => ws.send('5', { compress: false }, () => cb(order.push(5))))
    ]);
    transcript.note('order', order);
    await transcript.finish(close(1000));
  }),

  'frames made by Sender.frame': agreed(async (transcript, ws) => {
    const { Sender } = transcript.implementation;
    const frame = (data, opcode, options) =>
      Sender.frame(data, {
        fin: true,
        rsv1: true,
        opcode,
        mask: transcript.isClient,
        readOnly: true,
        ...options
      });
    const done = callbacks(transcript, ['raw', 'raw too', 'sent']);
    const pieces = deflate(long);

    ws._sender.sendFrame(frame(deflate('first'), 1), done[0].cb);
    ws._sender.sendFrame(frame(pieces.subarray(0, 9), 2, { fin: false }));
    ws._sender.sendFrame(
      frame(pieces.subarray(9), 0, { rsv1: false }),
      done[1].cb
    );
    await Promise.all([done[0].promise, done[1].promise]);
    ws.send('behind them', { compress: false }, done[2].cb);
    await done[2].promise;
    await transcript.received(4);
    await transcript.finish(close(1000));
  }),

  'a frame made by Sender.frame while another is compressed': agreed(
    async (transcript, ws) => {
      const { Sender } = transcript.implementation;

      ws.send(long);
      ws._sender.sendFrame(
        Sender.frame(Buffer.from('raw'), {
          fin: true,
          rsv1: false,
          opcode: 1,
          mask: transcript.isClient,
          readOnly: true
        })
      );
      await transcript.received(2);
      await transcript.finish(close(1000));
    }
  ),

  'a Blob among compressed messages': agreed(async (transcript, ws) => {
    const done = callbacks(transcript, ['a', 'blob', 'c']);

    ws.send(long, done[0].cb);
    ws.send(new Blob([long, 'blob']), done[1].cb);
    ws.send('c', done[2].cb);
    await Promise.all(done.map(({ promise }) => promise));
    await transcript.received(3);
    await transcript.finish(close(1000));
  }),

  'a stream': agreed(async (transcript, ws) => {
    const duplex = transcript.implementation.createWebSocketStream(ws, {
      encoding: 'utf8'
    });
    const chunks = [];
    const ended = once(duplex, 'end');

    duplex.on('data', (chunk) => chunks.push(chunk));
    duplex.on('close', () => transcript.note('closed'));
    await called((cb) => duplex.write(long, cb));
    await called((cb) => duplex.write('', cb));
    await called((cb) => duplex.write(words, cb));
    transcript.write(compressed('one'), compressed(words), text('plain'));
    while (chunks.length < 3) await once(duplex, 'data');
    duplex.end();
    await transcript.receivedClose();
    await transcript.finish(close(1000));
    await ended;
    transcript.note('chunks', chunks);
  }),

  'a stream that is destroyed while it is compressing': agreed(
    async (transcript, ws) => {
      const duplex = transcript.implementation.createWebSocketStream(ws);
      const written = called((cb) => duplex.write(long, cb));

      duplex.on('error', (err) => transcript.note('error', err));
      duplex.destroy();

      const [err] = await written;

      transcript.note('written', err ?? 'no error');
      await transcript.drain();
    }
  ),

  'terminated by a listener of the first of three messages': agreed(
    async (transcript, ws) => {
      ws.once('message', () => ws.terminate());
      transcript.write(compressed('1'), compressed('2'), compressed('3'));
      await transcript.drain();
    }
  ),

  'closed by a listener of the first of three messages': agreed(
    async (transcript, ws) => {
      ws.once('message', () => ws.close(1000, 'enough'));
      transcript.write(compressed('1'), compressed('2'), compressed('3'));
      await transcript.receivedClose();
      await transcript.finish(close(1000));
    }
  ),

  'a reply by a listener of each message': agreed(async (transcript, ws) => {
    ws.on('message', (data) => ws.send(`re: ${data}`));
    transcript.write(compressed('1'), text('2'), compressed(long));
    await transcript.received(3);
    await transcript.finish(close(1000));
  }),

  'a message of exactly the threshold': agreed(
    async (transcript, ws) => {
      ws.send('x'.repeat(99));
      ws.send('x'.repeat(100));
      // In bytes, not in characters.
      ws.send('é'.repeat(49));
      ws.send('é'.repeat(50));
      ws.send(Buffer.alloc(99));
      ws.send(Buffer.alloc(100));
      await transcript.received(6);
      await transcript.finish(close(1000));
    },
    { ...withoutContext, threshold: 100 },
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
  ),

  'a threshold where there is a context': agreed(
    async (transcript, ws) => {
      ws.send('short');
      ws.send(long);
      await transcript.received(2);
      await transcript.finish(close(1000));
    },
    { threshold: 1000 }
  ),

  'a concurrency limit': agreed(
    async (transcript, ws) => {
      const done = callbacks(transcript, ['a', 'b', 'c']);

      for (const { cb } of done) ws.send(long, cb);
      await Promise.all(done.map(({ promise }) => promise));
      await transcript.received(3);
      await transcript.finish(close(1000));
    },
    { threshold: 0, concurrencyLimit: 1 }
  ),

  'level 0': deflatedBy({ level: 0 }),
  'level 1': deflatedBy({ level: 1 }),
  'level 9': deflatedBy({ level: 9 }),
  'memLevel 1': deflatedBy({ memLevel: 1 }),
  'level 9 and memLevel 9': deflatedBy({ level: 9, memLevel: 9 }),
  'only Huffman codes': deflatedBy({
    strategy: zlib.constants.Z_HUFFMAN_ONLY
  }),
  'a small chunkSize': deflatedBy({ chunkSize: 64 }),

  'memory changed once it was taken': agreed(async (transcript, ws) => {
    const data = Buffer.from(long);

    await called((cb) => ws.send(data, cb));
    data.fill('x');
    await called((cb) => ws.send(data, cb));
    await turns();
    await transcript.received(2);
    await transcript.finish(close(1000));
  })
};
