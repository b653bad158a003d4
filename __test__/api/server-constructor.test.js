'use strict';

const assert = require('node:assert');
const EventEmitter = require('node:events');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const { describe, it } = require('node:test');

const { called, once, turns } = require('../support/deadline');
const { WebSocket, WebSocketServer } = require('../support/implementation');
const { connect, manage, startServer } = require('../support/server');

const hasIPv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === '::1');

describe('WebSocketServer', () => {
  describe('#ctor', () => {
    it('is also known as WebSocket.Server', () => {
      assert.strictEqual(WebSocket.Server, WebSocketServer);
      assert.strictEqual(WebSocket.WebSocketServer, WebSocketServer);
      assert.strictEqual(WebSocket.WebSocket, WebSocket);
      assert.ok(WebSocketServer.prototype instanceof EventEmitter);
      assert.ok(WebSocket.prototype instanceof EventEmitter);
    });

    it('needs exactly one of port, server and noServer', () => {
      const expected = {
        name: 'TypeError',
        message:
          'One and only one of the "port", "server", or "noServer" options ' +
          'must be specified'
      };
      const server = http.createServer();

      assert.throws(() => new WebSocketServer(), expected);

      for (const options of [
        {},
        { port: null },
        { port: undefined, noServer: false },
        { port: 0, noServer: true },
        { port: 0, server },
        { server, noServer: true }
      ]) {
        assert.throws(() => new WebSocketServer(options), expected);
      }
    });

    it('needs new', () => {
      assert.throws(() => WebSocketServer({ port: 0 }), TypeError);
    });

    it('refuses a port that does not exist', () => {
      for (const port of [65536, -1, 1.5, 1e9]) {
        assert.throws(() => new WebSocketServer({ port }), {
          name: 'RangeError',
          code: 'ERR_SOCKET_BAD_PORT'
        });
      }
    });

    it('exposes the options with their defaults', async (t) => {
      const wss = await startServer(t);
      const { options } = wss;

      for (const [name, value] of Object.entries({
        allowSynchronousEvents: true,
        autoPong: true,
        maxBufferedChunks: 262144,
        maxFragments: 16384,
        maxPayload: 104857600,
        maxPendingAutoPongs: 60,
        skipUTF8Validation: false,
        perMessageDeflate: false,
        handleProtocols: null,
        clientTracking: true,
        closeTimeout: 30000,
        verifyClient: null,
        noServer: false,
        backlog: null,
        server: null,
        host: '127.0.0.1',
        path: null,
        port: 0,
        WebSocket
      })) {
        assert.strictEqual(options[name], value, name);
      }
    });

    it('exposes the options given, unknown ones too', async (t) => {
      const verifyClient = () => true;
      const wss = await startServer(t, {
        maxPayload: 1,
        path: '/x',
        verifyClient,
        custom: 'y'
      });

      assert.strictEqual(wss.options.maxPayload, 1);
      assert.strictEqual(wss.options.path, '/x');
      assert.strictEqual(wss.options.verifyClient, verifyClient);
      assert.strictEqual(wss.options.custom, 'y');
    });

    it('does not keep the object given', async (t) => {
      const options = Object.freeze({ port: 0, host: '127.0.0.1' });
      const wss = new WebSocketServer(options);

      manage(t, wss);
      await once(wss, 'listening');
      assert.notStrictEqual(wss.options, options);
    });

    it('takes the port as a string', async (t) => {
      const wss = await startServer(t, { port: '0' });

      assert.ok(wss.address().port > 0);
    });

    it("calls back before the 'listening' event", async (t) => {
      const order = [];
      const wss = new WebSocketServer({ port: 0 }, (...args) => {
        order.push(['callback', args.length]);
      });

      manage(t, wss);
      wss.on('listening', (...args) => order.push(['listening', args.length]));
      assert.deepStrictEqual(order, []);
      await once(wss, 'listening');
      assert.deepStrictEqual(order, [
        ['callback', 0],
        ['listening', 0]
      ]);
    });

    it('binds at once when no host is given', async (t) => {
      const wss = new WebSocketServer({ port: 0 });

      manage(t, wss);

      const { port, address, family } = wss.address();

      assert.ok(port > 0);
      assert.strictEqual(address, hasIPv6 ? '::' : '0.0.0.0');
      assert.strictEqual(family, hasIPv6 ? 'IPv6' : 'IPv4');
      await once(wss, 'listening');
      assert.strictEqual(wss.address().port, port);

      for (const host of hasIPv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
        const socket = net.connect(port, host);

        await once(socket, 'connect');
        socket.destroy();
      }
    });

    it('resolves the name of a host', async (t) => {
      const wss = await startServer(t, { host: 'localhost' });

      assert.ok(['127.0.0.1', '::1'].includes(wss.address().address));
    });

    it('takes a backlog', async (t) => {
      const wss = await startServer(t, { backlog: 1 });

      await connect(t, wss);
    });

    it("emits 'error' if the port is in use", async (t) => {
      const first = await startServer(t);
      const { port } = first.address();
      const second = new WebSocketServer({ port, host: '127.0.0.1' }, () =>
        assert.fail('must not be called')
      );

      manage(t, second);
      second.on('listening', () => assert.fail('must not be emitted'));

      const [err] = await once(second, 'error');

      assert.ok(err instanceof Error);
      assert.deepStrictEqual(
        { ...err, message: err.message },
        {
          code: 'EADDRINUSE',
          errno: -os.constants.errno.EADDRINUSE,
          syscall: 'listen',
          address: '127.0.0.1',
          port,
          message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`
        }
      );
      assert.strictEqual(second.address(), null);
      await connect(t, first);
    });

    it('never throws because the port is in use', async (t) => {
      const first = new WebSocketServer({ port: 0 });

      manage(t, first);

      const { port, address } = first.address();
      const second = new WebSocketServer({ port });

      manage(t, second);

      const [err] = await once(second, 'error');

      assert.strictEqual(err.code, 'EADDRINUSE');
      assert.strictEqual(err.address, address);
      assert.strictEqual(err.port, port);
    });

    it("emits 'error' if the address is not one of the host's", async (t) => {
      const wss = new WebSocketServer({ port: 0, host: '192.0.2.1' });

      manage(t, wss);

      const [err] = await once(wss, 'error');

      assert.strictEqual(err.code, 'EADDRNOTAVAIL');
      assert.strictEqual(err.syscall, 'listen');
      assert.strictEqual(err.address, '192.0.2.1');
    });

    it('can take a port that was just given back', async (t) => {
      const first = await startServer(t);
      const { port } = first.address();

      await connect(t, first);
      for (const ws of first.clients) ws.terminate();
      await called((cb) => first.close(cb), 'the server to close');

      const second = await startServer(t, { port });

      assert.strictEqual(second.address().port, port);
      await connect(t, second);
    });
  });

  describe('#address', () => {
    it('returns address, family and port', async (t) => {
      const wss = await startServer(t);
      const address = wss.address();

      assert.deepStrictEqual(address, {
        address: '127.0.0.1',
        family: 'IPv4',
        port: address.port
      });
    });

    it('returns null once the server is closing', async (t) => {
      const wss = await startServer(t);
      const { client } = await connect(t, wss);

      wss.close();
      assert.strictEqual(wss.address(), null);
      client.close();
      await once(wss, 'close');
      assert.strictEqual(wss.address(), null);
    });
  });

  describe('_server', () => {
    it('is an http.Server that knows where it listens', async (t) => {
      const wss = await startServer(t);

      assert.ok(wss._server instanceof http.Server);
      assert.deepStrictEqual(wss._server.address(), wss.address());
      assert.strictEqual(wss._server.listening, true);

      // Looking at it must not change who accepts.
      for (let i = 0; i < 4; i++) await connect(t, wss);
      await turns();
      assert.strictEqual(wss.clients.size, 4);
    });
  });
});
