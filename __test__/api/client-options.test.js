'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');

const {
  createClient,
  failure,
  managed,
  startHttp
} = require('../support/client');
const { once } = require('../support/deadline');
const { WebSocket, beyondReference } = require('../support/implementation');

/** What a server learns of a client with those options. */
async function headersOf(t, options) {
  const server = await startHttp(t);
  const ws = createClient(t, `ws://${server.authority}`, options);

  await once(ws, 'open');
  return { server, ws, headers: server.requests[0].headers };
}

describe('WebSocket', () => {
  describe('the `protocolVersion` option', () => {
    it('is 13 by default', async (t) => {
      const { headers } = await headersOf(t);

      assert.strictEqual(headers['sec-websocket-version'], '13');
    });

    it('may be 8', async (t) => {
      const { headers } = await headersOf(t, { protocolVersion: 8 });

      assert.strictEqual(headers['sec-websocket-version'], '8');
    });

    for (const protocolVersion of [7, 12, 14, '13', null, undefined]) {
      it(`may not be ${JSON.stringify(protocolVersion)}`, () => {
        // Also where the URL can't be meant.
        for (const url of ['ws://localhost', 'foo']) {
          assert.throws(() => new WebSocket(url, { protocolVersion }), {
            name: 'RangeError',
            message:
              `Unsupported protocol version: ${protocolVersion} ` +
              '(supported versions: 8, 13)'
          });
        }
      });
    }
  });

  describe('the request', () => {
    it('has the fields of an opening handshake in this order', async (t) => {
      const { server } = await headersOf(t, {
        headers: { 'X-Foo': 'bar' },
        origin: 'http://foo'
      });
      const [{ rawHeaders, method }] = server.requests;

      rawHeaders[rawHeaders.indexOf('Sec-WebSocket-Key') + 1] = 'KEY';
      assert.strictEqual(method, 'GET');
      assert.deepStrictEqual(rawHeaders, [
        'X-Foo',
        'bar',
        'Sec-WebSocket-Version',
        '13',
        'Sec-WebSocket-Key',
        'KEY',
        'Connection',
        'Upgrade',
        'Upgrade',
        'websocket',
        'Sec-WebSocket-Extensions',
        'permessage-deflate; client_max_window_bits',
        'Origin',
        'http://foo',
        'Host',
        server.authority
      ]);
    });

    it('has a key of 16 random bytes', async (t) => {
      const { headers: a } = await headersOf(t);
      const { headers: b } = await headersOf(t);
      const keys = [a['sec-websocket-key'], b['sec-websocket-key']];

      assert.notStrictEqual(keys[0], keys[1]);
      for (const key of keys) {
        const bytes = Buffer.from(key, 'base64');

        assert.strictEqual(bytes.length, 16);
        assert.strictEqual(bytes.toString('base64'), key);
      }
    });

    it('has the fields of the `headers` option', async (t) => {
      const given = {
        Host: 'foo',
        'X-List': ['a', 'b'],
        'X-Number': 1,
        Upgrade: 'h2c',
        Connection: 'close',
        'Sec-WebSocket-Version': 7
      };
      const { headers } = await headersOf(t, { headers: given });

      assert.strictEqual(headers.host, 'foo');
      assert.strictEqual(headers['x-list'], 'a, b');
      assert.strictEqual(headers['x-number'], '1');
      assert.strictEqual(headers.upgrade, 'websocket');
      assert.strictEqual(headers.connection, 'Upgrade');
      assert.strictEqual(headers['sec-websocket-version'], '13');
      assert.strictEqual(given.Upgrade, 'h2c');
    });

    it('has no Origin field by default', async (t) => {
      const { headers } = await headersOf(t);

      assert.strictEqual(headers.origin, undefined);
    });

    for (const [protocolVersion, name] of [
      [13, 'origin'],
      [8, 'sec-websocket-origin']
    ]) {
      it(`has the \`origin\` option in version ${protocolVersion}`, async (t) => {
        const { headers } = await headersOf(t, {
          origin: 'https://example.test:8000',
          protocolVersion
        });

        assert.strictEqual(headers[name], 'https://example.test:8000');
        assert.ok(!(name === 'origin' && 'sec-websocket-origin' in headers));
        assert.ok(!(name !== 'origin' && 'origin' in headers));
      });
    }
  });

  describe('the `perMessageDeflate` option', () => {
    for (const [perMessageDeflate, offer] of [
      [true, 'permessage-deflate; client_max_window_bits'],
      [{}, 'permessage-deflate; client_max_window_bits'],
      [false, undefined],
      [null, undefined],
      [undefined, undefined],
      [{ clientMaxWindowBits: false }, 'permessage-deflate'],
      [
        {
          clientMaxWindowBits: 10,
          clientNoContextTakeover: true,
          serverMaxWindowBits: 11,
          serverNoContextTakeover: true
        },
        'permessage-deflate; server_no_context_takeover; ' +
          'client_no_context_takeover; server_max_window_bits=11; ' +
          'client_max_window_bits=10'
      ]
    ]) {
      it(`offers for ${JSON.stringify(perMessageDeflate)}`, async (t) => {
        const { headers, ws } = await headersOf(t, { perMessageDeflate });

        assert.strictEqual(headers['sec-websocket-extensions'], offer);
        assert.strictEqual(ws.extensions, '');
      });
    }
  });

  describe('the `finishRequest` option', () => {
    it('ends the request', async (t) => {
      const server = await startHttp(t);
      let seen;
      const options = {
        finishRequest(req, websocket) {
          seen = { req, websocket };
          setImmediate(() => {
            req.setHeader('Cookie', 'a=b');
            req.removeHeader('Sec-WebSocket-Extensions');
            req.end();
          });
        }
      };
      const ws = createClient(t, `ws://${server.authority}`, options);

      assert.ok(seen.req instanceof http.ClientRequest);
      assert.strictEqual(seen.websocket, ws);
      assert.strictEqual(ws._req, seen.req);
      await once(ws, 'open');

      const [{ headers }] = server.requests;

      assert.strictEqual(headers.cookie, 'a=b');
      assert.strictEqual(headers['sec-websocket-extensions'], undefined);
      assert.strictEqual(ws._req, null);
    });
  });

  describe('a subclass', () => {
    it('may have options of its own', async (t) => {
      class Client extends WebSocket {
        constructor(url, options) {
          super(url, 'foo', options);
          this.foo = 'bar';
        }
      }

      const server = await startHttp(t);
      const ws = managed(t, new Client(`ws://${server.authority}`, {}));
      const err = await failure(ws);

      assert.strictEqual(err.message, 'Server sent no subprotocol');
      assert.strictEqual(ws.foo, 'bar');
    });
  });

  describe('the `heartbeat` option', beyondReference, () => {
    for (const heartbeat of [
      {},
      true,
      { interval: 0, timeout: 1 },
      { interval: 1 },
      { interval: 1, timeout: '1' },
      { interval: 2 ** 31, timeout: 1 }
    ]) {
      it(`may not be ${JSON.stringify(heartbeat)}`, () => {
        assert.throws(() => new WebSocket('ws://localhost', { heartbeat }), {
          name: 'TypeError',
          message:
            /^The "heartbeat\.(interval|timeout)" option must be a number/
        });
      });
    }
  });
});
