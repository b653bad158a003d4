'use strict';

/**
 * The options that the connections of a server and a client have in common.
 */

const { CLOSE_TIMEOUT } = require('./constants');

// What `setTimeout()` takes.
const MAX_TIMER = 0x7fffffff;
const MAX_INBOUND_BYTES = 1024 * 1024;

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

module.exports = {
  CONNECTION_DEFAULTS,
  MAX_INBOUND_BYTES,
  MAX_TIMER,
  checkHeartbeat
};
