'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');

const {
  createClient,
  failure,
  respond,
  startHttp
} = require('../support/client');
const { once } = require('../support/deadline');
const { WebSocket } = require('../support/implementation');
const { startRedirecting } = require('../support/redirects');

const followRedirects = true;

describe('WebSocket', () => {
  describe('the `followRedirects` option', () => {
    for (const [location, url] of [
      ['/b', '/b'],
      ['b?c', '/b?c'],
      ['?c', '/a?c'],
      ['//AUTHORITY/b', '/b'],
      ['ws://AUTHORITY/b', '/b'],
      ['http://AUTHORITY/b', '/b']
    ]) {
      for (const scheme of ['ws', 'http']) {
        it(`follows ${location} from ${scheme}:`, async (t) => {
          const locations = {};
          const server = await startRedirecting(t, locations);

          locations['/a'] = location.replace('AUTHORITY', server.authority);

          const ws = createClient(t, `${scheme}://${server.authority}/a`, {
            followRedirects
          });

          assert.strictEqual(ws.url, `ws://${server.authority}/a`);
          await once(ws, 'open');
          assert.strictEqual(ws.url, `ws://${server.authority}${url}`);
          assert.deepStrictEqual(
            server.requests.map((req) => req.url),
            ['/a', url]
          );
        });
      }
    }

    for (const status of [300, 301, 303, 307, 308, 399]) {
      it(`follows the status ${status}`, async (t) => {
        const first = await startHttp(t, {
          upgrade: (req, socket) =>
            respond(socket, status, { Location: `ws://${second.authority}` })
        });
        const second = await startHttp(t);
        const ws = createClient(t, `ws://${first.authority}`, {
          followRedirects
        });

        await once(ws, 'open');
        assert.strictEqual(ws.url, `ws://${second.authority}/`);
      });
    }

    for (const [status, headers] of [
      [201, { Location: '/' }],
      [400, { Location: '/' }],
      [302, {}],
      [302, { Location: '' }]
    ]) {
      const fields = JSON.stringify(headers);

      it(`does not follow ${status} with ${fields}`, async (t) => {
        const server = await startHttp(t, {
          upgrade: (req, socket) => respond(socket, status, headers)
        });
        const ws = createClient(t, `ws://${server.authority}`, {
          followRedirects
        });

        assert.strictEqual(
          (await failure(ws)).message,
          `Unexpected server response: ${status}`
        );
      });
    }

    for (const [location, message] of [
      ['http://', 'Invalid URL: http://'],
      ['ws://a b', 'Invalid URL: ws://a b'],
      ['/b#c', 'The URL contains a fragment identifier'],
      ['ws+unix:', "The URL's pathname is empty"],
      [
        'ftp://localhost',
        'The URL\'s protocol must be one of "ws:", "wss:", "http:", ' +
          '"https:", or "ws+unix:"'
      ]
    ]) {
      it(`fails for ${location}`, async (t) => {
        const server = await startRedirecting(t, { '/': location });
        const ws = createClient(t, `ws://${server.authority}`, {
          followRedirects
        });
        const err = await failure(ws);

        assert.ok(err instanceof SyntaxError);
        assert.strictEqual(err.message, message);
      });
    }

    for (const [maxRedirects, hops, isFollowed] of [
      [0, 1, false],
      [1, 1, true],
      [1, 2, false],
      [undefined, 2, true]
    ]) {
      const options = { followRedirects, maxRedirects };

      // `undefined` is not the default: no number is more than that.
      it(`${isFollowed ? 'follows' : 'refuses'} ${hops} of ${maxRedirects}`, async (t) => {
        const server = await startRedirecting(t, {
          '/0': '/1',
          '/1': hops > 1 ? '/2' : undefined
        });
        const ws = createClient(t, `ws://${server.authority}/0`, options);

        if (isFollowed) {
          await once(ws, 'open');
          assert.strictEqual(server.requests.length, hops + 1);
          return;
        }

        assert.strictEqual(
          (await failure(ws)).message,
          'Maximum redirects exceeded'
        );
        assert.strictEqual(server.requests.length, maxRedirects + 1);
      });
    }

    it('follows ten by default', async (t) => {
      const server = await startHttp(t, {
        upgrade: (req, socket) => respond(socket, 302, { Location: '/' })
      });
      const ws = createClient(t, `ws://${server.authority}`, {
        followRedirects
      });

      assert.strictEqual(
        (await failure(ws)).message,
        'Maximum redirects exceeded'
      );
      assert.strictEqual(server.requests.length, 11);
    });

    it('ends the connection on which it was redirected', async (t) => {
      const server = await startHttp(t, {
        upgrade(req, socket) {
          if (req.url === '/b') return;

          socket.write(
            'HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /b\r\n\r\n'
          );
        }
      });
      const upgraded = once(server, 'upgrade');

      createClient(t, `ws://${server.authority}`, { followRedirects });

      const [, socket] = await upgraded;

      socket.resume();
      await once(socket, 'end');
    });

    it('asks for the same again, with another key', async (t) => {
      const server = await startRedirecting(t, { '/': '/b' });
      const finished = [];
      const ws = createClient(t, `ws://${server.authority}`, ['foo'], {
        followRedirects,
        headers: { 'X-Foo': 'bar' },
        origin: 'http://foo',
        perMessageDeflate: { serverNoContextTakeover: true },
        finishRequest(req, websocket) {
          finished.push([req.path, websocket]);
          req.end();
        }
      });
      const err = await failure(ws);
      const [a, b] = server.requests.map((req) => ({ ...req.headers }));

      assert.strictEqual(err.message, 'Server sent no subprotocol');
      assert.notStrictEqual(a['sec-websocket-key'], b['sec-websocket-key']);
      delete a['sec-websocket-key'];
      delete b['sec-websocket-key'];
      assert.deepStrictEqual(a, b);
      assert.strictEqual(b['x-foo'], 'bar');
      assert.deepStrictEqual(finished, [
        ['/', ws],
        ['/b', ws]
      ]);
    });
  });

  describe("the 'redirect' event", () => {
    it('comes with the URL and the next request', async (t) => {
      const server = await startRedirecting(t, { '/a': '/b', '/b': '/c' });
      const ws = createClient(t, `ws://${server.authority}/a`, {
        followRedirects
      });
      const log = [];

      ws.on('redirect', (url, req) => {
        assert.ok(req instanceof http.ClientRequest);
        assert.strictEqual(url, ws.url);
        assert.strictEqual(ws.readyState, WebSocket.CONNECTING);
        log.push(req.path);
        req.setHeader('x-hop', log.length);
      });
      await once(ws, 'open');
      assert.deepStrictEqual(log, ['/b', '/c']);
      assert.deepStrictEqual(
        server.requests.map((req) => req.headers['x-hop']),
        [undefined, '1', '2']
      );
    });

    for (const method of ['close', 'terminate']) {
      it(`lets a listener call ${method}()`, async (t) => {
        const server = await startRedirecting(t, { '/': '/b' });
        const ws = createClient(t, `ws://${server.authority}`, {
          followRedirects
        });

        ws.on('redirect', () => {
          ws[method]();
          assert.strictEqual(ws.readyState, WebSocket.CLOSING);
        });
        assert.strictEqual(
          (await failure(ws)).message,
          'WebSocket was closed before the connection was established'
        );
        assert.strictEqual(server.requests.length, 1);
      });

      it(`lets a listener destroy the request and ${method}()`, async (t) => {
        const server = await startRedirecting(t, { '/': '/b' });
        const ws = createClient(t, `ws://${server.authority}`, {
          followRedirects
        });

        ws.on('redirect', (url, req) => {
          req.on('error', () => {});
          req.destroy(new Error('foo'));
          ws[method]();
        });
        assert.strictEqual(
          (await failure(ws)).message,
          'WebSocket was closed before the connection was established'
        );
      });
    }

    it('lets a listener destroy the request with an error', async (t) => {
      const server = await startRedirecting(t, { '/': '/b' });
      const ws = createClient(t, `ws://${server.authority}`, {
        followRedirects
      });

      ws.on('redirect', (url, req) => req.destroy(new Error('foo')));
      assert.strictEqual((await failure(ws)).message, 'foo');
    });
  });
});
