'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once, turns } = require('../support/deadline');
const { buildRequest } = require('../support/handshake');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');

//
// In the order in which the server looks: each request is also wrong in every
// later row's way, so the first answer must win.
//
const rows = [
  {
    title: 'a method other than GET',
    wrong: { method: 'POST' },
    status: 405,
    reason: 'Method Not Allowed',
    message: 'Invalid HTTP method'
  },
  {
    title: 'an Upgrade header other than websocket',
    wrong: { headers: { Upgrade: 'foo' } },
    status: 400,
    reason: 'Bad Request',
    message: 'Invalid Upgrade header'
  },
  {
    title: 'a missing key',
    wrong: { headers: { 'Sec-WebSocket-Key': undefined } },
    status: 400,
    reason: 'Bad Request',
    message: 'Missing or invalid Sec-WebSocket-Key header'
  },
  {
    title: 'a key that is not 16 bytes in base64',
    wrong: { headers: { 'Sec-WebSocket-Key': 'P5l8BJcZwRc=' } },
    status: 400,
    reason: 'Bad Request',
    message: 'Missing or invalid Sec-WebSocket-Key header'
  },
  {
    title: 'a missing version',
    wrong: { headers: { 'Sec-WebSocket-Version': undefined } },
    status: 400,
    reason: 'Bad Request',
    message: 'Missing or invalid Sec-WebSocket-Version header',
    extra: { 'sec-websocket-version': '13, 8' }
  },
  {
    title: 'a version other than 13 and 8',
    wrong: { headers: { 'Sec-WebSocket-Version': '12' } },
    status: 400,
    reason: 'Bad Request',
    message: 'Missing or invalid Sec-WebSocket-Version header',
    extra: { 'sec-websocket-version': '13, 8' }
  },
  {
    title: 'a subprotocol list with a forbidden character',
    wrong: { headers: { 'Sec-WebSocket-Protocol': 'foo;bar' } },
    status: 400,
    reason: 'Bad Request',
    message: 'Invalid Sec-WebSocket-Protocol header'
  }
];

function combine(list) {
  return {
    ...Object.assign({}, ...list),
    headers: Object.assign({}, ...list.map(({ headers }) => headers))
  };
}

function assertRejection(response, { status, reason, message, extra }) {
  assert.strictEqual(response.statusLine, `HTTP/1.1 ${status} ${reason}`);
  assert.strictEqual(response.body, message);
  assert.deepStrictEqual(response.headers, {
    connection: 'close',
    'content-type': 'text/html',
    'content-length': String(Buffer.byteLength(message)),
    ...extra
  });
}

async function rejected(t, wss, request) {
  const raw = await RawClient.connect(t, wss);

  wss.on('connection', () => assert.fail('must not be accepted'));
  raw.write(buildRequest(request));

  const response = await raw.response();

  await raw.expectEnd();
  return response;
}

