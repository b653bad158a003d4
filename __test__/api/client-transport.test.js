'use strict';

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { connect } = require('node:tls');
const { describe, it } = require('node:test');

const tls = require('../support/tls');
const {
  answer,
  createClient,
  failure,
  startHttp
} = require('../support/client');
const { once } = require('../support/deadline');
const { text } = require('../support/frame');
const { WebSocket } = require('../support/implementation');

/** A stream that stands for a socket, without being one. */
class Wrapper extends Duplex {
  constructor(socket) {
    super();
    this.socket = socket;
    socket.on('data', (chunk) => this.push(chunk));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (err) => this.destroy(err));
  }

  _read() {}

  _write(chunk, encoding, callback) {
    this.socket.write(chunk, callback);
  }

  _final(callback) {
    this.socket.end(callback);
  }

  _destroy(err, callback) {
    this.socket.destroy();
    callback(err);
  }
}

describe('WebSocket', () => {
  describe('the `handshakeTimeout` option', () => {
    for (const followRedirects of [false, true]) {
      it(`bounds the wait, redirects ${followRedirects}`, async (t) => {
        const server = await startHttp(t, { upgrade() {} });
        const ws = createClient(t, `ws://${server.authority}`, {
          followRedirects,
          handshakeTimeout: 20
        });

        assert.strictEqual(
          (await failure(ws)).message,
          'Opening handshake has timed out'
        );
      });
    }

    it('ends with the handshake', async (t) => {
      const server = await startHttp(t);
      const ws = createClient(t, `ws://${server.authority}`, {
        handshakeTimeout: 60_000
      });

      await once(ws, 'open');
      assert.ok(!ws._socket.timeout);
    });
  });

  describe('the `signal` option', () => {
    it('aborts the handshake', async (t) => {
      const server = await startHttp(t, { upgrade() {} });
      const controller = new AbortController();
      const ws = createClient(t, `ws://${server.authority}`, {
        signal: controller.signal
      });

      server.once('upgrade', () => controller.abort());
      assert.strictEqual((await failure(ws)).name, 'AbortError');
    });
  });

  describe('the `agent` option', () => {
    it('provides the socket', async (t) => {
      const server = await startHttp(t);
      const agent = new http.Agent({ keepAlive: true });
      const sockets = [];

      agent.createConnection = (options) => {
        assert.strictEqual(options.host, 'localhost');
        assert.strictEqual(options.port, `${server.port}`);
        sockets.push(net.connect(options));
        return sockets[0];
      };

      const ws = createClient(t, `ws://${server.authority}`, { agent });

      await once(ws, 'open');
      assert.strictEqual(sockets.length, 1);
      assert.strictEqual(ws._socket, sockets[0]);
      // A socket that is upgraded is the agent's no more.
      assert.deepStrictEqual(Object.keys(agent.sockets), []);
    });

    it('may provide the socket later', async (t) => {
      const server = await startHttp(t);
      const agent = new http.Agent();

      agent.createConnection = (options, callback) => {
        setImmediate(() => callback(null, net.connect(options)));
      };

      await once(
        createClient(t, `ws://${server.authority}`, { agent }),
        'open'
      );
    });

    it('may fail to provide a socket', async (t) => {
      const agent = new http.Agent();

      agent.createConnection = (options, callback) => {
        setImmediate(() => callback(new Error('foo')));
      };

      const ws = createClient(t, 'ws://example.test', { agent });

      assert.strictEqual((await failure(ws)).message, 'foo');
    });

    it('may be any object that gives requests a socket', async (t) => {
      const server = await startHttp(t, { tls: tls.server });
      const agent = {
        // As agents for proxies do, which speak TLS themselves.
        addRequest(req, options) {
          assert.strictEqual(options.servername, 'example.test');
          req.onSocket(
            connect({ ...tls.trust, host: 'localhost', port: server.port })
          );
        }
      };
      const ws = createClient(t, 'wss://foo', {
        agent,
        servername: 'example.test'
      });

      await once(ws, 'open');
      assert.strictEqual(server.requests[0].headers.host, 'foo');
    });

    it('provides the TLS socket', async (t) => {
      const server = await startHttp(t, { tls: tls.server });
      const agent = new https.Agent(tls.trust);
      const ws = createClient(t, `wss://${server.authority}`, { agent });

      await once(ws, 'open');
      assert.strictEqual(ws._socket.authorized, true);
    });

    it('must be of the protocol', () => {
      assert.throws(
        () => new WebSocket('wss://localhost', { agent: new http.Agent() }),
        { code: 'ERR_INVALID_PROTOCOL' }
      );
    });
  });

  describe('the `createConnection` option', () => {
    it('provides the socket', async (t) => {
      const server = await startHttp(t);
      let seen;
      const ws = createClient(t, 'ws://example.test/foo', {
        createConnection(options) {
          seen = options;
          return net.connect({ host: 'localhost', port: server.port });
        }
      });

      await once(ws, 'open');
      assert.strictEqual(seen.host, 'example.test');
      assert.strictEqual(seen.port, 80);
      assert.strictEqual(server.requests[0].url, '/foo');
      assert.strictEqual(server.requests[0].headers.host, 'example.test');
    });

    for (const scheme of ['ws', 'wss']) {
      it(`may provide any stream for ${scheme}:`, async (t) => {
        const server = await startHttp(t, {
          upgrade(req, socket) {
            answer(req, socket, {}, text('foo', { mask: false }));
          }
        });
        const streams = [];
        const ws = createClient(t, `${scheme}://example.test`, {
          createConnection() {
            streams.push(
              new Wrapper(net.connect({ host: 'localhost', port: server.port }))
            );
            return streams[0];
          }
        });

        const [data] = await once(ws, 'message');

        assert.strictEqual(`${data}`, 'foo');
        assert.strictEqual(ws._socket, streams[0]);
      });
    }
  });

  describe('the options of TLS', () => {
    for (const [servername, expected] of [
      [undefined, 'localhost'],
      ['example.test', 'example.test'],
      ['', false]
    ]) {
      it(`name the server by "${servername}"`, async (t) => {
        const server = await startHttp(t, { tls: tls.server });
        const ws = createClient(t, `wss://${server.authority}`, {
          ...tls.trust,
          servername
        });

        await once(ws, 'open');
        assert.strictEqual(server.requests[0].socket.servername, expected);
      });
    }

    it('name no server that has only an address', async (t) => {
      const server = await startHttp(t, { tls: tls.server });
      const ws = createClient(t, `wss://127.0.0.1:${server.port}`, tls.trust);

      await once(ws, 'open');
      assert.strictEqual(server.requests[0].socket.servername, false);
    });

    it('may refuse to look at the certificate', async (t) => {
      const server = await startHttp(t, { tls: tls.server });
      const ws = createClient(t, `wss://${server.authority}`, {
        rejectUnauthorized: false
      });

      await once(ws, 'open');
      assert.strictEqual(ws._socket.authorized, false);
    });

    it('may have a certificate of the client', async (t) => {
      const server = await startHttp(t, {
        tls: { ...tls.server, ca: tls.client.cert, requestCert: true }
      });
      const ws = createClient(t, `wss://${server.authority}`, {
        ...tls.trust,
        ...tls.client
      });

      await once(ws, 'open');

      const { socket } = server.requests[0];

      assert.strictEqual(socket.getPeerCertificate().subject.CN, 'client');
      assert.strictEqual(socket.authorized, true);
    });
  });
});
