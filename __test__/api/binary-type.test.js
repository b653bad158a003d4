'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { binary, continuation, text } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

describe('WebSocket', () => {
  describe('#binaryType', () => {
    it('ignores what it does not know', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      for (const type of ['nodebuffer', 'arraybuffer', 'fragments', 'blob']) {
        ws.binaryType = type;
        assert.strictEqual(ws.binaryType, type);

        for (const unknown of ['', 'buffer', 'Blob', null, undefined, 1]) {
          ws.binaryType = unknown;
          assert.strictEqual(ws.binaryType, type);
        }
      }
    });

    for (const length of [0, 1, 100, 32768, 200_000]) {
      describe(`with ${length} bytes`, () => {
        const payload = Buffer.alloc(length, 7);

        async function receive(t, type, frames) {
          const wss = await startServer(t);
          const { raw, ws } = await connectRaw(t, wss);
          const message = once(ws, 'message');

          ws.binaryType = type;
          raw.write(...frames);

          const [data, isBinary] = await message;

          assert.strictEqual(isBinary, true);
          return data;
        }

        it('nodebuffer gives a Buffer', async (t) => {
          const data = await receive(t, 'nodebuffer', [binary(payload)]);

          assert.ok(Buffer.isBuffer(data));
          assert.ok(data.equals(payload));
        });

        it('arraybuffer gives an ArrayBuffer of the size', async (t) => {
          const data = await receive(t, 'arraybuffer', [binary(payload)]);

          assert.ok(data instanceof ArrayBuffer);
          assert.strictEqual(data.byteLength, length);
          assert.ok(Buffer.from(data).equals(payload));
          // It is the user's own: he may transfer it.
          structuredClone(data, { transfer: [data] });
          assert.strictEqual(data.byteLength, 0);
        });

        it('blob gives a Blob', async (t) => {
          const data = await receive(t, 'blob', [
            binary(payload, { fin: false }),
            continuation(payload)
          ]);

          assert.ok(data instanceof Blob);
          assert.strictEqual(data.size, 2 * length);
          assert.ok(
            Buffer.from(await data.arrayBuffer()).equals(
              Buffer.concat([payload, payload])
            )
          );
        });

        it('fragments gives the fragments that are not empty', async (t) => {
          const data = await receive(t, 'fragments', [
            binary(payload, { fin: false }),
            continuation('', { fin: false }),
            continuation('b', { fin: false }),
            continuation(payload)
          ]);
          const expected = [payload, Buffer.from('b'), payload];

          assert.ok(data.every((fragment) => Buffer.isBuffer(fragment)));
          assert.deepStrictEqual(
            data,
            expected.filter((fragment) => fragment.length > 0)
          );
        });
      });
    }

    it('leaves text alone', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      for (const type of ['arraybuffer', 'fragments', 'blob', 'nodebuffer']) {
        const message = once(ws, 'message');

        ws.binaryType = type;
        raw.write(text('é', { fin: false }), continuation('!'));
        assert.deepStrictEqual(await message, [Buffer.from('é!'), false]);
      }
    });

    it('holds from the next message on, even in one packet', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const types = ['arraybuffer', 'fragments', 'blob', 'nodebuffer'];
      const kinds = [];
      const done = once(ws, 'ping');

      ws.on('message', (data) => {
        kinds.push(Array.isArray(data) ? 'Array' : data.constructor.name);
        ws.binaryType = types.shift();
      });
      raw.write(
        ...Array.from({ length: 5 }, () => binary('x')),
        Buffer.from('898000000000', 'hex')
      );
      await done;
      assert.deepStrictEqual(kinds, [
        'Buffer',
        'ArrayBuffer',
        'Array',
        'Blob',
        'Buffer'
      ]);
    });
  });
});
