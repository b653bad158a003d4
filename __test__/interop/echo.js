'use strict';

//
// Echo servers on each kind of transport, and clients of them, of any
// implementation; and the exchange of messages between two ends.
//

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');

const tls = require('../support/tls');
const { cleanup } = require('../support/cleanup');
const { called, deadline, once } = require('../support/deadline');
const { manage } = require('../support/server');

const host = '127.0.0.1';

/**
 * How a server listens; each takes the options of its WebSocketServer.
 */
const TRANSPORTS = {
  port: { scheme: 'ws' },
  server: { scheme: 'ws', create: () => http.createServer() },
  tls: { scheme: 'wss', create: () => https.createServer(tls.server) }
};

/**
 * Start an echo server.
 *
 * @param {TestContext} t The test that owns it
 * @param {Function} WebSocketServer The class
 * @param {String} transport A key of `TRANSPORTS`
 * @param {Object} options Options of the server
 * @return {Promise<{url: String, wss: WebSocketServer}>} The server
 */
async function startEcho(t, WebSocketServer, transport, options) {
  const { scheme, create } = TRANSPORTS[transport];
  const server = create?.();
  const wss = new WebSocketServer(
    server === undefined
      ? { host, port: 0, ...options }
      : { server, ...options }
  );

  wss.on('connection', echo);

  if (server === undefined) {
    manage(t, wss);
    await once(wss, 'listening');
  } else {
    cleanup(t, () => called((cb) => server.close(cb), 'the server to close'));
    manage(t, wss);
    server.listen(0, host);
    await once(server, 'listening');
  }

  return { url: `${scheme}://localhost:${wss.address().port}`, wss };
}

function echo(ws) {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
}

/**
 * Open a connection.
 *
 * @param {TestContext} t The test that owns it
 * @param {Function} WebSocket The class of the client
 * @param {String} url Where to
 * @param {Object} options Options of the client
 * @return {Promise<WebSocket>} The client
 */
async function dial(t, WebSocket, url, options) {
  const ws = new WebSocket(url, { family: 4, ...tls.trust, ...options });

  cleanup(t, () => ws.terminate());
  await once(ws, 'open');
  return ws;
}

/**
 * Send messages to what sends them back, all before any is awaited, and compare
 * what comes back.
 *
 * @param {WebSocket} ws One end
 * @param {(Buffer|String)[]} messages The messages
 */
async function exchange(ws, messages) {
  const received = [];
  const complete = new Promise((resolve, reject) => {
    ws.on('message', (data, isBinary) => {
      received.push({ data, isBinary });
      if (received.length === messages.length) resolve();
    });
    ws.once('error', reject);
    ws.once('close', (code) => reject(new Error(`closed with ${code}`)));
  });

  for (const message of messages) ws.send(message);
  await deadline(complete, `${messages.length} messages`);

  messages.forEach((message, i) => {
    const { data, isBinary } = received[i];

    assert.strictEqual(isBinary, typeof message !== 'string', `message ${i}`);
    assert.ok(data.equals(Buffer.from(message)), `message ${i}`);
  });
}

/**
 * Close a connection and expect that the other end agrees.
 *
 * @param {WebSocket} ws One end
 */
async function finish(ws) {
  const closed = once(ws, 'close');

  ws.close(1000);
  assert.strictEqual((await closed)[0], 1000);
}

module.exports = { TRANSPORTS, dial, exchange, finish, startEcho };
