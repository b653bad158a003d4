'use strict';

/**
 * Who answers pings. They are answered before JavaScript hears of them, except by
 * a WebSocket with a `pong()` of its own: ws answers by that method, so that one
 * who replaces it decides.
 */

const { sendControl } = require('./websocket-sender');
const { kAnswersPings, kConnection } = require('./constants');

/**
 * Defines `pong()`, which notices that it is replaced.
 *
 * @param {Object} prototype The prototype of WebSocket
 */
function definePong(prototype) {
  Object.defineProperty(prototype, 'pong', {
    configurable: true,
    get() {
      return pong;
    },
    set(value) {
      Object.defineProperty(this, 'pong', {
        configurable: true,
        enumerable: true,
        value,
        writable: true
      });

      const connection = this[kConnection];

      if (connection !== null && this._autoPong && !this[kAnswersPings]) {
        this[kAnswersPings] = true;
        connection.leavePings();
      }
    }
  });
}

/**
 * @param {WebSocket} websocket The WebSocket
 * @return {Boolean} Whether its `pong()` is not ours
 */
function hasOwnPong(websocket) {
  return websocket.pong !== pong;
}

/**
 * Sends a pong. To be called on a WebSocket.
 *
 * @param {*} [data] The payload, at most 125 bytes
 * @param {Boolean} [mask] Whether to mask it
 * @param {Function} [cb] Called when the kernel has taken it
 * @throws {RangeError} If the payload is too large
 * @private
 */
function pong(data, mask, cb) {
  sendControl(this, this._sender?.pong, data, mask, cb);
}

module.exports = { definePong, hasOwnPong };
