'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const { called } = require('../support/deadline');
const { Opcode, text } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

async function setup(t) {
  const storage = new AsyncLocalStorage();
  const wss = await storage.run('server', () => startServer(t));
  const pair = await storage.run('peer', () => connectRaw(t, wss));

  return { storage, ...pair };
}

describe('The asynchronous context', () => {
  it('of a callback of send() is the one of the call', async (t) => {
    const { raw, storage, ws } = await setup(t);
    const stores = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        called((cb) => {
          storage.run(name, () => {
            ws.send(name, () => cb(storage.getStore()));
          });
        })
      )
    );

    assert.deepStrictEqual(stores, [['a'], ['b'], ['c']]);
    for (const [name] of stores) await raw.expectFrame(Opcode.TEXT, name);
  });

  it('of a callback of ping() and pong() too', async (t) => {
    const { storage, ws } = await setup(t);

    for (const method of ['ping', 'pong']) {
      const [store] = await called((cb) => {
        storage.run(method, () => {
          ws[method]('x', false, () => cb(storage.getStore()));
        });
      });

      assert.strictEqual(store, method);
    }
  });

  it('of a callback is so in a listener and after it', async (t) => {
    const { raw, storage, ws } = await setup(t);
    const later = called((cb) => {
      ws.once('message', () => {
        storage.run('listener', () => {
          ws.send('x', () => {
            setImmediate(() => cb(storage.getStore()));
          });
        });
      });
    });

    raw.write(text('x'));
    assert.deepStrictEqual(await later, ['listener']);
  });
});
