'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called } = require('../support/deadline');
const { Opcode } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

describe('WebSocket', () => {
  for (const [method, opcode] of [
    ['ping', Opcode.PING],
    ['pong', Opcode.PONG]
  ]) {
    describe(`#${method}`, () => {
      it('takes all forms of arguments', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        for (const [args, payload] of [
          [[], ''],
          [['hi'], 'hi'],
          [['é'], 'é'],
          [[Buffer.from('hi')], 'hi'],
          [[Uint8Array.of(1, 2)], '\x01\x02'],
          [[Uint8Array.of(1, 2).buffer], '\x01\x02'],
          [[0], '0'],
          [[7], '7'],
          [[null], ''],
          [[undefined, false], ''],
          [['x', undefined], 'x'],
          [['x'.repeat(125)], 'x'.repeat(125)],
          [[Buffer.alloc(125)], '\0'.repeat(125)]
        ]) {
          assert.strictEqual(ws[method](...args), undefined);
          await raw.expectFrame(opcode, payload);
        }
      });

      it('takes a callback at any place', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        for (const args of [[], ['x'], ['x', false]]) {
          const [err] = await called((cb) => ws[method](...args, cb));

          assert.ok(err == null);
          await raw.expectFrame(opcode, args[0] ?? '');
        }
      });

      it('takes a Blob', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        ws[method](new Blob(['abc']));
        await raw.expectFrame(opcode, 'abc');
      });

      it('throws for more than 125 bytes', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        for (const data of [
          Buffer.alloc(126),
          'x'.repeat(126),
          'é'.repeat(63),
          new ArrayBuffer(126),
          new Blob(['x'.repeat(126)])
        ]) {
          assert.throws(() => ws[method](data), {
            name: 'RangeError',
            message: 'The data size must not be greater than 125 bytes'
          });
        }

        assert.strictEqual(ws.readyState, ws.OPEN);
        ws.send('usable');
        await raw.expectFrame(Opcode.TEXT, 'usable');
      });

      it('throws for a type that is no data', async (t) => {
        const wss = await startServer(t);
        const { ws } = await connectRaw(t, wss);

        for (const data of [true, {}, 1n, Symbol('x')]) {
          assert.throws(() => ws[method](data), { name: 'TypeError' });
        }
      });
    });
  }
});
