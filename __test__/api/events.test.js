'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { Opcode, binary, close, ping, pong, text } = require('../support/frame');
const {
  WebSocketServer,
  beyondReference
} = require('../support/implementation');
const { record } = require('../support/record');
const {
  connect,
  connectRaw,
  manage,
  startServer
} = require('../support/server');

/**
 * Count the turns of the event loop until stopped.
 */
function countTurns(t) {
  const counter = { turn: 0 };
  let stopped = false;

  (function next() {
    counter.turn++;
    if (!stopped) setImmediate(next);
  })();

  t.after(() => {
    stopped = true;
  });
  return counter;
}

describe('WebSocket', () => {
  describe('Events', () => {
    it('have ws’s arguments, this, and order', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const seen = [];

      for (const name of ['message', 'ping', 'pong', 'close']) {
        ws.on(name, function (...args) {
          seen.push([name, this === ws, ...args]);
        });
      }

      const closed = once(ws, 'close');

      raw.write(text('a'), ping('b'), binary('c'), pong('d'), close(1000, 'e'));
      raw.socket.end();
      await closed;
      assert.deepStrictEqual(seen, [
        ['message', true, Buffer.from('a'), false],
        ['ping', true, Buffer.from('b')],
        ['message', true, Buffer.from('c'), true],
        ['pong', true, Buffer.from('d')],
        ['close', true, 1000, Buffer.from('e')]
      ]);
    });

    it('give each message memory that nobody else changes', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const kept = [];
      const done = called((cb) => {
        ws.on('message', (data) => {
          kept.push(data);
          if (kept.length === 2000) cb();
        });
      }, 'all messages');

      for (let i = 0; i < 2000; i++) raw.write(text(String(i).repeat(20)));
      await done;
      kept.forEach((data, i) => {
        assert.strictEqual(data.toString(), String(i).repeat(20));
      });

      // Writing to one message must not show in its neighbours.
      kept[1000].fill(0);
      assert.strictEqual(kept[999].toString(), '999'.repeat(20));
      assert.strictEqual(kept[1001].toString(), '1001'.repeat(20));
    });

    it('wait for a listener added in the next turn', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);
      const message = once(ws, 'message');

      client.send('late');
      assert.strictEqual((await message)[0].toString(), 'late');
    });

    it('are emitted for listeners added by another listener', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const seen = [];
      const done = once(ws, 'ping');

      ws.once('message', (data) => {
        seen.push(`first ${data}`);
        ws.on('message', (more) => seen.push(`then ${more}`));
      });
      raw.write(text('a'), text('b'), ping(''));
      await done;
      assert.deepStrictEqual(seen, ['first a', 'then b']);
    });

    it("have no 'open' on a server's connection", async (t) => {
      const wss = await startServer(t);

      wss.on('connection', (ws) => {
        ws.on('open', () => assert.fail('must not be emitted'));
      });

      const { client } = await connect(t, wss);

      client.ping();
      await once(client, 'pong');
    });

    it('keep the order of each connection under load', async (t) => {
      const wss = await startServer(t);
      const count = 10;
      const each = 500;
      const progress = new Map();
      let received = 0;
      const done = called((cb) => {
        wss.on('connection', (ws) => {
          progress.set(ws, 0);
          ws.on('message', (data) => {
            const next = progress.get(ws);

            assert.strictEqual(Number(data.toString()), next);
            progress.set(ws, next + 1);
            if (++received === count * each) cb();
          });
        });
      }, 'all messages');
      const connections = [];

      for (let i = 0; i < count; i++) {
        connections.push(await connectRaw(t, wss));
      }

      for (let i = 0; i < each; i++) {
        for (const { raw } of connections) raw.write(text(String(i)));
      }

      await done;
    });
  });

  describe('allowSynchronousEvents', () => {
    it('false gives each event a turn of its own', async (t) => {
      const wss = await startServer(t, { allowSynchronousEvents: false });
      const { raw, ws } = await connectRaw(t, wss);
      const counter = countTurns(t);
      const seen = [];
      const done = called((cb) => {
        for (const name of ['message', 'ping', 'pong']) {
          ws.on(name, (data) => {
            seen.push([data.toString(), counter.turn]);
            if (seen.length === 5) cb();
          });
        }
      }, 'five events');

      raw.write(text('a'), ping('b'), binary('c'), pong('d'), text('e'));
      await done;
      assert.strictEqual(seen.map(([data]) => data).join(''), 'abcde');
      assert.strictEqual(new Set(seen.map(([, turn]) => turn)).size, 5);
    });

    it('false keeps the close event behind the messages', async (t) => {
      const wss = await startServer(t, { allowSynchronousEvents: false });
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.write(text('a'), text('b'), text('c'), close(1000));
      raw.socket.end();
      await until('close');
      assert.deepStrictEqual(
        log.map(([name, value]) => `${name} ${value}`),
        ['message a', 'message b', 'message c', 'close 1000']
      );
    });

    it('false lets a listener wait for the next event', async (t) => {
      const wss = await startServer(t, { allowSynchronousEvents: false });
      const { raw, ws } = await connectRaw(t, wss);

      raw.write(text('a'), text('b'), text('c'));

      for (const expected of ['a', 'b', 'c']) {
        const [data] = await once(ws, 'message');

        assert.strictEqual(data.toString(), expected);
      }
    });
  });

  describe('Microtasks and ticks', () => {
    it('run between the events of different connections', async (t) => {
      const wss = await startServer(t);
      const order = [];
      const connections = [];

      for (let i = 0; i < 8; i++) connections.push(await connectRaw(t, wss));

      const done = Promise.all(
        connections.map(({ ws }) => once(ws, 'message'))
      );

      connections.forEach(({ ws }, i) => {
        ws.on('message', () => {
          order.push(`${i} event`);
          Promise.resolve().then(() => order.push(`${i} microtask`));
          process.nextTick(() => order.push(`${i} tick`));
        });
      });

      // One synchronous block, so that a batch can hold them all.
      for (const { raw } of connections) raw.socket.write(text('x'));
      await done;
      await new Promise((resolve) => setImmediate(resolve));

      assert.strictEqual(order.length, 24);
      for (let i = 0; i < 24; i += 3) {
        const [who] = order[i].split(' ');

        assert.deepStrictEqual(order.slice(i, i + 3), [
          `${who} event`,
          `${who} tick`,
          `${who} microtask`
        ]);
      }
    });
  });

  // ws's listeners run in no context at all.
  describe('AsyncLocalStorage', () => {
    it('is that of the server', beyondReference, async (t) => {
      const storage = new AsyncLocalStorage();
      const seen = [];
      const wss = storage.run('server', () => {
        const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

        server.on('connection', (ws) => {
          seen.push(['connection', storage.getStore()]);
          for (const name of ['message', 'ping', 'close']) {
            ws.on(name, () => seen.push([name, storage.getStore()]));
          }
        });
        return server;
      });

      manage(t, wss);
      await once(wss, 'listening');

      await storage.run('client', async () => {
        const { client, ws } = await connect(t, wss);
        const closed = once(ws, 'close');

        client.send('x');
        client.ping();
        client.close();
        await closed;
      });

      assert.deepStrictEqual(seen, [
        ['connection', 'server'],
        ['message', 'server'],
        ['ping', 'server'],
        ['close', 'server']
      ]);
    });

    it('is not that of another server', beyondReference, async (t) => {
      const storage = new AsyncLocalStorage();

      for (const name of ['one', 'two']) {
        const wss = await storage.run(name, () => startServer(t));
        const { client, ws } = await connect(t, wss);
        const store = called((cb) => {
          ws.on('message', () => cb(storage.getStore()));
        });

        client.send('x');
        assert.deepStrictEqual(await store, [name]);
      }
    });
  });

  describe('#removeAllListeners', () => {
    it('by the user breaks nothing inside', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.removeAllListeners();
      raw.write(ping('x'));
      await raw.expectFrame(Opcode.PONG, 'x');

      const message = once(ws, 'message');

      raw.write(text('a'));
      await message;

      const closed = once(ws, 'close');

      raw.write(close(1000));
      await raw.expectClose(1000);
      raw.socket.end();
      await closed;
      assert.strictEqual(ws.readyState, ws.CLOSED);
    });

    it('leaves wss.clients right', beyondReference, async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.removeAllListeners();

      const closed = once(ws, 'close');

      raw.destroy();
      await closed;
      assert.strictEqual(wss.clients.size, 0);
    });
  });
});
