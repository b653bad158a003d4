'use strict';

/**
 * The options of a server: their defaults, what can't be meant, and what the
 * core is told of them.
 */

const addon = require('./binding');
const { CLOSE_TIMEOUT } = require('./constants');

const MAX_TIMER = 0x7fffffff;
// As Node's http server.
const HEADERS_TIMEOUT = 60000;
const MAX_INBOUND_BYTES = 1024 * 1024;

// Bits of the configuration's switches, see `src/net/config.rs`.
const AUTO_PONG = 1;
const SKIP_UTF8_VALIDATION = 2;

/**
 * @param {Object} options What the user passed
 * @param {Function} WebSocket The class of the connections by default
 * @return {Object} The same with defaults
 * @throws {(Error|RangeError|TypeError)} If they can't be meant
 */
function parseOptions(options, WebSocket) {
  options = {
    allowSynchronousEvents: true,
    autoPong: true,
    maxBufferedChunks: 256 * 1024,
    maxFragments: 16 * 1024,
    maxPayload: 100 * 1024 * 1024,
    maxPendingAutoPongs: 60,
    skipUTF8Validation: false,
    perMessageDeflate: false,
    handleProtocols: null,
    clientTracking: true,
    closeTimeout: CLOSE_TIMEOUT,
    verifyClient: null,
    noServer: false,
    backlog: null,
    server: null,
    host: null,
    path: null,
    port: null,
    headersTimeout: HEADERS_TIMEOUT,
    heartbeat: null,
    maxInboundBytes: MAX_INBOUND_BYTES,
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

  if (options.port == null) {
    throw new Error(
      'oxws does not support the "server" and "noServer" options yet, only ' +
        '"port"'
    );
  }

  checkHeartbeat(options.heartbeat);
  parsePort(options.port);
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
    headersTimeout: limit(options.headersTimeout ?? HEADERS_TIMEOUT)
  };
}

/**
 * @param {Object} options Options of a server
 * @return {Buffer} The words of a connection's configuration, as
 *     `src/net/config.rs` reads them
 */
function configOf(options) {
  const { heartbeat } = options;
  const words = new Uint32Array(addon.CONFIG_WORD_COUNT);

  words[0] = limit(options.maxPayload);
  words[1] = limit(options.maxFragments);
  words[2] = limit(options.maxBufferedChunks);
  words[3] = limit(options.maxPendingAutoPongs);
  words[4] =
    (options.autoPong ? AUTO_PONG : 0) |
    (options.skipUTF8Validation ? SKIP_UTF8_VALIDATION : 0);
  words[5] = timer(options.closeTimeout);
  words[6] = heartbeat ? timer(heartbeat.interval) : 0;
  words[7] = heartbeat ? timer(heartbeat.timeout) : 0;
  words[8] = byteLimit(options.maxInboundBytes) || MAX_INBOUND_BYTES;

  return Buffer.from(words.buffer);
}

/**
 * @param {*} value A number of bytes that may wait
 * @return {Number} The same, 0 if there is none, at most 2^31 - 1
 */
function byteLimit(value) {
  return value > 0 ? Math.min(Math.trunc(value), 0x7fffffff) : 0;
}

/**
 * As ws: 0 and less turn a limit off.
 *
 * @private
 */
function limit(value) {
  return Math.max(0, value | 0);
}

/**
 * As `setTimeout()`.
 *
 * @private
 */
function timer(milliseconds) {
  return milliseconds >= 1 && milliseconds <= MAX_TIMER
    ? Math.trunc(milliseconds)
    : 1;
}

/**
 * @throws {TypeError} If the option is not as documented
 * @private
 */
function checkHeartbeat(heartbeat) {
  if (!heartbeat) return;

  for (const name of ['interval', 'timeout']) {
    const value = heartbeat[name];

    if (!(typeof value === 'number' && value >= 1 && value <= MAX_TIMER)) {
      throw new TypeError(
        `The "heartbeat.${name}" option must be a number of milliseconds ` +
          `between 1 and ${MAX_TIMER}`
      );
    }
  }
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

  if (typeof value === 'string' && Number.isNaN(+value)) {
    throw new Error('oxws does not listen on pipes and UNIX sockets yet');
  }

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

module.exports = { byteLimit, configOf, listenOptionsOf, parseOptions };
