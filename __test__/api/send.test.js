'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { Opcode, parseFrame } = require('../support/frame');
const { connect, connectRaw, startServer } = require('../support/server');

const { BINARY, CONTINUATION, TEXT } = Opcode;

function view(View) {
  const { buffer } = Uint8Array.from({ length: 32 }, (_, i) => i);

  return new View(buffer, 8, 16 / View.BYTES_PER_ELEMENT);
}

const viewBytes = Buffer.from(Array.from({ length: 16 }, (_, i) => i + 8));

const rows = [
  ['a string', 'hello', TEXT, 'hello'],
  ['a string beyond ASCII', 'héllo € 😀', TEXT, 'héllo € 😀'],
  ['a string with a lone surrogate', 'a\ud800b', TEXT, 'a\ufffdb'],
  ['a string with a NUL', 'a\0b', TEXT, 'a\0b'],
  ['a latin1 string of 5000', 'é'.repeat(5000), TEXT, 'é'.repeat(5000)],
  ['the empty string', '', TEXT, ''],
  ['a number', 42, TEXT, '42'],
  ['a negative fraction', -1.5, TEXT, '-1.5'],
  ['zero', 0, TEXT, '0'],
  ['NaN', NaN, TEXT, 'NaN'],
  ['undefined', undefined, BINARY, ''],
  ['null', null, BINARY, ''],
  ['false', false, BINARY, ''],
  ['a Buffer', Buffer.from('abc'), BINARY, 'abc'],
  ['a slice of a Buffer', Buffer.from('xabcx').subarray(1, 4), BINARY, 'abc'],
  ['an empty Buffer', Buffer.alloc(0), BINARY, ''],
  ['an ArrayBuffer', view(Uint8Array).buffer.slice(8, 24), BINARY, viewBytes],
  ['an empty ArrayBuffer', new ArrayBuffer(0), BINARY, ''],
  ['a SharedArrayBuffer', new SharedArrayBuffer(3), BINARY, '\0\0\0'],
  ['a DataView', view(Uint8Array).buffer, BINARY, undefined],
  ['an array of bytes', [1, 2, 258], BINARY, Buffer.of(1, 2, 2)],
  ['a String object', new String('abc'), BINARY, 'abc'],
  ...[
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array
  ].map((View) => [
    `a ${View.name} with an offset`,
    view(View),
    BINARY,
    viewBytes
  ])
];

// A DataView has no BYTES_PER_ELEMENT.
rows
  .find(([title]) => title === 'a DataView')
  .splice(
    1,
    3,
    new DataView(view(Uint8Array).buffer, 8, 16),
    BINARY,
    viewBytes
  );

