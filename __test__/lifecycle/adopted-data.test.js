'use strict';

//
// What comes and goes while a connection goes over from Node to the core: it
// must not be seen that it does.
//

const assert = require('node:assert');
const path = require('node:path');
const zlib = require('node:zlib');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { called, deadline, turns } = require('../support/deadline');
const {
  Opcode,
  binary,
  buildFrame,
  close,
  continuation,
  parseFrame,
  ping,
  text
} = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { beyondReference } = require('../support/implementation');
const { RawClient } = require('../support/raw-client');
const { record } = require('../support/record');
const { connectClient, startAttached } = require('../support/transport');

const EXTENSION = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const EMPTY = Buffer.alloc(0);

/** Compress texts one after the other, each with the window of those before. */
async function compress(...texts) {
  const deflate = zlib.createDeflateRaw();
  const compressed = [];

  for (const one of texts) {
    const chunks = [];

    deflate.on('data', (chunk) => chunks.push(chunk));
    deflate.write(one);
    await called((cb) => deflate.flush(zlib.constants.Z_SYNC_FLUSH, cb));
    deflate.removeAllListeners('data');
    // RFC 7692 §7.2.1: without the last four bytes.
    compressed.push(Buffer.concat(chunks).subarray(0, -4));
  }

  return compressed;
}

/** The next WebSocket of a server, paused in its callback, and its record. */
function pauseNext(wss) {
  return new Promise((resolve) => {
    wss.once('connection', (ws) => {
      ws.pause();
      resolve([ws, record(ws)]);
    });
  });
}

/** A stream of frames in which each kind of message is under way somewhere. */
async function buildStream(mask) {
  const long = 'repeat '.repeat(40);
  const [first, second] = await compress(long, `${long}again`);

  return {
    bytes: Buffer.concat([
      text('whole', { mask }),
      text('frag', { fin: false, mask }),
      ping('between', { mask }),
      continuation('men', { fin: false, mask }),
      continuation('ted', { mask }),
      buildFrame({ payload: first, rsv1: true, mask }),
      buildFrame({
        payload: second.subarray(0, 4),
        rsv1: true,
        fin: false,
        mask
      }),
      continuation(second.subarray(4), { mask }),
      // Of which the length takes two bytes, and a character three.
      text('€'.repeat(50), { mask }),
      binary(Buffer.alloc(300, 7), { mask }),
      close(1000, 'done', { mask })
    ]),
    expected: [
      ['message', Buffer.from('whole'), false],
      ['ping', Buffer.from('between')],
      ['message', Buffer.from('fragmented'), false],
      ['message', Buffer.from(long), false],
      ['message', Buffer.from(`${long}again`), false],
      ['message', Buffer.from('€'.repeat(50)), false],
      ['message', Buffer.alloc(300, 7), true],
      ['close', 1000, Buffer.from('done')]
    ]
  };
}

/** Where the stream is cut; each byte of the shorter frames, then fewer. */
function cuts({ length }, step = 1) {
  const all = [];

  for (let i = 0; i <= length; i += (i < 150 ? 1 : 13) * step) all.push(i);
  return all;
}

async function finish(raw) {
  let opcode;

  do ({ opcode } = await raw.frame());
  while (opcode !== Opcode.CLOSE);
  raw.socket.end();
}

/** All frames that a peer gets before its connection ends. */
async function collect(raw) {
  await raw.end();

  const frames = [];

  for (let parsed; (parsed = parseFrame(raw.buffer)) !== undefined;) {
    raw.buffer = raw.buffer.subarray(parsed.consumed);
    frames.push(parsed.frame);
  }

  return frames;
}

