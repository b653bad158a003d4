'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { binary, close, ping, text } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

async function setup(t, options) {
  return connectRaw(t, await startServer(t, options));
}

/**
 * Send frames and wait until they were all emitted.
 */
async function deliver({ raw, ws }, ...frames) {
  const done = once(ws, 'ping');

  raw.write(...frames, ping(''));
  await done;
}

describe('WebSocket', () => {
  describe('#addEventListener', () => {
    it('gives a message event', async (t) => {
      const pair = await setup(t);
      const events = [];

      pair.ws.addEventListener('message', function (event) {
        events.push([this, event]);
      });
      await deliver(pair, text('é'), binary('b'));

      const [[self, first], [, second]] = events;

      assert.strictEqual(self, pair.ws);
      assert.strictEqual(first.type, 'message');
      assert.strictEqual(first.target, pair.ws);
      assert.strictEqual(first.data, 'é');
      assert.deepStrictEqual(second.data, Buffer.from('b'));
      assert.strictEqual(first.constructor.name, 'MessageEvent');
      // Not the classes of the global scope.
      assert.ok(!(first instanceof Event));
      assert.deepStrictEqual(Object.keys(first), []);
      assert.throws(() => {
        first.data = 1;
      }, TypeError);
    });

    it('gives a close event after a closing handshake', async (t) => {
      const { raw, ws } = await setup(t);
      const closed = once(ws, 'close');
      let event;

      ws.addEventListener('close', (e) => {
        event = e;
      });
      raw.write(close(4000, 'é'));
      raw.socket.end();
      await closed;
      assert.strictEqual(event.type, 'close');
      assert.strictEqual(event.target, ws);
      assert.strictEqual(event.code, 4000);
      assert.strictEqual(event.reason, 'é');
      assert.strictEqual(event.wasClean, true);
      assert.strictEqual(event.constructor.name, 'CloseEvent');
    });

    it('gives a close event that is not clean without one', async (t) => {
      const { raw, ws } = await setup(t);
      const closed = once(ws, 'close');
      let event;

      ws.addEventListener('close', (e) => {
        event = e;
      });
      raw.destroy();
      await closed;
      assert.strictEqual(event.code, 1006);
      assert.strictEqual(event.reason, '');
      assert.strictEqual(event.wasClean, false);
    });

    it('gives an error event', async (t) => {
      const { raw, ws } = await setup(t);
      const closed = once(ws, 'close');
      const events = [];

      ws.addEventListener('error', (event) => events.push(event));
      ws.addEventListener('close', (event) => events.push(event));
      raw.write(text('x', { mask: false }));
      raw.socket.end();
      await closed;

      const [error, end] = events;

      assert.strictEqual(error.type, 'error');
      assert.strictEqual(error.target, ws);
      assert.strictEqual(error.error.code, 'WS_ERR_EXPECTED_MASK');
      assert.strictEqual(error.message, error.error.message);
      assert.strictEqual(error.constructor.name, 'ErrorEvent');
      assert.strictEqual(end.code, 1006);
      assert.strictEqual(end.wasClean, false);
      assert.strictEqual(events.length, 2);
    });

    it('takes an object with handleEvent', async (t) => {
      const pair = await setup(t);
      const calls = [];
      const listener = {
        handleEvent(event) {
          calls.push([this === listener, event.data]);
        }
      };

      pair.ws.addEventListener('message', listener);
      await deliver(pair, text('a'));
      pair.ws.removeEventListener('message', listener);
      await deliver(pair, text('b'));
      assert.deepStrictEqual(calls, [[true, 'a']]);
    });

    it('honours once', async (t) => {
      const pair = await setup(t);
      const seen = [];

      pair.ws.addEventListener('message', ({ data }) => seen.push(data), {
        once: true
      });
      await deliver(pair, text('a'), text('b'));
      assert.deepStrictEqual(seen, ['a']);
      assert.strictEqual(pair.ws.listenerCount('message'), 0);
    });

    it('ignores a duplicate', async (t) => {
      const pair = await setup(t);
      const seen = [];
      const listener = ({ data }) => seen.push(data);

      pair.ws.addEventListener('message', listener);
      pair.ws.addEventListener('message', listener);
      pair.ws.addEventListener('message', listener, { once: true });
      assert.strictEqual(pair.ws.listenerCount('message'), 1);
      await deliver(pair, text('a'), text('b'));
      assert.deepStrictEqual(seen, ['a', 'b']);
    });

    it('ignores types that are none of the four', async (t) => {
      const { ws } = await setup(t);

      for (const type of ['ping', 'pong', 'upgrade', 'foo']) {
        ws.addEventListener(type, () => {});
        assert.strictEqual(ws.listenerCount(type), 0);
      }

      for (const type of ['open', 'message', 'error']) {
        const before = ws.listenerCount(type);

        ws.addEventListener(type, () => {});
        assert.strictEqual(ws.listenerCount(type), before + 1);
      }
    });

    it('is called in order with listeners added by on()', async (t) => {
      const pair = await setup(t);
      const order = [];

      pair.ws.on('message', () => order.push('on'));
      pair.ws.addEventListener('message', () => order.push('event'));
      pair.ws.onmessage = () => order.push('attribute');
      pair.ws.on('message', () => order.push('on again'));
      await deliver(pair, text('a'));
      assert.deepStrictEqual(order, ['on', 'event', 'attribute', 'on again']);
    });
  });

  describe('#removeEventListener', () => {
    it('removes only what addEventListener added', async (t) => {
      const { ws } = await setup(t);
      const listener = () => {};

      ws.on('message', listener);
      ws.removeEventListener('message', listener);
      assert.strictEqual(ws.listenerCount('message'), 1);

      ws.addEventListener('message', listener);
      ws.addEventListener('message', () => {});
      assert.strictEqual(ws.listenerCount('message'), 3);
      ws.removeEventListener('message', listener);
      ws.removeEventListener('message', listener);
      assert.strictEqual(ws.listenerCount('message'), 2);
      assert.ok(ws.listeners('message').includes(listener));

      ws.onmessage = listener;
      ws.removeEventListener('message', listener);
      assert.strictEqual(ws.onmessage, listener);
    });

    it('removes one that was added with once', async (t) => {
      const { ws } = await setup(t);
      const listener = () => {};

      ws.addEventListener('message', listener, { once: true });
      ws.removeEventListener('message', listener);
      assert.strictEqual(ws.listenerCount('message'), 0);
    });
  });

  describe('on attributes', () => {
    for (const type of ['open', 'message', 'error', 'close']) {
      it(`on${type} holds one function`, async (t) => {
        const { ws } = await setup(t);
        const name = `on${type}`;
        const before = ws.listenerCount(type);
        const first = () => {};
        const second = () => {};

        assert.strictEqual(ws[name], null);
        ws[name] = first;
        assert.strictEqual(ws[name], first);
        ws[name] = second;
        assert.strictEqual(ws[name], second);
        assert.strictEqual(ws.listenerCount(type), before + 1);

        for (const value of [null, undefined, 'x', {}, { handleEvent() {} }]) {
          ws[name] = second;
          ws[name] = value;
          assert.strictEqual(ws[name], null);
          assert.strictEqual(ws.listenerCount(type), before);
        }
      });

      it(`on${type} does not show other listeners`, async (t) => {
        const { ws } = await setup(t);
        const listener = () => {};

        ws.on(type, listener);
        ws.addEventListener(type, listener);
        assert.strictEqual(ws[`on${type}`], null);
        ws[`on${type}`] = listener;
        ws[`on${type}`] = null;
        assert.ok(ws.listeners(type).includes(listener));
      });
    }

    it('are called with events', async (t) => {
      const pair = await setup(t);
      const { raw, ws } = pair;
      const seen = [];
      const closed = once(ws, 'close');

      ws.onmessage = ({ data, type, target }) => {
        seen.push([type, data, target === ws]);
      };
      ws.onclose = ({ code, reason, wasClean, type }) => {
        seen.push([type, code, reason, wasClean]);
      };
      await deliver(pair, text('a'));
      raw.write(close(1000, 'bye'));
      raw.socket.end();
      await closed;
      assert.deepStrictEqual(seen, [
        ['message', 'a', true],
        ['close', 1000, 'bye', true]
      ]);
    });
  });
});
