'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { beyondReference, name } = require('../support/implementation');
const { Opcode, close } = require('../support/frame');
const { generator, prose } = require('../interop/messages');
const { linuxOnly, residentBytes } = require('../support/process-state');
const { once, until } = require('../support/deadline');
const { RawClient } = require('../support/raw-client');
const { startAttached, transports } = require('../support/transport');
const { connectRaw, startServer } = require('../support/server');

const { BINARY, PING, TEXT } = Opcode;
const KiB = 1024;
const MiB = 1024 * KiB;
const CLIENTS = 6;
const SIZES = [
  0,
  1,
  41,
  42,
  125,
  126,
  127,
  1000,
  5461,
  16 * KiB - 1,
  16 * KiB,
  16 * KiB + 1,
  65_535,
  65_536,
  200 * KiB
];

const EXTENSIONS = {
  'no extension': undefined,
  'compression of each message by itself':
    'permessage-deflate; server_no_context_takeover',
  'compression with context': 'permessage-deflate'
};

// Of all lengths around which frames differ, ASCII and not, in text and binary.
const messages = SIZES.flatMap((size) => [
  ['x'.repeat(size)],
  ['é'.repeat(size >>> 1)],
  [prose(size, size), { compress: false }],
  [Buffer.from(prose(size, 1))],
  [Buffer.from(prose(size, 2)), { binary: false }]
]);

const ways = {
  broadcast(wss, data, options) {
    wss.broadcast(data, options);
  },
  loop(wss, data, options) {
    for (const ws of wss.clients) ws.send(data, { ...options });
  }
};

/**
 * Send all messages to clients that differ, one of them in the middle of a
 * message of its own.
 *
 * @return {Promise<Buffer[]>} All bytes that each client got
 */
async function record(t, transport, extensions, way) {
  const server = await startOn(t, transport, { perMessageDeflate: true });
  const all = [];

  for (let i = 0; i < CLIENTS; i++) {
    all.push(
      await server.connect({
        // One without.
        headers: {
          'Sec-WebSocket-Extensions': i === 3 ? undefined : extensions
        }
      })
    );
  }

  all[1].ws.send('begun', { fin: false, compress: false });
  for (const [data, options] of messages) {
    ways[way](server.wss, data, options);
    all[2].ws.send('between', { compress: false });
    all[4].ws.ping();
  }

  for (const { ws } of all) ws.close(1000);
  for (const { raw } of all) raw.write(close(1000));
  return Promise.all(all.map(({ raw }) => raw.end()));
}

/**
 * Resume a client and count what it receives, which is too much to be looked at.
 *
 * @return {Object} `reaches()` waits for a number of bytes
 */
function countBytes({ socket }) {
  let count = 0;

  socket.removeAllListeners('data');
  socket.on('data', (chunk) => (count += chunk.length));
  socket.resume();
  return { reaches: (bytes) => until(() => count === bytes, `${bytes} bytes`) };
}

async function startOn(t, transport, options) {
  if (transport !== 'port') return startAttached(t, transport, options);

  const wss = await startServer(t, options);

  return { wss, connect: (request) => connectRaw(t, wss, request) };
}

