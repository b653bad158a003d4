'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');

const { once } = require('../support/deadline');
const { buildRequest } = require('../support/handshake');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');

describe('The request', () => {
  it('is an http.IncomingMessage', async (t) => {
    const wss = await startServer(t);
    const { ws, req, raw } = await connectRaw(t, wss, {
      target: '/a/b?c=d%20e'
    });

    assert.ok(req instanceof http.IncomingMessage);
    assert.strictEqual(req.url, '/a/b?c=d%20e');
    assert.strictEqual(req.method, 'GET');
    assert.strictEqual(req.httpVersion, '1.1');
    assert.strictEqual(req.httpVersionMajor, 1);
    assert.strictEqual(req.httpVersionMinor, 1);
    assert.strictEqual(req.socket, ws._socket);
    assert.strictEqual(req.connection, req.socket);
    assert.strictEqual(req.socket.remoteAddress, '127.0.0.1');
    assert.strictEqual(req.socket.remotePort, raw.socket.localPort);
  });

  it('has the headers, lower case, and the raw headers', async (t) => {
    const wss = await startServer(t);
    const { req } = await connectRaw(t, wss, {
      headers: { Host: 'example.com:80', 'X-MiXed': '  a b\t' }
    });

    assert.deepStrictEqual(req.rawHeaders, [
      'Host',
      'example.com:80',
      'Upgrade',
      'websocket',
      'Connection',
      'Upgrade',
      'Sec-WebSocket-Key',
      'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version',
      '13',
      'X-MiXed',
      'a b'
    ]);
    assert.deepStrictEqual(Object.entries(req.headers), [
      ['host', 'example.com:80'],
      ['upgrade', 'websocket'],
      ['connection', 'Upgrade'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['sec-websocket-version', '13'],
      ['x-mixed', 'a b']
    ]);
  });

  it('joins repeated headers as Node does', async (t) => {
    const wss = await startServer(t);
    const { req } = await connectRaw(t, wss, {
      headers: {
        Cookie: ['a=1', 'b=2'],
        'X-Foo': ['x', 'y'],
        'Set-Cookie': ['c=3', 'd=4'],
        'User-Agent': ['first', 'second'],
        Origin: ['https://a', 'https://b'],
        Authorization: ['one', 'two'],
        Accept: ['p', 'q'],
        'X-Empty': ['', 'z'],
        __proto__x: 'w'
      }
    });

    assert.strictEqual(req.headers.cookie, 'a=1; b=2');
    assert.strictEqual(req.headers['x-foo'], 'x, y');
    assert.deepStrictEqual(req.headers['set-cookie'], ['c=3', 'd=4']);
    assert.strictEqual(req.headers['user-agent'], 'first');
    assert.strictEqual(req.headers.origin, 'https://a, https://b');
    assert.strictEqual(req.headers.authorization, 'one');
    assert.strictEqual(req.headers.accept, 'p, q');
    assert.strictEqual(req.headers['x-empty'], ', z');
    assert.strictEqual(req.headers.__proto__x, 'w');
    assert.deepStrictEqual(req.headersDistinct['x-foo'], ['x', 'y']);
  });

  it('shows its headers to those who print it', async (t) => {
    const wss = await startServer(t);
    const { req } = await connectRaw(t, wss, { headers: { 'X-Foo': 'bar' } });

    assert.match(inspect(req), /rawHeaders: \[[^\]]*'X-Foo',\s*'bar'/);
    assert.ok(Object.keys(req).includes('rawHeaders'));
  });

  it('lets headers be replaced before they are read', async (t) => {
    const wss = await startServer(t);
    const one = (await connectRaw(t, wss)).req;
    const other = (await connectRaw(t, wss)).req;

    one.headers = { host: 'a' };
    assert.deepStrictEqual(one.headers, { host: 'a' });
    assert.strictEqual(one.rawHeaders[2], 'Upgrade');

    other.rawHeaders = ['X', 'y'];
    assert.deepStrictEqual(other.rawHeaders, ['X', 'y']);
    assert.strictEqual(other.complete, true);
    assert.deepStrictEqual(other.rawTrailers, []);
  });

  it('reads header values as latin1', async (t) => {
    const wss = await startServer(t);
    const raw = await RawClient.connect(t, wss);
    const connection = once(wss, 'connection');

    raw.write(
      Buffer.from(buildRequest({ headers: { 'X-Foo': 'caf\xe9' } }), 'latin1')
    );

    const [, req] = await connection;

    assert.strictEqual(req.headers['x-foo'], 'caf\xe9');
  });

  it('keeps a target in absolute form', async (t) => {
    const wss = await startServer(t);
    const { req } = await connectRaw(t, wss, { target: 'http://h:1/x?y' });

    assert.strictEqual(req.url, 'http://h:1/x?y');
  });

  it('is one object in all places', async (t) => {
    const seen = [];
    const wss = await startServer(t, {
      verifyClient: ({ req }, cb) => {
        seen.push(req);
        cb(true);
      },
      handleProtocols: (protocols, req) => {
        seen.push(req);
        return 'a';
      }
    });

    wss.on('headers', (headers, req) => seen.push(req));
    wss.shouldHandle = (req) => seen.push(req);

    const { req } = await connectRaw(t, wss, {
      headers: { 'Sec-WebSocket-Protocol': 'a' }
    });

    assert.strictEqual(seen.length, 4);
    assert.ok(seen.every((one) => one === req));
  });

  it('may carry properties of the user', async (t) => {
    const wss = await startServer(t, {
      verifyClient: ({ req }) => {
        req.user = 'me';
        return true;
      }
    });
    const { req } = await connectRaw(t, wss);

    assert.strictEqual(req.user, 'me');
  });
});
