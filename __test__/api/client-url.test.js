'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const tls = require('../support/tls');
const { createClient, socketPath, startHttp } = require('../support/client');
const { once } = require('../support/deadline');
const { WebSocket } = require('../support/implementation');

const unixOnly = {
  skip: process.platform === 'win32' ? 'there are no UNIX sockets' : false
};

/** The request of a client that is never sent. */
function requestOf(t, url, options) {
  let ws;
  const requests = [];

  // Thrown before there is a connection, so that nothing has to be ended.
  assert.throws(
    () => {
      ws = createClient(t, url, {
        ...options,
        createConnection: undefined,
        finishRequest: undefined,
        agent: {
          addRequest(req, requestOptions) {
            requests.push({ req, options: requestOptions });
            throw new Error('seen');
          }
        }
      });
    },
    { message: 'seen' }
  );
  assert.strictEqual(ws, undefined);
  return requests[0];
}

describe('WebSocket', () => {
  describe('#constructor', () => {
    describe('with a URL that is none', () => {
      const protocolMessage =
        'The URL\'s protocol must be one of "ws:", "wss:", "http:", ' +
        '"https:", or "ws+unix:"';
      const fragmentMessage = 'The URL contains a fragment identifier';

      for (const [address, message] of [
        [undefined, 'Invalid URL: undefined'],
        ['', 'Invalid URL: '],
        ['foo', 'Invalid URL: foo'],
        ['//localhost', 'Invalid URL: //localhost'],
        ['ws://', 'Invalid URL: ws://'],
        ['ws://a b', 'Invalid URL: ws://a b'],
        ['ftp://localhost', protocolMessage],
        ['wss+unix:/socket', protocolMessage],
        [new URL('file:///socket'), protocolMessage],
        ['ws+unix:', "The URL's pathname is empty"],
        ['ws+unix:?x', "The URL's pathname is empty"],
        ['ws://localhost#x', fragmentMessage],
        ['https://localhost#x', fragmentMessage],
        [new URL('ws+unix:/socket#x'), fragmentMessage]
      ]) {
        it(`throws for ${address}`, () => {
          assert.throws(() => new WebSocket(address), {
            name: 'SyntaxError',
            message
          });
        });
      }

      it('ignores an empty fragment', (t) => {
        const { req } = requestOf(t, 'ws://localhost/#');

        assert.strictEqual(req.path, '/');
      });
    });

    it('says by the URL alone where the request goes', (t) => {
      const { options, req } = requestOf(t, 'ws://localhost:81/path?a=b', {
        host: 'x',
        hostname: 'x',
        method: 'POST',
        path: '/x',
        port: 1,
        protocol: 'x:',
        socketPath: '/x',
        timeout: 1
      });

      assert.strictEqual(req.method, 'GET');
      assert.strictEqual(req.path, '/path?a=b');
      assert.strictEqual(req.getHeader('host'), 'localhost:81');
      assert.strictEqual(options.host, 'localhost');
      assert.strictEqual(options.port, '81');
      assert.ok(!options.socketPath);
      assert.ok(!options.timeout);
    });

    for (const [url, host, port] of [
      ['ws://localhost', 'localhost', 80],
      ['ws://localhost:80', 'localhost', 80],
      ['ws://localhost:443', 'localhost:443', '443'],
      ['http://localhost', 'localhost', 80],
      ['wss://localhost', 'localhost', 443],
      ['wss://localhost:443', 'localhost', 443],
      ['wss://localhost:80', 'localhost:80', '80'],
      ['https://localhost', 'localhost', 443],
      ['ws://[::1]', '[::1]', 80],
      ['ws://[::1]:8080', '[::1]:8080', '8080'],
      ['ws://EXAMPLE.test', 'example.test', 80]
    ]) {
      it(`asks ${host} at port ${port} for ${url}`, (t) => {
        const { options, req } = requestOf(t, url);

        assert.strictEqual(req.getHeader('host'), host);
        assert.strictEqual(options.port, port);
        assert.strictEqual(
          options.host,
          new URL(url).hostname.replace(/[[\]]/g, '')
        );
        assert.strictEqual(req.path, '/');
      });
    }

    it('leaves the port out of the Host field if it is `defaultPort`', (t) => {
      const { options, req } = requestOf(t, 'ws://localhost:81', {
        defaultPort: 81
      });

      assert.strictEqual(req.getHeader('host'), 'localhost');
      assert.strictEqual(options.port, '81');
    });

    for (const [userinfo, credentials] of [
      ['foo:bar', 'foo:bar'],
      ['foo', 'foo:'],
      [':bar', ':bar'],
      ['f%40o:b%3Ar%20', 'f@o:b:r '],
      ['%E2%82%AC:1', '€:1'],
      ['100%:%zz', '100%:%zz']
    ]) {
      it(`sends the userinfo ${userinfo}`, (t) => {
        const { options } = requestOf(t, `ws://${userinfo}@localhost`, {
          auth: 'less:important'
        });

        assert.strictEqual(options.auth, credentials);
      });
    }

    it('sends the `auth` option', (t) => {
      const { req } = requestOf(t, 'ws://localhost', { auth: 'foo:bar' });

      assert.strictEqual(req.getHeader('authorization'), 'Basic Zm9vOmJhcg==');
    });

    it('does not change a URL object', async (t) => {
      const server = await startHttp(t);
      const url = new URL(`http://${server.authority}/x`);
      const ws = createClient(t, url);

      await once(ws, 'open');
      assert.strictEqual(url.href, `http://${server.authority}/x`);
      assert.strictEqual(ws.url, `ws://${server.authority}/x`);
    });

    for (const scheme of ['ws', 'http']) {
      it(`connects to ${scheme}:`, async (t) => {
        const server = await startHttp(t);
        const ws = createClient(t, `${scheme}://${server.authority}`);

        await once(ws, 'open');
        assert.strictEqual(ws.url, `ws://${server.authority}/`);
      });
    }

    for (const scheme of ['wss', 'https']) {
      it(`connects to ${scheme}:`, async (t) => {
        const server = await startHttp(t, { tls: tls.server });
        const ws = createClient(
          t,
          `${scheme}://${server.authority}`,
          tls.trust
        );

        await once(ws, 'open');
        assert.strictEqual(ws.url, `wss://${server.authority}/`);
      });
    }

    for (const [suffix, target] of [
      ['', '/'],
      [':', '/'],
      [':/path?a=b', '/path?a=b'],
      [':/path:with:colons', '/path:with:colons']
    ]) {
      it(`connects to ws+unix:SOCKET${suffix}`, unixOnly, async (t) => {
        const path = socketPath(t);
        const server = await startHttp(t, { listen: path });
        const ws = createClient(t, `ws+unix:${path}${suffix}`);

        await once(ws, 'open');

        const [req] = server.requests;

        assert.strictEqual(req.url, target);
        assert.strictEqual(req.headers.host, 'localhost');
        assert.strictEqual(ws.url, `ws+unix:${path}${suffix}`);
      });
    }
  });
});
