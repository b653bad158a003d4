'use strict';

//
// Clients of the implementation under test, and HTTP servers for them that
// answer as a test wants.
//

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { mkdtempSync, rmSync } = require('node:fs');

const { cleanup } = require('./cleanup');
const { once, turns } = require('./deadline');
const { acceptFor } = require('./handshake');
const { keepServer } = require('./node-server');
const { WebSocket } = require('./implementation');
const { record } = require('./record');

/**
 * Start an HTTP server.
 *
 * @param {TestContext} t The test that owns the server
 * @param {Object} [options] Options object
 * @param {(Number|String)} [options.listen=0] The port, or the path of a socket
 * @param {Object} [options.tls] Options of an https server
 * @param {Function} [options.upgrade] Listener of 'upgrade'; by default it
 *     accepts. `null`: none, so that there is a 'request'
 * @return {Promise<http.Server>} The server, with `authority` and `port`, and
 *     `requests` that it saw
 */
async function startHttp(t, { listen = 0, tls, upgrade = accept } = {}) {
  const server = tls ? https.createServer(tls) : http.createServer();

  server.requests = [];
  for (const event of ['request', 'upgrade']) {
    if (event === 'request' || upgrade !== null) {
      server.on(event, (req) => server.requests.push(req));
    }
  }

  if (upgrade !== null) server.on('upgrade', upgrade);
  server.on(tls ? 'secureConnection' : 'connection', (socket) => {
    socket.on('error', () => {});
  });
  keepServer(t, server);

  if (typeof listen === 'string') server.listen(listen);
  else server.listen(listen, '127.0.0.1');
  await once(server, 'listening');

  if (typeof listen !== 'string') {
    server.port = server.address().port;
    server.authority = `localhost:${server.port}`;
  }

  return server;
}

/**
 * Write an answer that agrees to an opening handshake.
 *
 * @param {http.IncomingMessage} req The request
 * @param {Duplex} socket Its socket
 * @param {Object} [headers] Fields that replace those of the answer; `undefined`
 *     drops one
 * @param {Buffer} [body] What goes out with it
 */
function answer(req, socket, headers, body = Buffer.alloc(0)) {
  const fields = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptFor(req.headers['sec-websocket-key']),
    ...headers
  };
  const lines = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);

  socket.write(
    Buffer.concat([
      Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`),
      body
    ])
  );
}

function accept(req, socket) {
  answer(req, socket);
}

/**
 * Write an answer that is no upgrade, and end.
 *
 * @param {Duplex} socket The socket
 * @param {Number} status The status
 * @param {Object} [headers] Header fields
 * @param {String} [body=''] The body
 */
function respond(socket, status, headers = {}, body = '') {
  const lines = Object.entries({ 'Content-Length': body.length, ...headers });

  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n` +
      lines.map(([name, value]) => `${name}: ${value}\r\n`).join('') +
      `\r\n${body}`
  );
}

/**
 * Create a client that is ended with its test.
 *
 * @param {TestContext} t The test that owns the client
 * @param {...*} args The arguments of the constructor
 * @return {WebSocket} The client
 */
function createClient(t, ...args) {
  return managed(t, new WebSocket(...args));
}

/**
 * @param {TestContext} t The test that owns the client
 * @param {WebSocket} ws The client
 * @return {WebSocket} The same
 */
function managed(t, ws) {
  cleanup(t, async () => {
    if (ws.readyState === WebSocket.CLOSED) return;

    const closed = once(ws, 'close');

    ws.on('error', () => {});
    ws.terminate();
    await closed;
  });

  return ws;
}

/**
 * Wait until a client has failed, as each has to: with 'error' and 'close', once
 * each and in this order.
 *
 * @param {WebSocket} ws The client
 * @return {Promise<Error>} The error
 */
async function failure(ws) {
  const { log, until } = record(ws);

  await until('close');
  await turns(3);
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['error', 'close']
  );
  assert.strictEqual(log[1][1], 1006);
  assert.strictEqual(log[1][2].length, 0);
  assert.strictEqual(ws.readyState, WebSocket.CLOSED);

  return log[0][1];
}

/**
 * @param {TestContext} t The test that owns it
 * @return {String} The path of a socket that does not exist yet
 */
function socketPath(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'oxws-'));

  cleanup(t, () => rmSync(folder, { recursive: true }));
  return path.join(folder, 'socket');
}

module.exports = {
  answer,
  createClient,
  failure,
  managed,
  respond,
  socketPath,
  startHttp
};