describe('Handshake rejections', () => {
  rows.forEach((row, index) => {
    describe(row.title, () => {
      it('is answered and the connection closed', async (t) => {
        const wss = await startServer(t);

        assertRejection(await rejected(t, wss, row.wrong), row);
      });

      it('is found before all that is looked at later', async (t) => {
        const later = rows.slice(index).map(({ wrong }) => wrong);
        const wss = await startServer(t, {
          verifyClient: () => assert.fail('verifyClient comes last')
        });

        // Repeated headers of the same name: the row's own wins.
        assertRejection(
          await rejected(t, wss, combine([...later.reverse()])),
          row
        );
      });

      it("emits 'wsClientError' in place of the answer", async (t) => {
        const wss = await startServer(t);
        const raw = await RawClient.connect(t, wss);
        const event = once(wss, 'wsClientError');

        raw.write(buildRequest({ ...row.wrong, target: '/x?y' }));

        const [err, socket, req] = await event;

        assert.ok(err instanceof Error);
        assert.strictEqual(err.message, row.message);
        assert.strictEqual(req.url, '/x?y');
        assert.strictEqual(req.socket, socket);

        socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 2\r\n\r\nno');

        const response = await raw.response();

        assert.strictEqual(response.statusLine, 'HTTP/1.1 418 Teapot');
        assert.strictEqual(response.body, 'no');
        await raw.expectEnd();
      });
    });
  });

  for (const value of [
    '',
    ',',
    'foo,',
    ',foo',
    'foo bar',
    'foo,,bar',
    'foo, foo',
    'foo, b"ar'
  ]) {
    it(`refuses the subprotocol list '${value}'`, async (t) => {
      const wss = await startServer(t);
      const response = await rejected(t, wss, {
        headers: { 'Sec-WebSocket-Protocol': value }
      });

      assertRejection(response, rows.at(-1));
    });
  }

  for (const key of [
    '',
    'dGhlIHNhbXBsZSBub25jZQ=',
    'dGhlIHNhbXBsZSBub25jZQ===',
    'dGhlIHNhbXBsZSBub25jZQ',
    'dGhlIHNhbXBsZSBub25jZ!==',
    'dGhlIHNhbXBsZSBub25jZTEyMw=='
  ]) {
    it(`refuses the key '${key}'`, async (t) => {
      const wss = await startServer(t);
      const response = await rejected(t, wss, {
        headers: { 'Sec-WebSocket-Key': key }
      });

      assertRejection(response, rows[2]);
    });
  }

  for (const version of ['', '13, 8', 'x13', '0', '7', '9', '14', '-13']) {
    it(`refuses the version '${version}'`, async (t) => {
      const wss = await startServer(t);
      const response = await rejected(t, wss, {
        headers: { 'Sec-WebSocket-Version': version }
      });

      assertRejection(response, rows[4]);
    });
  }

  // ws takes whatever Number() makes 13 or 8 of.
  it('takes a version in hexadecimal', async (t) => {
    const wss = await startServer(t);
    const { response } = await connectRaw(t, wss, {
      headers: { 'Sec-WebSocket-Version': '0xd' }
    });

    assert.strictEqual(response.status, 101);
  });

  it('refuses a path for which shouldHandle() is false, silently', async (t) => {
    const wss = await startServer(t, { path: '/foo' });

    wss.on('wsClientError', () => assert.fail('must not be emitted'));

    const bad = { status: 400, reason: 'Bad Request', message: 'Bad Request' };

    assertRejection(await rejected(t, wss, { target: '/bar' }), bad);

    // Before the subprotocols are looked at, after the version.
    assertRejection(
      await rejected(t, wss, {
        target: '/bar',
        headers: { 'Sec-WebSocket-Protocol': ';' }
      }),
      bad
    );
  });

  it('looks at the version before shouldHandle()', async (t) => {
    const wss = await startServer(t);

    wss.shouldHandle = () => assert.fail('must not be called');

    const response = await rejected(t, wss, {
      headers: { 'Sec-WebSocket-Version': '12' }
    });

    assertRejection(response, rows[4]);
  });

  it('leaves the socket alone if a listener does not answer', async (t) => {
    const wss = await startServer(t);
    const raw = await RawClient.connect(t, wss);
    const event = once(wss, 'wsClientError');

    raw.write(buildRequest({ method: 'PUT' }));

    const [, socket] = await event;

    await turns(5);
    assert.strictEqual(raw.ended, false);
    assert.strictEqual(raw.buffer.length, 0);

    socket.destroy();
    await raw.expectEnd();
  });

  it('answers 503 once the server is closing', async (t) => {
    const wss = await startServer(t, {
      verifyClient: (info, cb) => {
        wss.close();
        cb(true);
      }
    });
    const response = await rejected(t, wss);

    assertRejection(response, {
      status: 503,
      reason: 'Service Unavailable',
      message: 'Service Unavailable'
    });
  });
});
