'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { Opcode, ping, text } = require('../support/frame');
const { buildPlainRequest, buildRequest } = require('../support/handshake');
const { beyondReference } = require('../support/implementation');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');

function assertUpgradeRequired(response, connection = 'keep-alive') {
  assert.strictEqual(response.statusLine, 'HTTP/1.1 426 Upgrade Required');
  assert.strictEqual(response.headers['content-length'], '16');
  assert.strictEqual(response.headers['content-type'], 'text/plain');
  assert.ok(!Number.isNaN(Date.parse(response.headers.date)));
  assert.strictEqual(response.headers.connection, connection);
  assert.strictEqual(response.body, 'Upgrade Required');
}

async function assertUsable(t, wss) {
  const { raw, ws } = await connectRaw(t, wss);
  const message = once(ws, 'message');

  raw.write(text('still here'));
  assert.strictEqual((await message)[0].toString(), 'still here');
}

describe('HTTP', () => {
  describe('A plain request', () => {
    it('is answered by 426', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest());
      assertUpgradeRequired(await raw.response());
    });

    it('keeps the connection, so that an upgrade can follow', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest());
      assertUpgradeRequired(await raw.response());
      raw.write(buildPlainRequest({ target: '/again' }));
      assertUpgradeRequired(await raw.response());
      await raw.handshake();
      raw.write(ping('x'));
      await raw.expectFrame(Opcode.PONG, 'x');
    });

    it('may be pipelined', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest(), buildPlainRequest(), buildPlainRequest());
      assertUpgradeRequired(await raw.response());
      assertUpgradeRequired(await raw.response());
      assertUpgradeRequired(await raw.response());
    });

    it('may have a body, which is skipped', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(
        buildPlainRequest({
          method: 'POST',
          headers: { 'Content-Length': 18 },
          body: 'GET / HTTP/1.1\r\n\r\n'
        })
      );
      assertUpgradeRequired(await raw.response());
      raw.write(
        buildPlainRequest({
          method: 'POST',
          headers: { 'Transfer-Encoding': 'chunked' },
          body: '5\r\nGET /\r\n3;a=b\r\n\r\n\r\r\n0\r\nX: y\r\n\r\n'
        })
      );
      assertUpgradeRequired(await raw.response());
      await raw.handshake();
    });

    it('with Connection: close ends the connection', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest({ headers: { Connection: 'close' } }));
      assertUpgradeRequired(await raw.response(), 'close');
      await raw.expectEnd();
    });

    it('of HTTP/1.0 ends the connection', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest({ version: '1.0' }));
      assertUpgradeRequired(await raw.response(), 'close');
      await raw.expectEnd();
    });

    it('of method HEAD is answered without a body', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(
        buildPlainRequest({ method: 'HEAD', headers: { Connection: 'close' } })
      );

      const answer = (await raw.end()).toString();

      assert.ok(answer.startsWith('HTTP/1.1 426 Upgrade Required\r\n'), answer);
      assert.ok(answer.endsWith('\r\n\r\n'), answer);
    });

    it('is one with Upgrade but without Connection: upgrade', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildRequest({ headers: { Connection: undefined } }));
      assertUpgradeRequired(await raw.response());
      raw.write(buildRequest({ headers: { Connection: 'keep-alive' } }));
      assertUpgradeRequired(await raw.response());
    });

    it('is one with Connection: upgrade but without Upgrade', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildRequest({ headers: { Upgrade: undefined } }));
      assert.strictEqual((await raw.response()).status, 426);
    });
  });

  describe('A handshake', () => {
    it('may name its tokens in any case and list several', async (t) => {
      const wss = await startServer(t);

      for (const headers of [
        { Upgrade: 'WebSocket', Connection: 'upgrade' },
        { Connection: 'keep-alive, Upgrade' },
        { Connection: ['keep-alive', 'UPGRADE'] }
      ]) {
        await connectRaw(t, wss, { headers });
      }
    });

    it('is accepted with version 8 and 13', async (t) => {
      const wss = await startServer(t);

      for (const version of ['8', '13']) {
        const { response } = await connectRaw(t, wss, {
          headers: { 'Sec-WebSocket-Version': version }
        });

        assert.deepStrictEqual(response.fields, [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']
        ]);
        assert.strictEqual(
          response.statusLine,
          'HTTP/1.1 101 Switching Protocols'
        );
      }
    });

    it('may arrive byte by byte, with frames behind it', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);
      const connection = once(wss, 'connection');

      await raw.writeSlowly(buildRequest());
      assert.strictEqual((await raw.response()).status, 101);

      const [ws] = await connection;
      const message = once(ws, 'message');

      await raw.writeSlowly(text('slow'));
      assert.strictEqual((await message)[0].toString(), 'slow');
    });

    it('may be pipelined with frames', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);
      const seen = [];
      const all = called((cb) => {
        wss.on('connection', (ws) => {
          ws.on('message', (data) => seen.push(data.toString()));
          ws.on('ping', (data) => {
            seen.push(`ping ${data}`);
            if (data.toString() === 'd') cb();
          });
        });
      }, 'the last ping');

      raw.write(buildRequest(), text('a'), ping('b'), text('c').subarray(0, 3));
      assert.strictEqual((await raw.response()).status, 101);
      await raw.expectFrame(Opcode.PONG, 'b');
      raw.write(text('c').subarray(3), ping('d'));
      await raw.expectFrame(Opcode.PONG, 'd');
      await all;
      assert.deepStrictEqual(seen, ['a', 'ping b', 'c', 'ping d']);
    });

    it('may follow a plain request in one packet', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildPlainRequest(), buildRequest(), ping('x'));
      assertUpgradeRequired(await raw.response());
      assert.strictEqual((await raw.response()).status, 101);
      await raw.expectFrame(Opcode.PONG, 'x');
    });

    it('that is never finished disturbs nobody', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildRequest().slice(0, 60));
      await assertUsable(t, wss);
      raw.destroy();
      await assertUsable(t, wss);
    });

    it('cut off by FIN opens no connection', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      wss.on('connection', () => assert.fail('must not be accepted'));
      raw.socket.end(buildRequest().slice(0, 60));
      await raw.end();
    });
  });

  describe('Bad input', () => {
    for (const [title, bytes] of [
      ['garbage', 'some garbage\r\n\r\n'],
      ['binary garbage', Buffer.from([0, 1, 2, 0xff, 0xfe, 13, 10, 13, 10])],
      ['a TLS client hello', Buffer.from('16030100c8010000c40303', 'hex')],
      ['a header without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
      ['a space in a header name', 'GET / HTTP/1.1\r\nA b: c\r\n\r\n'],
      ['a NUL in a header value', 'GET / HTTP/1.1\r\nA: \0\r\n\r\n'],
      ['a method that does not exist', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a missing Host', 'GET / HTTP/1.1\r\n\r\n'],
      [
        'two content lengths',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'
      ]
    ]) {
      it(`answers ${title} by 400`, async (t) => {
        const wss = await startServer(t);
        const raw = await RawClient.connect(t, wss);

        raw.write(bytes);

        const response = await raw.response();

        assert.strictEqual(response.statusLine, 'HTTP/1.1 400 Bad Request');
        assert.strictEqual(response.headers.connection, 'close');
        await raw.end();
        await assertUsable(t, wss);
      });
    }

    it('answers a header section over 16 KiB by 431', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      raw.write(buildRequest({ headers: { 'X-Long': 'x'.repeat(17 * 1024) } }));

      const response = await raw.response();

      assert.strictEqual(
        response.statusLine,
        'HTTP/1.1 431 Request Header Fields Too Large'
      );
      assert.strictEqual(response.headers.connection, 'close');
      await raw.end();
      await assertUsable(t, wss);
    });

    it('answers an endless header section by 431', async (t) => {
      const wss = await startServer(t);
      const raw = await RawClient.connect(t, wss);

      // At once: what is written behind the answer may undo it.
      raw.write(
        'GET / HTTP/1.1\r\nHost: x\r\n' +
          `X: ${'y'.repeat(1000)}\r\n`.repeat(20)
      );

      assert.strictEqual((await raw.response()).status, 431);
    });

    it('accepts a header section of nearly 16 KiB', async (t) => {
      const wss = await startServer(t);
      const { req } = await connectRaw(t, wss, {
        headers: { 'X-Long': 'x'.repeat(15 * 1024) }
      });

      assert.strictEqual(req.headers['x-long'].length, 15 * 1024);
    });

    it(
      'answers headers that do not come by 408',
      beyondReference,
      async (t) => {
        const wss = await startServer(t, { headersTimeout: 200 });
        const silent = await RawClient.connect(t, wss);
        const half = await RawClient.connect(t, wss);
        const { raw } = await connectRaw(t, wss);

        half.write(buildRequest().slice(0, 60));

        const response = await half.response();

        assert.strictEqual(response.statusLine, 'HTTP/1.1 408 Request Timeout');
        assert.strictEqual(response.headers.connection, 'close');
        await half.expectEnd();
        await silent.end();

        // The timeout is one of the handshake, not of the connection.
        raw.write(ping('x'));
        await raw.expectFrame(Opcode.PONG, 'x');
      }
    );
  });
});
