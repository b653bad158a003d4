'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { deadline, once, turns } = require('../support/deadline');
const { Opcode, text } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');

async function request(t, wss, options) {
  const raw = await RawClient.connect(t, wss);

  raw.write(buildRequest(options));
  return { raw, response: await raw.response() };
}

describe('Handshake hooks', () => {
  describe('verifyClient', () => {
    it('rejects with 401 when it returns false', async (t) => {
      const wss = await startServer(t, { verifyClient: () => false });

      wss.on('wsClientError', () => assert.fail('must not be emitted'));

      const { raw, response } = await request(t, wss);

      assert.strictEqual(response.statusLine, 'HTTP/1.1 401 Unauthorized');
      assert.strictEqual(response.body, 'Unauthorized');
      assert.strictEqual(response.headers.connection, 'close');
      await raw.expectEnd();
    });

    it('rejects with 401 when it calls back with false', async (t) => {
      const wss = await startServer(t, {
        verifyClient: (info, cb) => setImmediate(cb, false)
      });
      const { raw, response } = await request(t, wss);

      assert.strictEqual(response.statusLine, 'HTTP/1.1 401 Unauthorized');
      assert.strictEqual(response.body, 'Unauthorized');
      await raw.expectEnd();
    });

    it('rejects with a code', async (t) => {
      const wss = await startServer(t, {
        verifyClient: (info, cb) => cb(false, 404)
      });
      const { raw, response } = await request(t, wss);

      assert.strictEqual(response.statusLine, 'HTTP/1.1 404 Not Found');
      assert.strictEqual(response.body, 'Not Found');
      await raw.expectEnd();
    });

    it('rejects with a code, a message and headers', async (t) => {
      const wss = await startServer(t, {
        verifyClient: (info, cb) =>
          cb(false, 503, 'çlosed', { 'Retry-After': 120, Connection: 'x' })
      });
      const { raw, response } = await request(t, wss);

      assert.strictEqual(
        response.statusLine,
        'HTTP/1.1 503 Service Unavailable'
      );
      assert.deepStrictEqual(response.fields, [
        ['Connection', 'x'],
        ['Content-Type', 'text/html'],
        ['Content-Length', '7'],
        ['Retry-After', '120']
      ]);
      assert.strictEqual(response.body, 'çlosed');
      await raw.expectEnd();
    });

    it('accepts when it returns true or calls back with true', async (t) => {
      for (const verifyClient of [
        () => true,
        (info, cb) => cb(true),
        (info, cb) => setImmediate(cb, true)
      ]) {
        const wss = await startServer(t, { verifyClient });
        const { response } = await connectRaw(t, wss);

        assert.strictEqual(response.status, 101);
      }
    });

    it('is told origin, secure and req', async (t) => {
      const infos = [];
      const wss = await startServer(t, {
        verifyClient: (info) => infos.push(info)
      });
      const { req } = await connectRaw(t, wss, {
        headers: { Origin: 'https://a.example' }
      });

      assert.strictEqual(infos[0].origin, 'https://a.example');
      assert.strictEqual(infos[0].secure, false);
      assert.strictEqual(infos[0].req, req);
    });

    it('reads Sec-WebSocket-Origin when the version is 8', async (t) => {
      const infos = [];
      const wss = await startServer(t, {
        verifyClient: (info) => infos.push(info.origin)
      });

      await connectRaw(t, wss, {
        headers: {
          'Sec-WebSocket-Version': '8',
          Origin: 'https://a.example',
          'Sec-WebSocket-Origin': 'https://b.example'
        }
      });
      assert.deepStrictEqual(infos, ['https://b.example']);
    });

    it('may answer handshakes in another order', async (t) => {
      const answers = new Map();
      const wss = await startServer(t, {
        verifyClient: ({ req }, cb) => {
          answers.set(req.url, cb);
          wss.emit('asked');
        }
      });
      const first = await RawClient.connect(t, wss);
      const second = await RawClient.connect(t, wss);

      let asked = once(wss, 'asked');

      first.write(buildRequest({ target: '/1' }));
      await asked;
      asked = once(wss, 'asked');
      second.write(buildRequest({ target: '/2' }));
      await asked;

      answers.get('/2')(true);
      assert.strictEqual((await second.response()).status, 101);
      assert.strictEqual(first.buffer.length, 0);
      answers.get('/1')(false, 403);
      assert.strictEqual((await first.response()).status, 403);
    });

    it('delays what was sent behind the handshake', async (t) => {
      let answer;
      const wss = await startServer(t, {
        verifyClient: (info, cb) => {
          answer = cb;
          wss.emit('asked');
        }
      });
      const raw = await RawClient.connect(t, wss);
      const asked = once(wss, 'asked');
      const message = deadline(
        new Promise((resolve) => {
          wss.on('connection', (ws) => {
            ws.on('message', (data) => resolve(data.toString()));
          });
        }),
        'the message'
      );

      raw.write(buildRequest(), text('early'));
      await asked;
      raw.write(text('late'));
      await turns(3);
      answer(true);
      assert.strictEqual(await message, 'early');
      assert.strictEqual((await raw.response()).status, 101);
    });

    it('opens no connection if the peer is gone meanwhile', async (t) => {
      let ended;
      const wss = await startServer(t, {
        verifyClient: ({ req }, cb) => {
          req.socket.resume();
          req.socket.once('end', () => {
            cb(true);
            ended();
          });
        }
      });
      const raw = await RawClient.connect(t, wss);

      wss.on('connection', () => assert.fail('must not be accepted'));

      const answered = deadline(
        new Promise((resolve) => {
          ended = resolve;
        }),
        "the 'end' event of the request's socket"
      );

      raw.socket.end(buildRequest());
      await answered;
      await raw.expectEnd();
    });
  });

  describe('handleProtocols', () => {
    it('selects the subprotocol', async (t) => {
      const calls = [];
      const wss = await startServer(t, {
        handleProtocols: (protocols, req) => {
          calls.push([protocols, req]);
          return 'c';
        }
      });
      const { ws, req, response } = await connectRaw(t, wss, {
        headers: { 'Sec-WebSocket-Protocol': 'a, b,\tc' }
      });

      assert.strictEqual(response.headers['sec-websocket-protocol'], 'c');
      assert.strictEqual(ws.protocol, 'c');
      assert.ok(calls[0][0] instanceof Set);
      assert.deepStrictEqual([...calls[0][0]], ['a', 'b', 'c']);
      assert.strictEqual(calls[0][1], req);
    });

    it('selects none by a falsy value', async (t) => {
      for (const value of [false, '', undefined]) {
        const wss = await startServer(t, { handleProtocols: () => value });
        const { ws, response } = await connectRaw(t, wss, {
          headers: { 'Sec-WebSocket-Protocol': 'a, b' }
        });

        assert.ok(!('sec-websocket-protocol' in response.headers));
        assert.strictEqual(ws.protocol, '');
      }
    });

    it('is not called without an offer', async (t) => {
      const wss = await startServer(t, {
        handleProtocols: () => assert.fail('must not be called')
      });
      const { ws } = await connectRaw(t, wss);

      assert.strictEqual(ws.protocol, '');
    });

    it('defaults to the first offer', async (t) => {
      const wss = await startServer(t);
      const { ws, response } = await connectRaw(t, wss, {
        headers: { 'Sec-WebSocket-Protocol': ['z', 'a'] }
      });

      assert.strictEqual(response.headers['sec-websocket-protocol'], 'z');
      assert.strictEqual(ws.protocol, 'z');
    });
  });

  describe("The 'headers' event", () => {
    it('can change the response and comes before the connection', async (t) => {
      const wss = await startServer(t);
      const order = [];

      wss.on('headers', (headers, req) => {
        order.push(['headers', headers.slice(0, 3), req]);
        headers.push('X-Foo: bar', 'Set-Cookie: a=1', 'Set-Cookie: b=2');
      });
      wss.on('connection', (ws, req) => order.push(['connection', req]));

      const { req, raw, response } = await connectRaw(t, wss);

      assert.deepStrictEqual(order, [
        [
          'headers',
          [
            'HTTP/1.1 101 Switching Protocols',
            'Upgrade: websocket',
            'Connection: Upgrade'
          ],
          req
        ],
        ['connection', req]
      ]);
      assert.deepStrictEqual(response.fields.slice(-3), [
        ['X-Foo', 'bar'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2']
      ]);

      raw.write(text('x'));
    });

    it('shows the chosen subprotocol', async (t) => {
      const wss = await startServer(t);
      const seen = [];

      wss.on('headers', (headers) => seen.push(...headers));
      await connectRaw(t, wss, { headers: { 'Sec-WebSocket-Protocol': 'x' } });
      assert.strictEqual(seen[4], 'Sec-WebSocket-Protocol: x');
      assert.strictEqual(seen.length, 5);
    });
  });

  it('send the response before what a listener sends', async (t) => {
    const wss = await startServer(t);

    wss.on('connection', (ws) => {
      ws.send('a');
      ws.ping('b');
    });

    const { raw } = await connectRaw(t, wss);

    await raw.expectFrame(Opcode.TEXT, 'a');
    await raw.expectFrame(Opcode.PING, 'b');
  });
});
