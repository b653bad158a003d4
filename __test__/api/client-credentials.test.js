'use strict';

const assert = require('node:assert');
const net = require('node:net');
const tls = require('node:tls');
const { describe, it } = require('node:test');

const certificates = require('../support/tls');
const { createClient, socketPath } = require('../support/client');
const { once } = require('../support/deadline');
const { startRedirecting } = require('../support/redirects');

const basic = (auth) => `Basic ${Buffer.from(auth).toString('base64')}`;

const HEADERS = { Authorization: 'Bearer foo', COOKIE: 'a=b', hOST: 'bar' };
const followRedirects = true;
const unixOnly = {
  skip: process.platform === 'win32' ? 'there are no UNIX sockets' : false
};

/** What a server learnt by each request. */
function credentials({ requests }) {
  return requests.map(({ headers }) => ({
    authorization: headers.authorization,
    cookie: headers.cookie,
    host: headers.host
  }));
}

const ALL = { authorization: 'Bearer foo', cookie: 'a=b', host: 'bar' };

function none(host) {
  return { authorization: undefined, cookie: undefined, host };
}

/** Two servers: /a of the first leads to /b of the second. */
async function startTwo(t) {
  const locations = {};
  const first = await startRedirecting(t, locations);
  const second = await startRedirecting(t);

  locations['/a'] = `ws://${second.authority}/b`;
  return { first, second, locations, url: `ws://${first.authority}/a` };
}

/** A host of which port 443 speaks TLS and port 80 does not. */
async function startHost(t, { secure = {}, plain = {} }) {
  const host = {
    secure: await startRedirecting(t, secure, { tls: certificates.server }),
    plain: await startRedirecting(t, plain)
  };

  return {
    ...host,
    createConnection({ port }) {
      return port === 443
        ? tls.connect({
            ...certificates.trust,
            host: 'localhost',
            port: host.secure.port,
            servername: 'example.test'
          })
        : net.connect({ host: 'localhost', port: host.plain.port });
    }
  };
}

