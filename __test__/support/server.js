'use strict';

const WebSocket = require('ws');

const { cleanup } = require('./cleanup');
const { called, once } = require('./deadline');
const implementation = require('./implementation');
const { RawClient } = require('./raw-client');

/**
 * Start a server of the implementation under test on a port of its own.
 *
 * @param {TestContext} t The test that owns the server
 * @param {Object} [options] Options for the `WebSocketServer` constructor
 * @param {Function} [Server] The class
 * @return {Promise<WebSocketServer>} The server, listening
 */
async function startServer(
  t,
  options,
  Server = implementation.WebSocketServer
) {
  const wss = new Server({ port: 0, host: '127.0.0.1', ...options });

  manage(t, wss);
  await once(wss, 'listening');
  return wss;
}

/**
 * Close a server and all its connections when a test is over.
 *
 * @param {TestContext} t The test that owns the server
 * @param {WebSocketServer} wss The server
 */
function manage(t, wss) {
  const open = new Set();

  wss.on('connection', (ws) => {
    open.add(ws);
    ws.on('close', () => open.delete(ws));
  });

  cleanup(t, async () => {
    const closed = called((cb) => wss.close(cb), 'the server to close');

    for (const ws of open) ws.terminate();
    await closed;
  });
}

/**
 * Connect ws's client.
 *
 * @param {TestContext} t The test that owns the connection
 * @param {WebSocketServer} wss The server
 * @param {Object} [options] Options object
 * @param {String} [options.path='/'] The request target
 * @param {String[]} [options.protocols] The subprotocols
 * @return {Promise<Object>} Both ends, and the request as the server saw it
 */
async function connect(t, wss, { path = '/', protocols = [], ...rest } = {}) {
  const url = `ws://127.0.0.1:${wss.address().port}${path}`;
  const connection = once(wss, 'connection');
  const client = new WebSocket(url, protocols, rest);

  cleanup(t, () => client.terminate());

  const [[ws, req]] = await Promise.all([connection, once(client, 'open')]);

  return { client, ws, req };
}

/**
 * Connect the raw client and do the opening handshake.
 *
 * @param {TestContext} t The test that owns the connection
 * @param {WebSocketServer} wss The server
 * @param {Object} [request] As for `buildRequest()`
 * @return {Promise<Object>} Both ends, the request and the response
 */
async function connectRaw(t, wss, request) {
  const raw = await RawClient.connect(t, wss);
  const connection = once(wss, 'connection');
  const response = await raw.handshake(request);
  const [ws, req] = await connection;

  return { raw, ws, req, response };
}

module.exports = { connect, connectRaw, manage, startServer };
