'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { close, ping, text } = require('../support/frame');
const {
  connectClient,
  startAttached,
  transports
} = require('../support/transport');

const EVENTS = ['message', 'ping', 'close'];

//
// The sockets of Node's server have contexts of its choice, as under ws; that of
// a client is the one of its constructor.
//
for (const transport of Object.keys(transports)) {
  const ends = {
    async server(t, storage) {
      const { connect } = await storage.run('creator', () =>
        startAttached(t, transport)
      );

      return storage.run('peer', connect);
    },
    client: (t, storage) =>
      storage.run('creator', () => connectClient(t, transport))
  };

  for (const [end, connect] of Object.entries(ends)) {
    describe(`The asynchronous context of a ${end} over ${transport}`, () => {
      it('is not that of whoever causes an event', async (t) => {
        const storage = new AsyncLocalStorage();
        const { raw, ws } = await connect(t, storage);
        const log = [];
        const closed = once(ws, 'close');

        for (const name of EVENTS) {
          ws.on(name, () => log.push([name, storage.getStore()]));
        }

        storage.run('other', () => {
          const mask = !raw.isServer;

          raw.write(text('x', { mask }), ping('y', { mask }));
          raw.write(close(1000, '', { mask }));
          raw.socket.end();
        });
        await closed;
        assert.deepStrictEqual(
          log.map(([name]) => name),
          EVENTS
        );

        for (const [name, store] of log) {
          if (end === 'client') assert.strictEqual(store, 'creator', name);
          else assert.ok([undefined, 'creator'].includes(store), name);
        }
      });

      it('is that of the caller in callbacks', async (t) => {
        const storage = new AsyncLocalStorage();
        const { ws } = await connect(t, storage);

        for (const method of ['send', 'ping', 'pong']) {
          const [store] = await called((cb) => {
            storage.run(method, () => {
              ws[method]('x', {}, () => cb(storage.getStore()));
            });
          });

          assert.strictEqual(store, method);
        }
      });
    });
  }
}