describe('WebSocket', () => {
  describe('the credentials of a client that is redirected', () => {
    it('are sent to the same host again', async (t) => {
      const server = await startRedirecting(t, { '/a': '/b' });
      const headers = { ...HEADERS };
      const ws = createClient(t, `ws://${server.authority}/a`, {
        followRedirects,
        headers
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(server), [ALL, ALL]);
      assert.deepStrictEqual(headers, HEADERS);
    });

    it('are not sent to another host', async (t) => {
      const { first, second, url } = await startTwo(t);
      const options = { followRedirects, headers: HEADERS };
      const ws = createClient(t, url, options);

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(first), [ALL]);
      assert.deepStrictEqual(credentials(second), [none(second.authority)]);
      assert.deepStrictEqual(options, { followRedirects, headers: HEADERS });
    });

    it('are sent to the first host again after another one', async (t) => {
      const { first, second, locations, url } = await startTwo(t);

      locations['/a'] = `ws://${second.authority}/b`;
      second.removeAllListeners('upgrade');
      second.on('upgrade', (req, socket) => {
        socket.end(
          'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n' +
            `Location: ws://${first.authority}/c\r\n\r\n`
        );
      });

      const ws = createClient(t, url, { followRedirects, headers: HEADERS });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(first), [ALL, ALL]);
    });

    it('are sent anywhere if there are listeners', async (t) => {
      const { second, url } = await startTwo(t);
      const ws = createClient(t, url, { followRedirects, headers: HEADERS });

      ws.on('redirect', () => {});
      await once(ws, 'open');
      assert.deepStrictEqual(credentials(second), [ALL]);
    });

    it('are not sent over a less secure connection', async (t) => {
      const { createConnection, plain, secure } = await startHost(t, {
        secure: { '/a': 'ws://example.test/b' }
      });
      const ws = createClient(t, 'wss://example.test/a', {
        createConnection,
        followRedirects,
        headers: HEADERS
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(secure), [ALL]);
      assert.deepStrictEqual(credentials(plain), [none('bar')]);
    });

    it('are sent over a more secure connection', async (t) => {
      const { createConnection, secure } = await startHost(t, {
        plain: { '/a': 'wss://example.test/b' }
      });
      const ws = createClient(t, 'ws://example.test/a', {
        createConnection,
        followRedirects,
        headers: HEADERS
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(secure), [ALL]);
    });
  });

  describe('the credentials of a client that is redirected by IPC', () => {
    it('are sent to the same socket again', unixOnly, async (t) => {
      const path = socketPath(t);
      const server = await startRedirecting(
        t,
        { '/a': `ws+unix:${path}:/b` },
        { listen: path }
      );
      const ws = createClient(t, `ws+unix:${path}:/a`, {
        followRedirects,
        headers: HEADERS
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(server), [ALL, ALL]);
    });

    it('are not sent to another socket', unixOnly, async (t) => {
      const paths = [socketPath(t), socketPath(t)];

      await startRedirecting(
        t,
        { '/a': `ws+unix:${paths[1]}:/b` },
        { listen: paths[0] }
      );

      const other = await startRedirecting(t, {}, { listen: paths[1] });
      const ws = createClient(t, `ws+unix:${paths[0]}:/a`, {
        auth: 'foo:bar',
        followRedirects,
        headers: HEADERS
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(other), [none('localhost')]);
    });

    it('are not sent from a socket to a host', unixOnly, async (t) => {
      const path = socketPath(t);
      const server = await startRedirecting(t);

      await startRedirecting(
        t,
        { '/a': `ws://${server.authority}/b` },
        { listen: path }
      );

      const ws = createClient(t, `ws+unix:${path}:/a`, {
        auth: 'foo:bar',
        followRedirects,
        headers: { Cookie: 'a=b' }
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(server), [none(server.authority)]);
    });

    it('are not sent from a host to a socket of its name', async (t) => {
      const server = await startRedirecting(t, {
        '/a': 'ws+unix:example.test:/b'
      });
      const ws = createClient(t, 'ws://example.test/a', {
        createConnection: () =>
          net.connect({ host: 'localhost', port: server.port }),
        followRedirects,
        headers: { Cookie: 'a=b' }
      });

      await once(ws, 'open');
      assert.deepStrictEqual(
        credentials(server).map((learnt) => learnt.cookie),
        ['a=b', undefined]
      );
    });

    it('are not sent from a host to a socket', unixOnly, async (t) => {
      const path = socketPath(t);
      const server = await startRedirecting(t, {
        '/a': `ws+unix:${path}:/b`
      });
      const ipc = await startRedirecting(t, {}, { listen: path });
      const ws = createClient(t, `ws://${server.authority}/a`, {
        auth: 'foo:bar',
        followRedirects,
        headers: { Cookie: 'a=b' }
      });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(ipc), [none('localhost')]);
    });
  });

  for (const [name, userinfo, options] of [
    ['`auth` option', '', { auth: 'foo:bar' }],
    ['userinfo', 'foo:bar@', {}]
  ]) {
    describe(`the ${name} of a client that is redirected`, () => {
      it('is sent to the same host again', async (t) => {
        const server = await startRedirecting(t, { '/a': '/b', '/b': '/c' });
        const ws = createClient(t, `ws://${userinfo}${server.authority}/a`, {
          ...options,
          followRedirects
        });

        await once(ws, 'open');
        assert.deepStrictEqual(
          credentials(server).map((learnt) => learnt.authorization),
          [basic('foo:bar'), basic('foo:bar'), basic('foo:bar')]
        );
      });

      it('is not sent to another host', async (t) => {
        const { first, second, url } = await startTwo(t);
        const ws = createClient(t, url.replace('//', `//${userinfo}`), {
          ...options,
          followRedirects
        });

        await once(ws, 'open');
        assert.strictEqual(
          credentials(first)[0].authorization,
          basic('foo:bar')
        );
        assert.deepStrictEqual(credentials(second), [none(second.authority)]);
      });

      it('is sent anywhere if there are listeners', async (t) => {
        const { second, url } = await startTwo(t);
        const ws = createClient(t, url.replace('//', `//${userinfo}`), {
          ...options,
          followRedirects
        });

        ws.on('redirect', () => {});
        await once(ws, 'open');
        assert.strictEqual(
          credentials(second)[0].authorization,
          basic('foo:bar')
        );
      });

      it('wins over that of the redirect', async (t) => {
        const locations = { '/b': '/c' };
        const server = await startRedirecting(t, locations);

        locations['/a'] = `ws://baz:qux@${server.authority}/b`;

        const ws = createClient(t, `ws://${userinfo}${server.authority}/a`, {
          ...options,
          followRedirects
        });

        await once(ws, 'open');
        assert.deepStrictEqual(
          credentials(server).map((learnt) => learnt.authorization),
          [basic('foo:bar'), basic('foo:bar'), basic('foo:bar')]
        );
      });
    });
  }

  describe('the userinfo of a redirect', () => {
    it('is sent to the same host, also later', async (t) => {
      const locations = { '/b': '/c' };
      const server = await startRedirecting(t, locations);

      locations['/a'] = `ws://baz:qux@${server.authority}/b`;

      const ws = createClient(t, `ws://${server.authority}/a`, {
        followRedirects
      });

      await once(ws, 'open');
      assert.deepStrictEqual(
        credentials(server).map((learnt) => learnt.authorization),
        [undefined, basic('baz:qux'), basic('baz:qux')]
      );
    });

    it('is not sent to another host', async (t) => {
      const { second, locations, url } = await startTwo(t);

      locations['/a'] = `ws://baz:qux@${second.authority}/b`;

      const ws = createClient(t, url, { followRedirects });

      await once(ws, 'open');
      assert.deepStrictEqual(credentials(second), [none(second.authority)]);
    });
  });
});