describe('WebSocketServer', beyondReference, () => {
  describe('#broadcast', () => {
    for (const transport of ['port', ...Object.keys(transports)]) {
      for (const [title, extensions] of Object.entries(EXTENSIONS)) {
        it(`sends what a loop does (${transport}, ${title})`, async (t) => {
          const expected = await record(t, transport, extensions, 'loop');
          const actual = await record(t, transport, extensions, 'broadcast');

          actual.forEach((bytes, i) => {
            assert.ok(bytes.length > 0);
            assert.strictEqual(bytes.compare(expected[i]), 0, `client ${i}`);
          });
        });
      }

      it(`counts as buffered for each (${transport})`, linuxOnly, async (t) => {
        const { connect, wss } = await startOn(t, transport);
        const all = [];

        for (let i = 0; i < 3; i++) all.push(await connect());
        for (const { raw } of all) raw.socket.pause();

        const amounts = () => all.map(({ ws }) => ws.bufferedAmount);
        let messages = 0;
        let sent = 0;

        await until(() => {
          wss.broadcast(Buffer.alloc(4 * MiB));
          messages++;
          sent += 4 * MiB;
          return amounts().every((amount) => amount > 0);
        }, 'the kernel to take no more');
        // A relay counts the headers, too.
        for (const amount of amounts()) assert.ok(amount <= sent + KiB);
        const counts = all.map(({ raw }) => countBytes(raw));

        await until(() => amounts().every((amount) => amount === 0), 'all');
        for (const count of counts) await count.reaches(sent + 10 * messages);
      });
    }

    for (const transport of ['port', 'TCP']) {
      it(
        `has a large message in memory once (${transport})`,
        linuxOnly,
        async (t) => {
          const { connect, wss } = await startOn(t, transport);
          const all = [];

          for (let i = 0; i < 16; i++) all.push(await connect());
          for (const { raw } of all) raw.socket.pause();

          const data = Buffer.alloc(16 * MiB);
          const before = residentBytes();

          wss.broadcast(data);
          wss.broadcast('end');
          await until(
            () => all.every(({ ws }) => ws._socket.bytesWritten > 64 * KiB),
            'the kernel to take what it can'
          );

          const grown = residentBytes() - before;

          assert.ok(grown < 4 * data.length, `${grown} bytes`);

          for (const { raw } of all) {
            await countBytes(raw).reaches(data.length + 10 + 'end'.length + 2);
          }
        }
      );
    }

    it('works in a worker', async (t) => {
      const worker = new Worker(
        `const { parentPort } = require('worker_threads');
         const { WebSocketServer } = require(${JSON.stringify(name)});
         const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
         wss.on('listening', () => parentPort.postMessage(wss.address().port));
         wss.on('connection', () => {
           if (wss.clients.size < 6) return;
           wss.broadcast('small');
           parentPort.postMessage(wss.broadcast('x'.repeat(100000)));
         });`,
        { eval: true }
      );

      t.after(() => worker.terminate());

      const [port] = await once(worker, 'message');
      const all = [];

      for (let i = 0; i < 6; i++) {
        const raw = await RawClient.connect(t, port);

        await raw.handshake();
        all.push(raw);
      }

      for (const raw of all) {
        await raw.expectFrame(TEXT, 'small');
        await raw.expectFrame(TEXT, 'x'.repeat(100000));
      }
      // What is handed over when the worker dies is nobody's concern.
      worker.postMessage('go on');
      await worker.terminate();
      for (const raw of all) await raw.end();
    });
  });
});

describe('What is sent in one tick', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`is what was passed, whatever it is (seed ${seed})`, async (t) => {
      const random = generator(seed);
      const next = (count) => (random() >>> 8) % count;
      const pick = (list) => list[next(list.length)];
      const wss = await startServer(t);
      const all = [];

      for (let i = 0; i < 5; i++) {
        all.push({ ...(await connectRaw(t, wss)), expected: [] });
      }

      // Few values, so that they are often sent again.
      const values = [
        '',
        'a',
        'x'.repeat(125),
        'é'.repeat(63),
        'y'.repeat(3000),
        'z'.repeat(20_000),
        Buffer.from('b'),
        Buffer.alloc(126, 'c'),
        Buffer.alloc(9000, 'd'),
        Buffer.alloc(17_000, 'e')
      ];

      for (let i = 0; i < 3000; i++) {
        const value = pick(values);
        const receivers = next(3) === 0 ? all : [pick(all)];
        const kind = next(16);

        for (const { expected, ws } of receivers) {
          if (kind === 0) {
            ws.ping('p');
            expected.push([PING, 'p']);
            continue;
          }

          if (kind === 1) ws.send(value, () => {});
          else if (kind === 2) ws.send(value, { binary: false });
          else ws.send(value);
          expected.push([
            typeof value === 'string' || kind === 2 ? TEXT : BINARY,
            `${value}`
          ]);
        }

        // Its bytes are those of the time when it was sent.
        if (next(50) === 0) values[6].writeUInt8(97 + next(26));
      }

      for (const { raw, expected } of all) {
        for (const [opcode, payload] of expected) {
          await raw.expectFrame(opcode, payload);
        }
      }
    });
  }
});
