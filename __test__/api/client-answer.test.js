'use strict';

const assert = require('node:assert');
const http = require('node:http');
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
const { text } = require('../support/frame');
const { WebSocket } = require('../support/implementation');

const UNREQUESTED =
  'Server sent a Sec-WebSocket-Extensions header but no extension was ' +
  'requested';
const OTHER = 'Server indicated an extension that was not requested';
const INVALID = 'Invalid Sec-WebSocket-Extensions header';

function startAnswering(t, headers, body) {
  return startHttp(t, {
    upgrade: (req, socket) => answer(req, socket, headers, body)
  });
}

/** A server that accepts and does no more than the given thing. */
async function startNet(t, onSocket) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });

  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('WebSocket', () => {
  describe('the answer to its handshake', () => {
    for (const [name, headers, message] of [
      ['another protocol', { Upgrade: 'foo' }, 'Invalid Upgrade header'],
      [
        'several protocols',
        { Upgrade: 'websocket, foo' },
        'Invalid Upgrade header'
      ],
      [
        'no accept key',
        { 'Sec-WebSocket-Accept': undefined },
        'Invalid Sec-WebSocket-Accept header'
      ],
      [
        'another accept key',
        { 'Sec-WebSocket-Accept': 'CxYS6+NgJSBG74mdgLvGscRvpns=' },
        'Invalid Sec-WebSocket-Accept header'
      ]
    ]) {
      it(`may not have ${name}`, async (t) => {
        const server = await startAnswering(t, headers);
        const ws = createClient(t, `ws://${server.authority}`);
        const upgraded = once(ws, 'upgrade');
        const err = await failure(ws);

        assert.strictEqual(err.name, 'Error');
        assert.strictEqual(err.message, message);
        await upgraded;
      });
    }

    it('may not have no Upgrade field', async (t) => {
      const server = await startAnswering(t, { Upgrade: undefined });
      const ws = createClient(t, `ws://${server.authority}`);

      assert.strictEqual(
        (await failure(ws)).message,
        'Unexpected server response: 101'
      );
    });

    it('may have the protocol in capitals', async (t) => {
      const server = await startAnswering(t, { Upgrade: 'WebSocket' });

      await once(createClient(t, `ws://${server.authority}`), 'open');
    });

    for (const [perMessageDeflate, header, message] of [
      [false, 'permessage-deflate', UNREQUESTED],
      [false, '', UNREQUESTED],
      [true, 'foo', OTHER],
      [true, 'permessage-deflate, foo', OTHER],
      [true, 'Permessage-Deflate', OTHER],
      [true, '', INVALID],
      [true, 'permessage-deflate; ', INVALID],
      [true, 'permessage-deflate; foo', INVALID],
      [true, 'permessage-deflate; server_max_window_bits=7', INVALID],
      [true, 'permessage-deflate; client_max_window_bits=7', INVALID],
      [
        { clientMaxWindowBits: false },
        'permessage-deflate; client_max_window_bits=10',
        INVALID
      ],
      [
        { clientNoContextTakeover: false },
        'permessage-deflate; client_no_context_takeover',
        INVALID
      ]
    ]) {
      const asked = JSON.stringify(perMessageDeflate);

      it(`may not have the extensions "${header}" for ${asked}`, async (t) => {
        const server = await startAnswering(t, {
          'Sec-WebSocket-Extensions': header
        });
        const ws = createClient(t, `ws://${server.authority}`, {
          perMessageDeflate
        });

        assert.strictEqual((await failure(ws)).message, message);
        assert.strictEqual(ws.extensions, '');
      });
    }

    it('may have the extension that was offered', async (t) => {
      const server = await startAnswering(t, {
        'Sec-WebSocket-Extensions':
          'permessage-deflate; client_max_window_bits=10; ' +
          'server_no_context_takeover'
      });
      const ws = createClient(t, `ws://${server.authority}`);

      await once(ws, 'open');
      assert.strictEqual(ws.extensions, 'permessage-deflate');
    });

    for (const [name, options] of [
      ['', {}],
      [' over TLS', { tls: tls.server }]
    ]) {
      it(`may come together with messages${name}`, async (t) => {
        const server = await startHttp(t, {
          ...options,
          upgrade: (req, socket) => {
            const frames = [text('a', { mask: false })];

            frames.push(text('b', { mask: false }));
            answer(req, socket, {}, Buffer.concat(frames));
          }
        });
        const scheme = options.tls ? 'wss' : 'ws';
        const ws = createClient(
          t,
          `${scheme}://${server.authority}`,
          tls.trust
        );
        const log = [];

        ws.on('open', () => log.push('open'));
        ws.on('message', (data) => log.push(`${data}`));
        await once(ws, 'message');
        while (log.length < 3) await once(ws, 'message');
        assert.deepStrictEqual(log, ['open', 'a', 'b']);
      });
    }
  });

  describe("the 'upgrade' event", () => {
    it("comes with the answer, before 'open'", async (t) => {
      const server = await startAnswering(t, { foo: 'bar' });
      const ws = createClient(t, `ws://${server.authority}`);
      const log = [];

      ws.on('open', () => log.push('open', ws.readyState));
      ws.on('upgrade', (res) => {
        log.push('upgrade', ws.readyState);
        assert.ok(res instanceof http.IncomingMessage);
        assert.strictEqual(res.headers.foo, 'bar');
        assert.strictEqual(res.statusCode, 101);
      });
      await once(ws, 'open');
      assert.deepStrictEqual(log, [
        'upgrade',
        WebSocket.CONNECTING,
        'open',
        WebSocket.OPEN
      ]);
    });
  });

  describe('an answer that is no upgrade', () => {
    for (const status of [200, 302, 400, 401, 503]) {
      it(`of status ${status} is an error`, async (t) => {
        const server = await startHttp(t, {
          upgrade: (req, socket) =>
            respond(socket, status, { Location: '/x' }, 'body')
        });
        const ws = createClient(t, `ws://${server.authority}`);
        const err = await failure(ws);

        assert.strictEqual(err.name, 'Error');
        assert.strictEqual(
          err.message,
          `Unexpected server response: ${status}`
        );
      });
    }

    it("is left to listeners of 'unexpected-response'", async (t) => {
      const server = await startHttp(t, {
        upgrade: (req, socket) => respond(socket, 401, { foo: 'bar' }, 'body')
      });
      const ws = createClient(t, `ws://${server.authority}`);
      const [req, res] = await once(ws, 'unexpected-response');

      assert.ok(req instanceof http.ClientRequest);
      assert.strictEqual(res.statusCode, 401);
      assert.strictEqual(res.headers.foo, 'bar');
      assert.strictEqual(ws.readyState, WebSocket.CONNECTING);

      const end = once(res, 'end');

      assert.strictEqual(`${await once(res, 'data')}`, 'body');
      await end;
      assert.strictEqual(ws.readyState, WebSocket.CONNECTING);
    });

    it('fails the client when a listener destroys the request', async (t) => {
      const server = await startHttp(t, {
        upgrade: (req, socket) => respond(socket, 401)
      });
      const ws = createClient(t, `ws://${server.authority}`);

      ws.on('unexpected-response', (req) => req.destroy(new Error('foo')));
      assert.strictEqual((await failure(ws)).message, 'foo');
    });

    it('leaves no socket behind when it has been read', async (t) => {
      const ended = [];
      const server = await startHttp(t, {
        upgrade(req, socket) {
          ended.push(once(socket, 'end'));
          socket.resume();
          socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
        }
      });
      const ws = createClient(t, `ws://${server.authority}`);
      const [, res] = await once(ws, 'unexpected-response');

      res.resume();
      await once(res, 'end');
      await turns(3);
      ws.terminate();
      await failure(ws);
      await ended[0];
    });

    for (const method of ['close', 'terminate']) {
      it(`lets a listener call ${method}()`, async (t) => {
        const server = await startHttp(t, {
          upgrade: (req, socket) => respond(socket, 401)
        });
        const ws = createClient(t, `ws://${server.authority}`);

        ws.on('unexpected-response', () => ws[method]());
        assert.strictEqual(
          (await failure(ws)).message,
          'WebSocket was closed before the connection was established'
        );
      });
    }
  });

  describe('no answer', () => {
    it('because nobody listens is an error', async (t) => {
      const server = await startNet(t, () => {});
      const { port } = server.address();

      await called((cb) => server.close(cb));

      const ws = createClient(t, `ws://127.0.0.1:${port}`);
      const err = await failure(ws);

      assert.strictEqual(err.code, 'ECONNREFUSED');
      assert.strictEqual(err.port, port);
    });

    it('because the server ends is an error', async (t) => {
      const server = await startNet(t, (socket) => {
        socket.once('data', () => socket.end());
      });
      const ws = createClient(t, `ws://127.0.0.1:${server.address().port}`);
      const err = await failure(ws);

      assert.strictEqual(err.code, 'ECONNRESET');
      assert.strictEqual(err.message, 'socket hang up');
    });

    it('because it is no HTTP is an error', async (t) => {
      const server = await startNet(t, (socket) => {
        socket.once('data', () => socket.end('foo\r\n\r\n'));
      });
      const ws = createClient(t, `ws://127.0.0.1:${server.address().port}`);

      assert.match((await failure(ws)).code, /^HPE_/);
    });

    it('because the server speaks TLS is an error', async (t) => {
      const server = await startHttp(t, { tls: tls.server });
      const ws = createClient(t, `ws://${server.authority}`);

      assert.match((await failure(ws)).code, /^(HPE_|ECONNRESET)/);
    });

    it('because the certificate is not trusted is an error', async (t) => {
      const server = await startHttp(t, { tls: tls.server });
      const ws = createClient(t, `wss://${server.authority}`);

      assert.strictEqual(
        (await failure(ws)).code,
        'DEPTH_ZERO_SELF_SIGNED_CERT'
      );
    });
  });
});
