'use strict';

//
// Who listens in the processes of a run: the core, or a server of Node's. It is
// the same for all of them, so that it is passed on by the environment.
//

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');

const certificates = require('../support/tls');
const { WebSocketServer } = require('../support/implementation');

const VARIABLE = 'OXWS_SOAK_MODE';
const MODES = ['port', 'server', 'tls'];
const ADDRESS = { port: 0, host: '127.0.0.1' };

/**
 * @return {String} One of `MODES`
 */
function currentMode() {
  return process.env[VARIABLE] || MODES[0];
}

/**
 * @param {String} mode One of `MODES`, for this process and those that it starts
 */
function setMode(mode) {
  process.env[VARIABLE] = mode;
}

/**
 * Start a server.
 *
 * @param {Object} [options] Options of the `WebSocketServer`
 * @param {Function} [callback] A listener of 'listening'
 * @return {WebSocketServer} The server; whom it takes its connections from is
 *     closed with it
 */
function listen(options, callback) {
  const mode = currentMode();

  if (mode === 'port') {
    return new WebSocketServer({ ...ADDRESS, ...options }, callback);
  }

  const server =
    mode === 'tls'
      ? https.createServer(certificates.server)
      : http.createServer();
  const wss = new WebSocketServer({ server, ...options });
  const { close } = wss;

  wss.close = () => {
    server.close();
    close.call(wss);
  };
  if (callback) wss.on('listening', callback);
  server.listen(ADDRESS);
  return wss;
}

/**
 * @param {Object} options Options of `net.connect()`
 * @return {net.Socket} A socket that connects to such a server
 */
function connect(options) {
  if (currentMode() !== 'tls') return net.connect(options);

  return tls.connect({ ...options, rejectUnauthorized: false });
}

module.exports = { MODES, connect, currentMode, listen, setMode };
