'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { close } = require('../support/frame');
const { WebSocket } = require('../support/implementation');
const { connectRaw, startServer } = require('../support/server');

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

describe('WebSocket', () => {
  describe('Constants', () => {
    for (const [name, value] of Object.entries(STATES)) {
      it(`${name} is on the class and the prototype, read only`, () => {
        for (const object of [WebSocket, WebSocket.prototype]) {
          const descriptor = Object.getOwnPropertyDescriptor(object, name);

          assert.deepStrictEqual(descriptor, {
            value,
            writable: false,
            enumerable: true,
            configurable: false
          });
        }
      });
    }
  });

  describe('Attributes', () => {
    for (const name of [
      'binaryType',
      'bufferedAmount',
      'extensions',
      'isPaused',
      'protocol',
      'readyState',
      'url',
      'onopen',
      'onerror',
      'onclose',
      'onmessage'
    ]) {
      it(`${name} is an enumerable and configurable accessor`, () => {
        const descriptor = Object.getOwnPropertyDescriptor(
          WebSocket.prototype,
          name
        );

        assert.strictEqual(typeof descriptor.get, 'function');
        assert.strictEqual(descriptor.enumerable, true);
        assert.strictEqual(descriptor.configurable, true);
        assert.strictEqual(
          typeof descriptor.set,
          name === 'binaryType' || name.startsWith('on')
            ? 'function'
            : 'undefined'
        );
      });
    }

    it('have their first values on an open connection', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      assert.strictEqual(ws.binaryType, 'nodebuffer');
      assert.strictEqual(ws.bufferedAmount, 0);
      assert.strictEqual(ws.extensions, '');
      assert.strictEqual(ws.isPaused, false);
      assert.strictEqual(ws.protocol, '');
      assert.strictEqual(ws.readyState, STATES.OPEN);
      assert.strictEqual(ws.url, undefined);
      assert.strictEqual(ws.onopen, null);
      assert.strictEqual(ws.onerror, null);
      assert.strictEqual(ws.onclose, null);
      assert.strictEqual(ws.onmessage, null);
    });

    it('that are read only ignore or refuse a value', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      for (const name of ['readyState', 'protocol', 'bufferedAmount']) {
        assert.throws(() => {
          ws[name] = 'x';
        }, TypeError);
      }

      assert.strictEqual(ws.readyState, STATES.OPEN);
    });

    it('let the user add his own', async (t) => {
      const wss = await startServer(t);

      wss.on('connection', (ws) => {
        ws.id = 1;
        ws.isAlive = true;
      });

      const { ws } = await connectRaw(t, wss);

      assert.strictEqual(ws.id, 1);
      assert.strictEqual(ws.isAlive, true);
      assert.ok(Object.isExtensible(ws));
    });
  });

  describe('#readyState', () => {
    it('is CLOSING between the two close frames', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      ws.close(1000);
      assert.strictEqual(ws.readyState, STATES.CLOSING);
      await raw.expectClose(1000);
      assert.strictEqual(ws.readyState, STATES.CLOSING);
      raw.write(close(1000));
      raw.socket.end();
      await closed;
      assert.strictEqual(ws.readyState, STATES.CLOSED);
    });

    it("is CLOSED in the listeners of 'close'", async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const states = [];

      ws.on('close', () => states.push(ws.readyState));

      const closed = once(ws, 'close');

      raw.destroy();
      await closed;
      assert.deepStrictEqual(states, [STATES.CLOSED]);
    });

    it('is OPEN in the listeners of a message before FIN', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const states = [];

      ws.on('ping', () => states.push(ws.readyState));

      const closed = once(ws, 'close');

      raw.write(Buffer.from('898000000000', 'hex'));
      raw.socket.end();
      await closed;
      assert.deepStrictEqual(states, [STATES.OPEN]);
    });
  });
});
