'use strict';

const assert = require('node:assert');
const net = require('node:net');
const { describe, it } = require('node:test');

const tls = require('../support/tls');
const {
  answer,
  createClient,
  failure,
  respond,
  startHttp
} = require('../support/client');
const { called, once, turns } = require('../support/deadline');
const { WebSocket } = require('../support/implementation');
const { record } = require('../support/record');

const CLOSED_EARLY =
  'WebSocket was closed before the connection was established';
const NOT_OPEN = 'WebSocket is not open: readyState';

/** A client of a server that never answers. */
async function startConnecting(t, options) {
  const server = await startHttp(t, { upgrade() {} });
  const ws = createClient(t, `ws://${server.authority}`, options);

  return { server, ws };
}

/** Wait until a client has ended the connection that it asked to upgrade. */
async function endOfUpgrade(server) {
  const [, socket] = await once(server, 'upgrade');

  socket.resume();
  await once(socket, 'end');
}

describe('WebSocket', () => {
  for (const method of ['close', 'terminate']) {
    describe(`#${method}`, () => {
      it('fails a client that has just been created', async (t) => {
        const { server, ws } = await startConnecting(t);

        assert.strictEqual(ws.readyState, WebSocket.CONNECTING);
        ws[method]();
        assert.strictEqual(ws.readyState, WebSocket.CLOSING);

        const err = await failure(ws);

        assert.strictEqual(err.name, 'Error');
        assert.strictEqual(err.message, CLOSED_EARLY);
        assert.strictEqual(server.requests.length, 0);
      });

      it('fails a client that is connected', async (t) => {
        const { server, ws } = await startConnecting(t);
        const ended = endOfUpgrade(server);

        await once(server, 'upgrade');
        ws[method]();
        assert.strictEqual((await failure(ws)).message, CLOSED_EARLY);
        await ended;
      });

      it('fails a client whose request has not been ended', async (t) => {
        const { ws } = await startConnecting(t, { finishRequest() {} });

        ws[method]();
        assert.strictEqual((await failure(ws)).message, CLOSED_EARLY);
      });

      it('fails a client that makes a TLS connection', async (t) => {
        const server = await startHttp(t, { tls: tls.server });
        const ws = createClient(t, `wss://${server.authority}`, tls.trust);

        server.once('connection', () => ws[method]());
        assert.strictEqual((await failure(ws)).message, CLOSED_EARLY);
      });

      it('fails a client that waits for a name', async (t) => {
        let answerLookup;
        const ws = createClient(t, 'ws://example.test', {
          lookup(hostname, options, callback) {
            answerLookup = () => callback(new Error('not found'));
          }
        });

        while (answerLookup === undefined) await turns();
        ws[method]();

        const failed = failure(ws);

        answerLookup();
        assert.strictEqual((await failed).message, CLOSED_EARLY);
      });

      it("may be called in a listener of 'upgrade'", async (t) => {
        const server = await startHttp(t);
        const ws = createClient(t, `ws://${server.authority}`);
        const ended = endOfUpgrade(server);

        ws.on('upgrade', () => {
          ws[method]();
          assert.strictEqual(ws.readyState, WebSocket.CLOSING);
        });
        assert.strictEqual((await failure(ws)).message, CLOSED_EARLY);
        await ended;
      });

      it("may be called in a listener of 'error'", async (t) => {
        const server = await startHttp(t, {
          upgrade: (req, socket) => respond(socket, 400)
        });
        const ws = createClient(t, `ws://${server.authority}`);
        const states = [];

        ws.on('error', () => {
          states.push(ws.readyState);
          ws[method]();
          states.push(ws.readyState);
        });
        await failure(ws);
        assert.deepStrictEqual(states, [WebSocket.CLOSING, WebSocket.CLOSING]);
      });

      it('does nothing when the client has failed', async (t) => {
        const { ws } = await startConnecting(t);

        ws.terminate();
        await failure(ws);

        const { log } = record(ws);

        ws[method]();
        await turns(3);
        assert.deepStrictEqual(log, []);
        assert.strictEqual(ws.readyState, WebSocket.CLOSED);
      });
    });
  }

  describe('#close', () => {
    it('does not look at its arguments while connecting', async (t) => {
      const { ws } = await startConnecting(t);

      ws.close(1, 'x'.repeat(200));
      assert.strictEqual((await failure(ws)).message, CLOSED_EARLY);
    });
  });

  for (const method of ['send', 'ping', 'pong']) {
    describe(`#${method}`, () => {
      it('throws while connecting', async (t) => {
        const { ws } = await startConnecting(t);
        const expected = {
          name: 'Error',
          message: `${NOT_OPEN} 0 (CONNECTING)`
        };

        assert.throws(() => ws[method]('x'), expected);
        assert.throws(() => ws[method](), expected);
        assert.throws(
          () => ws[method]('x', () => assert.fail('called')),
          expected
        );
        assert.strictEqual(ws.bufferedAmount, 0);
      });

      it('calls back with an error after the failure', async (t) => {
        const { ws } = await startConnecting(t);

        ws.terminate();

        const failed = failure(ws);
        const [whileClosing] = await called((cb) => ws[method]('foo', cb));

        assert.strictEqual(whileClosing.message, `${NOT_OPEN} 2 (CLOSING)`);
        assert.strictEqual(ws.bufferedAmount, 3);
        await failed;

        ws[method](Buffer.alloc(4));
        ws[method]();
        assert.strictEqual(ws.bufferedAmount, 7);

        const [whenClosed] = await called((cb) => ws[method]('é', cb));

        assert.strictEqual(whenClosed.message, `${NOT_OPEN} 3 (CLOSED)`);
        assert.strictEqual(ws.bufferedAmount, 9);
      });
    });
  }

  describe('a client that connects', () => {
    it('has the members of a WebSocket', async (t) => {
      const { server, ws } = await startConnecting(t);

      assert.strictEqual(ws.readyState, WebSocket.CONNECTING);
      assert.strictEqual(ws.binaryType, 'nodebuffer');
      assert.strictEqual(ws.bufferedAmount, 0);
      assert.strictEqual(ws.extensions, '');
      assert.strictEqual(ws.protocol, '');
      assert.strictEqual(ws.isPaused, false);
      assert.strictEqual(ws.url, `ws://${server.authority}/`);
      assert.strictEqual(ws._socket, null);
      assert.strictEqual(ws._isServer, false);
    });

    it('is not paused', async (t) => {
      const server = await startHttp(t);
      const ws = createClient(t, `ws://${server.authority}`);

      ws.pause();
      assert.strictEqual(ws.isPaused, false);
      ws.resume();
      await once(ws, 'open');
      assert.strictEqual(ws.isPaused, false);
    });
  });

  describe('a client that fails', () => {
    it('has events for handlers too', async (t) => {
      const { ws } = await startConnecting(t);
      const log = [];

      ws.onopen = () => log.push('open');
      ws.onerror = ({ error, message, target, type }) => {
        log.push(type, error.message, message, target === ws);
      };
      ws.onclose = ({ code, reason, target, type, wasClean }) => {
        log.push(type, code, reason, wasClean, target === ws);
      };
      ws.close();
      await failure(ws);
      assert.deepStrictEqual(log, [
        ...['error', CLOSED_EARLY, CLOSED_EARLY, true],
        ...['close', 1006, '', false, true]
      ]);
    });

    it('does so later than the call', async (t) => {
      const { ws } = await startConnecting(t);
      const log = [];

      ws.on('error', () => log.push('error'));
      ws.on('close', () => log.push('close'));
      ws.close();
      ws.terminate();
      log.push('returned');
      await once(ws, 'close');
      await turns(3);
      assert.deepStrictEqual(log, ['returned', 'error', 'close']);
    });

    it('leaves no socket behind', async (t) => {
      const sockets = [];
      const server = await startHttp(t, {
        upgrade: (req, socket) =>
          answer(req, socket, { 'Sec-WebSocket-Accept': 'foo' })
      });
      const ws = createClient(t, `ws://${server.authority}`, {
        createConnection(options) {
          sockets.push(net.connect(options));
          return sockets[0];
        }
      });

      await failure(ws);
      assert.strictEqual(sockets[0].destroyed, true);
      assert.strictEqual(ws._socket, null);
      assert.strictEqual(ws._req, null);
    });
  });
});