describe('What comes while the core takes over', () => {
  for (const transport of ['TCP', 'UNIX', 'TLS']) {
    it(`is received wherever it is cut, over ${transport}`, async (t) => {
      const { wss, open } = await startAttached(t, transport, {
        perMessageDeflate: true
      });
      const { bytes, expected } = await buildStream(true);
      const request = Buffer.from(buildRequest({ headers: EXTENSION }));

      for (const cut of cuts(bytes, transport === 'TLS' ? 5 : 1)) {
        const connection = new Promise((resolve) => {
          wss.once('connection', (ws) => resolve(record(ws)));
        });
        const raw = await open();

        raw.write(request, bytes.subarray(0, cut));

        const { log, until } = await connection;

        await raw.response();
        raw.write(bytes.subarray(cut));
        await finish(raw);
        await until('close');
        assert.deepStrictEqual(log, expected, `cut at ${cut}`);
        raw.destroy();
      }
    });
  }

  it('is received wherever it is cut, by a client', async (t) => {
    const { bytes, expected } = await buildStream(false);

    for (const cut of cuts(bytes, 3)) {
      const log = [];
      let recorded;

      const { raw } = await connectClient(
        t,
        'TCP',
        {
          perMessageDeflate: true,
          finishRequest(req, ws) {
            recorded = record(ws, log);
            req.end();
          }
        },
        {
          body: bytes.subarray(0, cut),
          headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
        }
      );

      raw.write(bytes.subarray(cut));
      await finish(raw);
      await recorded.until('close');
      assert.deepStrictEqual(
        log.filter(([name]) => name !== 'open'),
        expected,
        `cut at ${cut}`
      );
    }
  });

  it('is received byte by byte', async (t) => {
    const { wss, open } = await startAttached(t, 'TCP', {
      perMessageDeflate: true
    });
    const { bytes, expected } = await buildStream(true);
    const connection = new Promise((resolve) => {
      wss.once('connection', (ws) => resolve(record(ws)));
    });
    const raw = await open();

    raw.write(buildRequest({ headers: EXTENSION }));
    await raw.writeSlowly(bytes);

    const { log, until } = await connection;

    await raw.response();
    await finish(raw);
    await until('close');
    assert.deepStrictEqual(log, expected);
  });

  it('waits if the connection is paused in its callback', async (t) => {
    const { wss, open } = await startAttached(t);
    const early = pauseNext(wss);
    const raw = await open();

    raw.write(buildRequest(), text('in the head'), text('part').subarray(0, 3));

    const [ws, { log, until }] = await early;

    await raw.response();
    raw.write(text('part').subarray(3), text('later'));
    await turns(20);
    assert.strictEqual(ws.isPaused, true);
    assert.deepStrictEqual(log, []);
    ws.resume();
    await until('message', 3);
    assert.deepStrictEqual(
      log.map(([, data]) => String(data)),
      ['in the head', 'part', 'later']
    );
  });

  it('is delivered if the peer ends while it is paused', async (t) => {
    const { wss, open } = await startAttached(t);
    const early = pauseNext(wss);
    const raw = await open();

    raw.write(buildRequest(), text('in the head'));

    const [ws, { log, until }] = await early;

    await raw.response();
    raw.write(text('later'));
    raw.socket.end();
    await turns(20);
    assert.deepStrictEqual(log, []);
    ws.resume();
    await until('close');
    assert.deepStrictEqual(
      log.map(([name, data]) => [name, String(data)]),
      [
        ['message', 'in the head'],
        ['message', 'later'],
        ['close', '1006']
      ]
    );
  });

  for (const [what, breakIt, expected] of [
    ['a close frame', close(4001, 'bye'), ['close', 4001, Buffer.from('bye')]],
    ['a protocol error', text('x', { mask: false }), ['close', 1006, EMPTY]]
  ]) {
    it(`may be ${what}`, async (t) => {
      const { wss, open } = await startAttached(t);
      const early = new Promise((resolve) => {
        wss.once('connection', (ws) => resolve(record(ws)));
      });
      const raw = await open();

      raw.write(buildRequest(), text('first'), breakIt, text('too late'));

      const { log, until } = await early;

      await raw.response();
      await finish(raw);
      await until('close');
      assert.deepStrictEqual(log[0], ['message', Buffer.from('first'), false]);
      assert.deepStrictEqual(log.at(-1), expected);
      assert.strictEqual(log.filter(([name]) => name === 'message').length, 1);
    });
  }

  it('is not lost by a listener that throws', beyondReference, async (t) => {
    const child = startChild(t, path.join(__dirname, 'fixtures/throwing.js'));
    const { port } = await child.message('listening');
    const raw = await RawClient.connect(t, port);
    const frames = Array.from({ length: 6 }, (_, i) => text(String(i)));

    raw.write(buildRequest(), ...frames, text('cut').subarray(0, 4));
    await raw.response();
    raw.write(text('cut').subarray(4), text('report'));

    const { errors, seen } = await child.message('result');

    assert.deepStrictEqual(seen, ['0', '1', '2', '3', '4', '5', 'cut']);
    assert.deepStrictEqual(errors, ['of 0', 'of 2', 'of 4', 'of cut']);
    raw.write(ping('alive'));
    await raw.expectFrame(Opcode.PONG, 'alive');
  });
});

