'use strict';

//
// The ways by which a connection comes to a server, and to a client: which of
// Node and the core moves its bytes depends on them.
//

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { readdirSync, readlinkSync } = require('node:fs');

const certificates = require('./tls');
const { answer, createClient, socketPath, startHttp } = require('./client');
const { cleanup } = require('./cleanup');
const { once } = require('./deadline');
const { WebSocketServer } = require('./implementation');
const { RawClient } = require('./raw-client');
const { keepServer } = require('./node-server');
const { manage } = require('./server');

/**
 * Transports by name: whether the core adopts the socket, and the options that
 * distinguish them.
 */
const transports = {
  TCP: { isAdopted: true },
  UNIX: { isAdopted: true, isUnix: true },
  TLS: { isAdopted: false, tls: certificates.server }
};

/**
 * Start an HTTP server and a `WebSocketServer` with the option `server`.
 *
 * @param {TestContext} t The test that owns both
 * @param {String} [transport='TCP'] The name of the transport
 * @param {Object} [options] Options of the `WebSocketServer`
 * @return {Promise<Object>} `wss`, `server`, and `connect()` for a raw client
 *     that has done the opening handshake: resolves to `{ raw, ws, req }`
 */
async function startAttached(t, transport = 'TCP', options = {}) {
  const { isUnix, tls: secure } = transports[transport];
  const server = secure ? https.createServer(secure) : http.createServer();
  const wss = new WebSocketServer({ server, ...options });
  const where = isUnix
    ? { path: socketPath(t) }
    : { host: '127.0.0.1', port: 0 };

  keepServer(t, server);
  manage(t, wss);
  server.listen(where);
  await once(server, 'listening');
  if (!isUnix) where.port = server.address().port;

  return {
    server,
    wss,
    where,
    open: () => openRaw(t, where, secure),
    async connect(request) {
      const raw = await openRaw(t, where, secure);
      const connection = once(wss, 'connection');

      await raw.handshake(request);

      const [ws, req] = await connection;

      return { raw, ws, req };
    }
  };
}

/**
 * @private
 */
async function openRaw(t, where, secure) {
  const socket = secure
    ? tls.connect({ ...where, ...certificates.trust, servername: 'localhost' })
    : net.connect({ ...where, allowHalfOpen: true });
  const raw = new RawClient(socket);

  cleanup(t, () => raw.destroy());
  await once(socket, secure ? 'secureConnect' : 'connect');
  return raw;
}

/**
 * Connect a client of the implementation under test to a server that knows only
 * bytes.
 *
 * @param {TestContext} t The test that owns both
 * @param {String} [transport='TCP'] The name of the transport
 * @param {Object} [options] Options of the client
 * @param {Object} [peer] Options of the peer
 * @param {Buffer} [peer.body] What goes out together with the answer
 * @param {Object} [peer.headers] Header fields of the answer
 * @return {Promise<Object>} `ws` and `raw`
 */
async function connectClient(
  t,
  transport = 'TCP',
  options = {},
  { body, headers } = {}
) {
  const { isUnix, tls: secure } = transports[transport];
  let raw;

  const server = await startHttp(t, {
    listen: isUnix ? socketPath(t) : 0,
    tls: secure,
    upgrade(req, socket) {
      raw = new RawClient(socket);
      raw.isServer = true;
      answer(req, socket, headers, body);
    }
  });
  const authority = isUnix
    ? `ws+unix:${server.address()}`
    : `${secure ? 'wss' : 'ws'}://${server.authority}`;
  const ws = createClient(t, authority, {
    perMessageDeflate: false,
    ...certificates.trust,
    ...options
  });

  await once(ws, 'open');
  return { raw, ws };
}

/**
 * Tell who moves the bytes of a connection. The core drives a duplicate of the
 * descriptor that Node has. Reads /proc.
 *
 * @param {WebSocket} ws A WebSocket over a `net.Socket`
 * @return {Boolean} Whether the core does
 */
function isAdopted(ws) {
  return countDescriptors(ws._socket._handle?.fd) > 1;
}

/**
 * @param {Number} fd A descriptor of this process
 * @return {Number} How many there are of the same open file
 */
function countDescriptors(fd) {
  const target = linkOf(fd);

  if (target === undefined) return 0;
  return readdirSync('/proc/self/fd').filter((one) => linkOf(one) === target)
    .length;
}

function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // That of the folder itself.
    return undefined;
  }
}

module.exports = { connectClient, isAdopted, startAttached, transports };
