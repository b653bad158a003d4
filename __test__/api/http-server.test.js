'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once, turns } = require('../support/deadline');
const { Opcode } = require('../support/frame');
const { WebSocketServer } = require('../support/implementation');
const { connectRaw, manage, startServer } = require('../support/server');

describe('WebSocketServer', () => {
  describe('_server', () => {
    it("emits 'listening' once", async (t) => {
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      const seen = [];

      manage(t, wss);
      wss._server.on('listening', () => seen.push('_server'));
      wss.on('listening', () => seen.push('wss'));
      await once(wss, 'listening');
      await turns(2);
      assert.deepStrictEqual(seen.sort(), ['_server', 'wss']);
    });

    it('limits the time of a head as the core does', async (t) => {
      const wss = await startServer(t, { headersTimeout: 12_345 });

      // From here on it is a server of Node's.
      wss._server.on('request', () => {});
      assert.strictEqual(wss._server.headersTimeout, 12_345);
    });

    it("emits 'error' if someone listens for it", async (t) => {
      const { port } = (await startServer(t)).address();
      const wss = new WebSocketServer({ port, host: '127.0.0.1' });
      const errors = [];
      const failed = once(wss, 'error');

      manage(t, wss);
      wss._server.on('error', (err) => errors.push(err));

      const [err] = await failed;

      await turns(2);
      assert.strictEqual(err.code, 'EADDRINUSE');
      assert.deepStrictEqual(errors, [err]);
    });

    it("need not be listened to for 'error'", async (t) => {
      const { port } = (await startServer(t)).address();
      const wss = new WebSocketServer({ port, host: '127.0.0.1' });
      const failed = once(wss, 'error');

      manage(t, wss);
      assert.ok(wss._server);
      assert.strictEqual((await failed)[0].code, 'EADDRINUSE');
    });

    it('may be closed before the WebSocketServer', async (t) => {
      const wss = await startServer(t);
      const first = await connectRaw(t, wss);
      const last = await connectRaw(t, wss);
      const httpServer = wss._server;
      const order = [];
      const gone = Promise.all([
        once(first.ws, 'close'),
        once(last.ws, 'close')
      ]);

      httpServer.close(() => order.push('_server'));
      assert.strictEqual(httpServer.listening, false);

      const closed = called((cb) => {
        wss.close(() => {
          order.push('wss');
          cb();
        });
      }, 'the callback of wss.close()');

      first.raw.destroy();
      await once(first.ws, 'close');
      for (let i = 0; i < 3; i++) {
        last.ws.send('still here');
        await last.raw.expectFrame(Opcode.TEXT, 'still here');
        await turns();
      }

      assert.deepStrictEqual(order, []);
      last.raw.destroy();
      await Promise.all([gone, closed]);
      assert.deepStrictEqual(order.sort(), ['_server', 'wss']);
      assert.strictEqual(wss.clients.size, 0);
    });
  });
});
