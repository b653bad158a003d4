'use strict';

const assert = require('node:assert');
const net = require('node:net');
const { describe, it } = require('node:test');

const { called, once, turns } = require('../support/deadline');
const { buildPlainRequest, buildRequest } = require('../support/handshake');
const { WebSocketServer } = require('../support/implementation');
const { RawClient } = require('../support/raw-client');
const { connect, manage, startServer } = require('../support/server');

function notRunning(err) {
  assert.ok(err instanceof Error);
  assert.strictEqual(err.message, 'The server is not running');
}

describe('WebSocketServer', () => {
  describe('#close', () => {
    it("emits 'close' and calls back without an error", async (t) => {
      const wss = await startServer(t);
      const order = [];

      wss.on('close', (...args) => order.push(['close', ...args]));

      const closed = called((cb) => {
        wss.close((...args) => {
          order.push(['callback', ...args]);
          cb();
        });
      });

      assert.deepStrictEqual(order, []);
      await closed;
      assert.deepStrictEqual(order, [['close'], ['callback']]);
    });

    it('needs no callback', async (t) => {
      const wss = await startServer(t);

      assert.strictEqual(wss.close(), undefined);
      await once(wss, 'close');
    });

    it('calls all callbacks of calls while closing', async (t) => {
      const wss = await startServer(t);
      const calls = [];
      const closed = once(wss, 'close');

      wss.close((...args) => calls.push(args));
      wss.close((...args) => calls.push(args));
      wss.close();
      await closed;
      await turns();
      assert.deepStrictEqual(calls, [[], []]);
    });

    it('calls back with an error when already closed', async (t) => {
      const wss = await startServer(t);

      await called((cb) => wss.close(cb));

      let sync = true;
      const second = called((cb) => {
        wss.close((err) => {
          assert.strictEqual(sync, false);
          cb(err);
        });
      });

      sync = false;
      notRunning((await second)[0]);

      const [event, [err]] = await Promise.all([
        once(wss, 'close'),
        called((cb) => wss.close(cb))
      ]);

      assert.deepStrictEqual(event, []);
      notRunning(err);
    });

    it('works in the turn of the constructor', async (t) => {
      const wss = new WebSocketServer({ port: 0 });

      manage(t, wss);
      wss.on('listening', () => assert.fail('must not be emitted'));
      await called((cb) => wss.close(cb));
      await turns();
    });

    it('works after a failed bind', async (t) => {
      const first = await startServer(t);
      const second = new WebSocketServer({
        port: first.address().port,
        host: '127.0.0.1'
      });

      await once(second, 'error');
      await called((cb) => second.close(cb));
    });

    it('refuses new connections at once', async (t) => {
      const wss = await startServer(t);
      const { port } = wss.address();

      await connect(t, wss);
      wss.close();

      const socket = net.connect(port, '127.0.0.1');
      const [err] = await once(socket, 'error');

      assert.strictEqual(err.code, 'ECONNREFUSED');
    });

    it('waits for every connection, which stays usable', async (t) => {
      const wss = await startServer(t);
      const a = await connect(t, wss);
      const b = await connect(t, wss);
      let closed = false;
      const done = called((cb) => {
        wss.close(() => {
          closed = true;
          cb();
        });
      });

      a.client.close();
      await once(a.ws, 'close');
      assert.strictEqual(closed, false);

      const message = once(b.client, 'message');

      b.ws.on('message', (data) => b.ws.send(data));
      b.client.send('still');
      assert.strictEqual((await message)[0].toString(), 'still');
      assert.strictEqual(closed, false);
      assert.strictEqual(wss.clients.size, 1);

      b.client.terminate();
      await Promise.all([done, once(b.ws, 'close')]);
      assert.strictEqual(wss.clients.size, 0);
    });

    it('waits for connections that are not tracked', async (t) => {
      const wss = await startServer(t, { clientTracking: false });
      const { client, ws } = await connect(t, wss);
      let closed = false;

      wss.on('close', () => {
        closed = true;
      });
      wss.close();
      await turns(3);
      assert.strictEqual(closed, false);
      client.close();
      await Promise.all([once(wss, 'close'), once(ws, 'close')]);
    });

    it('closes idle HTTP connections', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest());
      await raw.response();
      await called((cb) => wss.close(cb));
      await raw.expectEnd();
    });

    it('accepts no handshake that was under way', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);
      const { client } = await connect(t, wss);

      wss.on('connection', () => assert.fail('must not be accepted'));
      raw.write(buildRequest().slice(0, 60));

      // A round trip, so that the half handshake is there as well.
      client.ping();
      await once(client, 'pong');

      const closed = called((cb) => wss.close(cb));

      raw.write(buildRequest().slice(60));

      // The half handshake may also be cut off instead.
      const response = await raw.response().catch(() => undefined);

      if (response) assert.ok([426, 503].includes(response.status));
      raw.destroy();
      client.close();
      await closed;
    });

    it('answers a pending verifyClient by 503', async (t) => {
      let answer;
      const wss = await startServer(t, {
        verifyClient: (info, cb) => {
          answer = cb;
          wss.emit('asked');
        }
      });
      const raw = await RawClient.connect(t, wss);
      const asked = once(wss, 'asked');

      raw.write(buildRequest());
      await asked;

      const closed = called((cb) => wss.close(cb));

      answer(true);
      assert.strictEqual((await raw.response()).status, 503);
      await raw.expectEnd();
      raw.destroy();
      await closed;
    });

    it("can be called in a listener of 'connection'", async (t) => {
      const wss = await startServer(t);
      const closed = called((cb) => {
        wss.on('connection', (ws) => {
          wss.close(cb);
          ws.close(1001);
        });
      });
      const { client } = await connect(t, wss);

      await once(client, 'close');
      await closed;
    });
  });

  describe('#clients', () => {
    it('holds the open connections', async (t) => {
      const wss = await startServer(t);

      assert.ok(wss.clients instanceof Set);

      const a = await connect(t, wss);
      const b = await connect(t, wss);

      assert.deepStrictEqual([...wss.clients], [a.ws, b.ws]);

      a.client.close();
      await once(a.ws, 'close');
      assert.deepStrictEqual([...wss.clients], [b.ws]);

      b.client.terminate();
      await once(b.ws, 'close');
      assert.strictEqual(wss.clients.size, 0);
    });

    it("holds a connection when 'connection' is emitted", async (t) => {
      const wss = await startServer(t);
      const seen = [];

      wss.on('connection', (ws) => seen.push(wss.clients.has(ws)));
      await connect(t, wss);
      assert.deepStrictEqual(seen, [true]);
    });

    it("forgets a connection before its 'close' listeners run", async (t) => {
      const wss = await startServer(t);
      const sizes = [];

      wss.on('connection', (ws) => {
        ws.on('close', () => sizes.push(wss.clients.size));
      });

      const { client, ws } = await connect(t, wss);

      client.close();
      await once(ws, 'close');
      assert.deepStrictEqual(sizes, [0]);
    });

    it('is absent with clientTracking false', async (t) => {
      const wss = await startServer(t, { clientTracking: false });

      await connect(t, wss);
      assert.strictEqual(wss.clients, undefined);
    });
  });
});