describe('WebSocket', () => {
  describe('#send', () => {
    for (const [title, data, opcode, payload] of rows) {
      it(`takes ${title}`, async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);
        const sent = called((cb) => ws.send(data, cb));

        await raw.expectFrame(opcode, payload);
        assert.ok((await sent)[0] == null);
      });
    }

    it('takes nothing at all', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      assert.strictEqual(ws.send(), undefined);
      await raw.expectFrame(BINARY, '');
    });

    it('takes a Blob, in order with the rest', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const order = [];
      const last = called((cb) => {
        ws.send('a', () => order.push('a'));
        ws.send(new Blob(['b', 'c']), () => order.push('bc'));
        ws.ping('p', undefined, () => order.push('p'));
        ws.send('d', () => order.push('d'));
        ws.send(new Blob([]), () => order.push('empty'));
        ws.send('e', cb);
      });

      await raw.expectFrame(TEXT, 'a');
      await raw.expectFrame(BINARY, 'bc');
      await raw.expectFrame(Opcode.PING, 'p');
      await raw.expectFrame(TEXT, 'd');
      await raw.expectFrame(BINARY, '');
      await raw.expectFrame(TEXT, 'e');
      await last;
      assert.deepStrictEqual(order, ['a', 'bc', 'p', 'd', 'empty']);
    });

    it('sends a Blob before the close frame that follows', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.send(new Blob(['abc']));
      ws.close(1000);
      await raw.expectFrame(BINARY, 'abc');
      await raw.expectClose(1000);
    });

    it('throws for a type that is no data', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      for (const data of [true, {}, Symbol('x'), 1n, () => {}, new Map()]) {
        assert.throws(() => ws.send(data), {
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_TYPE'
        });
      }

      assert.strictEqual(ws.readyState, ws.OPEN);
      ws.send('usable');
      await raw.expectFrame(TEXT, 'usable');
    });

    describe('options', () => {
      it('binary chooses the opcode', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        ws.send('a', { binary: true });
        ws.send(Buffer.from('b'), { binary: false });
        ws.send('c', {});
        ws.send('', { binary: true });
        ws.send(null, { binary: false });
        await raw.expectFrame(BINARY, 'a');
        await raw.expectFrame(TEXT, 'b');
        await raw.expectFrame(TEXT, 'c');
        await raw.expectFrame(BINARY, '');
        await raw.expectFrame(TEXT, '');
      });

      it('compress does nothing without the extension', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        ws.send('a', { compress: true });
        ws.send('b', { compress: false });
        await raw.expectFrame(TEXT, 'a');
        await raw.expectFrame(TEXT, 'b');
      });

      it('fin makes fragments', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        ws.send('a', { fin: false });
        ws.ping('p');
        ws.send(Buffer.from('b'), { fin: false });
        ws.send('c', { fin: true });
        ws.send('d');

        const frames = [];

        for (let i = 0; i < 5; i++) {
          const { fin, opcode, payload } = await raw.frame();

          frames.push([fin, opcode, payload.toString()]);
        }

        assert.deepStrictEqual(frames, [
          [false, TEXT, 'a'],
          [true, Opcode.PING, 'p'],
          [false, CONTINUATION, 'b'],
          [true, CONTINUATION, 'c'],
          [true, TEXT, 'd']
        ]);
      });

      it('mask masks, and leaves the data as it is', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        for (const data of [
          'abc',
          Buffer.from('abc'),
          Buffer.alloc(70000, 7)
        ]) {
          const before = Buffer.from(data);

          ws.send(data, { mask: true });

          const { frame } = await raw.take(parseFrame, 'a frame');

          assert.strictEqual(frame.masked, true);
          assert.ok(frame.payload.equals(before));
          assert.ok(Buffer.from(data).equals(before));
        }
      });
    });

    it('keeps the order of small and large messages', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const sizes = [1, 200_000, 3, 70_000, 0, 40_000, 5, 1_000_000, 2];

      sizes.forEach((size, i) => ws.send(Buffer.alloc(size, i)));
      for (const [i, size] of sizes.entries()) {
        await raw.expectFrame(BINARY, Buffer.alloc(size, i));
      }
    });

    it('reaches ws with 10,000 messages in order', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);
      let next = 0;
      const all = called((cb) => {
        client.on('message', (data) => {
          assert.strictEqual(data.toString(), String(next));
          if (++next === 10_000) cb();
        });
      }, 'all messages');

      for (let i = 0; i < 10_000; i++) ws.send(String(i));
      await all;
    });

    it('broadcasts one string to many', async (t) => {
      const wss = await startServer(t);
      const connections = [];

      for (let i = 0; i < 30; i++) connections.push(await connectRaw(t, wss));

      for (const text of ['é€', 'second', 'x'.repeat(100_000)]) {
        for (const client of wss.clients) client.send(text);
        for (const { raw } of connections) await raw.expectFrame(TEXT, text);
      }
    });

    it('may be called in a listener of a message of another', async (t) => {
      const wss = await startServer(t);
      const a = await connect(t, wss);
      const b = await connect(t, wss);

      a.ws.on('message', (data) => b.ws.send(`to b: ${data}`));

      const message = once(b.client, 'message');

      a.client.send('x');
      assert.strictEqual((await message)[0].toString(), 'to b: x');
    });
  });
});