describe('What is sent before the core takes over', () => {
  for (const transport of ['TCP', 'UNIX', 'TLS']) {
    it(`keeps its place, over ${transport}`, async (t) => {
      const { wss, open } = await startAttached(t, transport);
      const order = [];
      const all = called((cb) => {
        wss.on('connection', (ws) => {
          const send = (what) =>
            ws.send(what, (err) => {
              order.push(err ? err.message : what.slice(0, 9));
              if (what === 'f') cb();
            });

          send('a');
          send(`b${'x'.repeat(100_000)}`);
          ws.ping('c');
          process.nextTick(() => {
            send('d');
            Promise.resolve().then(() => {
              send('e');
              setImmediate(() => send('f'));
            });
          });
        });
      });
      const raw = await open();

      await raw.handshake();
      await raw.expectFrame(Opcode.TEXT, 'a');
      await raw.expectFrame(Opcode.TEXT, `b${'x'.repeat(100_000)}`);
      await raw.expectFrame(Opcode.PING, 'c');
      for (const what of ['d', 'e', 'f']) {
        await raw.expectFrame(Opcode.TEXT, what);
      }

      await all;
      assert.deepStrictEqual(order, ['a', 'bxxxxxxxx', 'd', 'e', 'f']);
    });
  }

  it('keeps its place if it is compressed', async (t) => {
    const { wss, open } = await startAttached(t, 'TCP', {
      perMessageDeflate: { threshold: 0 }
    });
    const word = 'compressed '.repeat(20);

    wss.on('connection', (ws) => {
      for (let i = 0; i < 3; i++) ws.send(word + i);
      ws.send('plain', { compress: false });
      process.nextTick(() => ws.send(`${word}3`));
      setImmediate(() => setImmediate(() => ws.send(`${word}4`)));
    });

    const raw = await open();
    const inflate = zlib.createInflateRaw();
    const chunks = [];

    inflate.on('data', (chunk) => chunks.push(chunk));
    await raw.handshake({ headers: EXTENSION });

    const order = [];

    for (let i = 0; i < 6; i++) {
      const { rsv, payload } = await raw.frame();

      order.push(rsv === 4 ? 'compressed' : String(payload));
      if (rsv !== 4) continue;
      inflate.write(payload);
      inflate.write(Buffer.from([0, 0, 0xff, 0xff]));
      await called((cb) => inflate.flush(cb));
    }

    assert.strictEqual(order.filter((one) => one === 'compressed').length, 5);
    assert.strictEqual(order[3], 'plain');
    assert.strictEqual(
      String(Buffer.concat(chunks)),
      [0, 1, 2, 3, 4].map((i) => word + i).join('')
    );
  });

  for (const [method, ending] of [
    ['close', (ws) => ws.close(4000, 'at once')],
    ['terminate', (ws) => ws.terminate()]
  ]) {
    it(`goes out in front of ${method}()`, async (t) => {
      const { wss, open } = await startAttached(t);
      const order = [];
      const closed = new Promise((resolve) => {
        wss.on('connection', (ws) => {
          ws.on('close', (code) => {
            order.push(code);
            resolve();
          });
          ws.send('last', (err) => order.push(err ? err.message : 'sent'));
          ending(ws);
        });
      });
      const raw = await open();

      await raw.handshake();
      await raw.expectFrame(Opcode.TEXT, 'last');

      if (method === 'close') {
        await raw.expectClose(4000, 'at once');
        raw.write(close(4000));
        raw.socket.end();
      }

      assert.deepStrictEqual(await collect(raw), []);
      await deadline(closed, 'the close');
      assert.deepStrictEqual(order, ['sent', method === 'close' ? 4000 : 1006]);
      assert.strictEqual(wss.clients.size, 0);
    });
  }

  it('by a client goes out in order, too', async (t) => {
    const order = [];
    const { raw, ws } = await connectClient(t, 'TCP', {
      finishRequest(req, ws) {
        ws.on('open', () => {
          for (const what of ['a', 'b']) ws.send(what, () => order.push(what));
          process.nextTick(() => ws.send('c', () => order.push('c')));
        });
        req.end();
      }
    });

    await called((cb) => ws.send('d', cb));
    for (const what of ['a', 'b', 'c', 'd']) {
      await raw.expectFrame(Opcode.TEXT, what);
    }

    assert.deepStrictEqual(order, ['a', 'b', 'c']);
  });
});
