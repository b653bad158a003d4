'use strict';

/**
 * The options of a server: their defaults, what can't be meant, and what the
 * core is told of them.
 */

const {
  CONNECTION_DEFAULTS,
  checkHeartbeat,
  limit
} = require('./connection-options');

// As Node's http server.
const HEADERS_TIMEOUT = 60000;

/**
 * @param {Object} options What the user passed
 * @param {Function} WebSocket The class of the connections by default
 * @return {Object} The same with defaults
 * @throws {(Error|RangeError|TypeError)} If they can't be meant
 */
function parseOptions(options, WebSocket) {
  options = {
    ...CONNECTION_DEFAULTS,
    perMessageDeflate: false,
    handleProtocols: null,
    clientTracking: true,
    verifyClient: null,
    noServer: false,
    backlog: null,
    server: null,
    host: null,
    path: null,
    port: null,
    headersTimeout: HEADERS_TIMEOUT,
    maxInboundBytesTotal: null,
    WebSocket,
    ...options
  };

  if (
    (options.port == null && !options.server && !options.noServer) ||
    (options.port != null && (options.server || options.noServer)) ||
    (options.server && options.noServer)
  ) {
    throw new TypeError(
      'One and only one of the "port", "server", or "noServer" options ' +
        'must be specified'
    );
  }

  checkHeartbeat(options.heartbeat);
  if (options.perMessageDeflate === true) options.perMessageDeflate = {};

  return options;
}

/**
 * @param {Object} options Options of a server
 * @return {Object} How its listener listens
 */
function listenOptionsOf(options) {
  return {
    port: parsePort(options.port),
    host: options.host,
    backlog: options.backlog | 0,
    headersTimeout: headersTimeoutOf(options)
  };
}

/**
 * @param {Object} options Options of a server
 * @return {Number} Milliseconds for a request's head, 0 for no limit
 */
function headersTimeoutOf({ headersTimeout }) {
  return limit(headersTimeout ?? HEADERS_TIMEOUT);
}

/**
 * @return {Number} The port
 * @throws {RangeError} If it is none, as `net.Server` does
 * @private
 */
function parsePort(value) {
  const isPort =
    (typeof value === 'number' ||
      (typeof value === 'string' && value.trim() !== '')) &&
    +value === +value >>> 0 &&
    +value <= 0xffff;

  if (isPort) return +value;

  const received =
    typeof value === 'number' || typeof value === 'string'
      ? `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : value})`
      : `type ${typeof value}`;
  const err = new RangeError(
    `options.port should be >= 0 and < 65536. Received ${received}.`
  );

  err.code = 'ERR_SOCKET_BAD_PORT';
  throw err;
}

/**
 * As `net.Server`: a string that is no number is the path of a UNIX socket or a
 * pipe. What is neither string nor number is Node's to refuse.
 *
 * @param {*} port The option of that name
 * @return {Boolean} Whether it is a port
 */
function isPort(port) {
  return (
    typeof port === 'number' || (typeof port === 'string' && Number(port) >= 0)
  );
}

module.exports = { headersTimeoutOf, isPort, listenOptionsOf, parseOptions };
