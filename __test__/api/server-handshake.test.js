'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { buildRequest } = require('../support/handshake');
const { WebSocket, WebSocketServer } = require('../support/implementation');
const { RawClient } = require('../support/raw-client');
const { connect, connectRaw, startServer } = require('../support/server');

async function statusOf(t, wss, options) {
  const raw = await RawClient.connect(t, wss);

  raw.write(buildRequest(options));
  return (await raw.response()).status;
}

describe('WebSocketServer', () => {
  describe('#shouldHandle', () => {
    it('compares the path without the query', async (t) => {
      const wss = await startServer(t, { path: '/foo' });

      assert.strictEqual(wss.shouldHandle({ url: '/foo' }), true);
      assert.strictEqual(wss.shouldHandle({ url: '/foo?bar' }), true);
      assert.strictEqual(wss.shouldHandle({ url: '/foo/' }), false);
      assert.strictEqual(wss.shouldHandle({ url: '/bar' }), false);
      assert.strictEqual(await statusOf(t, wss, { target: '/foo?x=/y' }), 101);
      assert.strictEqual(await statusOf(t, wss, { target: '/foobar' }), 400);
    });

    it('is true for all without a path', async (t) => {
      const wss = await startServer(t);

      assert.strictEqual(wss.shouldHandle({ url: '/any?thing' }), true);
    });

    it('can be replaced on the server', async (t) => {
      const wss = await startServer(t);
      const calls = [];

      wss.shouldHandle = function (req) {
        calls.push([this, req.url]);
        return req.headers['x-pass'] === 'yes';
      };

      assert.strictEqual(await statusOf(t, wss, { target: '/a' }), 400);
      assert.strictEqual(
        await statusOf(t, wss, { target: '/b', headers: { 'X-Pass': 'yes' } }),
        101
      );
      assert.deepStrictEqual(calls, [
        [wss, '/a'],
        [wss, '/b']
      ]);
    });

    it('can be overridden in a subclass', async (t) => {
      class Server extends WebSocketServer {
        shouldHandle(req) {
          return super.shouldHandle(req) && req.url.endsWith('!');
        }
      }

      const wss = await startServer(t, {}, Server);

      assert.strictEqual(await statusOf(t, wss, { target: '/a' }), 400);
      assert.strictEqual(await statusOf(t, wss, { target: '/a!' }), 101);
    });
  });

  describe('#handleUpgrade', () => {
    it('is called through the instance', async (t) => {
      const calls = [];

      class Server extends WebSocketServer {
        handleUpgrade(req, socket, head, cb) {
          calls.push([req.socket === socket, Buffer.isBuffer(head)]);
          super.handleUpgrade(req, socket, head, (ws, request) => {
            ws.mark = 'mine';
            cb(ws, request);
          });
        }
      }

      const wss = await startServer(t, {}, Server);
      const { ws } = await connect(t, wss);

      assert.deepStrictEqual(calls, [[true, true]]);
      assert.strictEqual(ws.mark, 'mine');
    });
  });

  describe('#options', () => {
    it('are read at the time of each handshake', async (t) => {
      const wss = await startServer(t);

      await connectRaw(t, wss, { headers: { 'Sec-WebSocket-Protocol': 'a' } });

      wss.options.handleProtocols = (protocols) => [...protocols].pop();

      const { ws } = await connectRaw(t, wss, {
        headers: { 'Sec-WebSocket-Protocol': 'a, b' }
      });

      assert.strictEqual(ws.protocol, 'b');

      wss.options.path = '/here';
      assert.strictEqual(await statusOf(t, wss), 400);

      wss.options.path = null;
      wss.options.verifyClient = () => false;
      assert.strictEqual(await statusOf(t, wss), 401);

      wss.options.verifyClient = null;
      wss.options.maxPayload = 3;

      const limited = await connect(t, wss);
      const failed = once(limited.ws, 'error');

      limited.client.send('1234');
      assert.strictEqual(
        (await failed)[0].code,
        'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      );
    });

    it('do not change connections already open', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);

      wss.options.maxPayload = 3;

      const message = once(ws, 'message');

      client.send('1234');
      assert.strictEqual((await message)[0].toString(), '1234');
    });

    it('take a class for the connections', async (t) => {
      class Custom extends WebSocket {
        constructor(...args) {
          super(...args);
          this.created = args.length;
        }

        get foo() {
          return 'foo';
        }

        send(data, ...rest) {
          super.send(`<${data}>`, ...rest);
        }
      }

      const wss = await startServer(t, { WebSocket: Custom });
      const { client, ws } = await connect(t, wss);
      const message = once(client, 'message');

      assert.ok(ws instanceof Custom);
      assert.strictEqual(ws.foo, 'foo');
      assert.ok(ws.created > 0);
      ws.send('x');
      assert.strictEqual((await message)[0].toString(), '<x>');
    });
  });

  describe("The 'connection' event", () => {
    it('has the connection, open, and the request', async (t) => {
      const wss = await startServer(t);
      const seen = [];

      wss.on('connection', function (...args) {
        const [ws, req] = args;

        seen.push([
          this === wss,
          args.length,
          ws instanceof WebSocket,
          ws.readyState,
          req.url
        ]);
      });

      await connect(t, wss, { path: '/a?b' });
      assert.deepStrictEqual(seen, [[true, 2, true, 1, '/a?b']]);
    });

    it('comes for each of many connections made at once', async (t) => {
      const wss = await startServer(t);
      const clients = [];

      for (let i = 0; i < 50; i++) clients.push(RawClient.connect(t, wss));

      const raws = await Promise.all(clients);

      await Promise.all(
        raws.map((raw, i) => raw.handshake({ target: `/${i}` }))
      );
      assert.strictEqual(wss.clients.size, 50);
    });

    it('needs no listener', async (t) => {
      const wss = await startServer(t);

      wss.removeAllListeners('connection');
      assert.strictEqual(await statusOf(t, wss), 101);
      for (const ws of wss.clients) ws.terminate();
    });
  });

  describe('Extensions', () => {
    it('that are offered are declined silently', async (t) => {
      const wss = await startServer(t);
      const { ws, response } = await connectRaw(t, wss, {
        headers: {
          'Sec-WebSocket-Extensions':
            'permessage-deflate; client_max_window_bits, x-foo; bar="b"'
        }
      });

      assert.ok(!('sec-websocket-extensions' in response.headers));
      assert.strictEqual(ws.extensions, '');
    });

    it('are not even parsed while none is enabled', async (t) => {
      const wss = await startServer(t);

      assert.strictEqual(
        await statusOf(t, wss, {
          headers: { 'Sec-WebSocket-Extensions': ';;=,bad' }
        }),
        101
      );
    });
  });
});
