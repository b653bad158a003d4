'use strict';

/**
 * The options that the connections of a server and a client have in common.
 */

const addon = require('./binding');
const { CLOSE_TIMEOUT } = require('./constants');
const { deflateWordsOf, extensionName } = require('./permessage-deflate');

// What `setTimeout()` takes.
const MAX_TIMER = 0x7fffffff;
const MAX_INBOUND_BYTES = 1024 * 1024;

// Bits of the configuration's switches, see `src/net/config.rs`.
const AUTO_PONG = 1;
const SKIP_UTF8_VALIDATION = 2;
const CLIENT = 4;

// What `configOf()` returns.
const words = new Uint32Array(addon.CONFIG_WORD_COUNT);
const config = Buffer.from(words.buffer);

// The options that it tells.
const NOTHING = Object.freeze({});
let written = NOTHING;

/**
 * Those of ws come first; the others are ours.
 */
const CONNECTION_DEFAULTS = Object.freeze({
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: CLOSE_TIMEOUT,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,

  heartbeat: null,
  maxInboundBytes: MAX_INBOUND_BYTES
});

/**
 * @param {*} heartbeat The option of that name; none if it is falsy
 * @throws {TypeError} If it is not as documented
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
 * @param {Object} options Options of a server or a client
 * @param {Boolean} isServer Whether we are the server
 * @param {Object} extensions The accepted extensions
 * @return {Buffer} The words of a connection's configuration, as
 *     `src/net/config.rs` reads them. The next call overwrites them
 */
function configOf(options, isServer, extensions) {
  const { [extensionName]: perMessageDeflate } = extensions;

  // Most connections have the options of the one before.
  if (
    options.autoPong !== written.autoPong ||
    options.closeTimeout !== written.closeTimeout ||
    options.maxBufferedChunks !== written.maxBufferedChunks ||
    options.maxFragments !== written.maxFragments ||
    options.maxInboundBytes !== written.maxInboundBytes ||
    options.maxPayload !== written.maxPayload ||
    options.maxPendingAutoPongs !== written.maxPendingAutoPongs ||
    options.skipUTF8Validation !== written.skipUTF8Validation ||
    isServer !== written.isServer ||
    options.heartbeat ||
    perMessageDeflate
  ) {
    writeConfig(options, isServer, perMessageDeflate);
  }

  return config;
}

/**
 * @private
 */
function writeConfig(options, isServer, perMessageDeflate) {
  const {
    autoPong,
    closeTimeout,
    heartbeat,
    maxBufferedChunks,
    maxFragments,
    maxInboundBytes,
    maxPayload,
    maxPendingAutoPongs,
    skipUTF8Validation
  } = options;

  // An option that is no number may throw on the way.
  written = NOTHING;
  words[0] = limit(maxPayload);
  words[1] = limit(maxFragments);
  words[2] = limit(maxBufferedChunks);
  words[3] = limit(maxPendingAutoPongs);
  words[4] =
    (autoPong ? AUTO_PONG : 0) |
    (skipUTF8Validation ? SKIP_UTF8_VALIDATION : 0) |
    (isServer ? 0 : CLIENT);
  words[5] = timer(closeTimeout);
  words[6] = heartbeat ? timer(heartbeat.interval) : 0;
  words[7] = heartbeat ? timer(heartbeat.timeout) : 0;
  words[8] = byteLimit(maxInboundBytes) || MAX_INBOUND_BYTES;
  if (perMessageDeflate) words.set(deflateWordsOf(perMessageDeflate), 9);
  else words.fill(0, 9);

  // These two are not compared.
  if (!heartbeat && !perMessageDeflate) {
    written = {
      autoPong,
      closeTimeout,
      isServer,
      maxBufferedChunks,
      maxFragments,
      maxInboundBytes,
      maxPayload,
      maxPendingAutoPongs,
      skipUTF8Validation
    };
  }
}

/**
 * @param {*} value A number of bytes that may wait
 * @return {Number} The same, 0 if there is none, at most 2^31 - 1
 */
function byteLimit(value) {
  return value > 0 ? Math.min(Math.trunc(value), 0x7fffffff) : 0;
}

/**
 * @param {*} value An option of ws that is a limit
 * @return {Number} The same; 0, and so no limit, for 0 and less
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

module.exports = {
  CONNECTION_DEFAULTS,
  byteLimit,
  checkHeartbeat,
  configOf,
  limit
};
