'use strict';

/**
 * The sockets that a client connects where neither an agent nor the user's
 * `createConnection` does. Node has the same for HTTP; a socket path and the
 * name of the server are decided here as in ws.
 */

const net = require('net');
const tls = require('tls');

/**
 * @param {Object} options The options of the request
 * @return {net.Socket} A socket that connects
 */
function connectNet(options) {
  // To `net.connect()` a path is a socket's.
  options.path = options.socketPath;
  return net.connect(options);
}

/**
 * @param {Object} options The options of the request
 * @return {tls.TLSSocket} A socket that connects
 */
function connectTls(options) {
  options.path = undefined;

  // RFC 6066 §3: literal addresses are not permitted as a server name. An empty
  // one means that none is sent.
  if (!options.servername && options.servername !== '') {
    options.servername = net.isIP(options.host) ? '' : options.host;
  }

  return tls.connect(options);
}

module.exports = { connectNet, connectTls };
