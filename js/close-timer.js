'use strict';

/**
 * How long a closing handshake may take. Those that begin in the same millisecond
 * have one timer: a server may close very many connections, and hardly ever does
 * the time of one run out.
 */

const { kClosing, kConnection, now } = require('./constants');

// As of timers, in milliseconds.
const RESOLUTION = 1;

/**
 * Closing handshakes that began together.
 */
class Closing {
  /**
   * @param {Number} timeout How long they may take, in milliseconds
   * @param {Number} time When they begin
   */
  constructor(timeout, time) {
    this.timeout = timeout;
    this.end = time + RESOLUTION;
    this.websockets = new Set();
    this.timer = setTimeout(terminateAll, timeout, this);
  }
}

// What can be joined, perhaps.
let latest = null;

/**
 * Terminates the connection of a WebSocket if it is not closed in time.
 *
 * @param {WebSocket} websocket The WebSocket
 */
function startCloseTimer(websocket) {
  const timeout = websocket._closeTimeout;

  // What Node does then may depend on the asynchronous context.
  if (websocket[kConnection].isRelay) {
    websocket._closeTimer = setTimeout(terminate, timeout, websocket);
    return;
  }

  const time = now();

  if (latest === null || latest.timeout !== timeout || time >= latest.end) {
    latest = new Closing(timeout, time);
  }

  latest.websockets.add(websocket);
  websocket[kClosing] = latest;
  websocket._closeTimer = latest.timer;
}

/**
 * The connection of a WebSocket is closed.
 *
 * @param {WebSocket} websocket The WebSocket
 */
function stopCloseTimer(websocket) {
  const closing = websocket[kClosing];

  if (closing === null) {
    clearTimeout(websocket._closeTimer);
    return;
  }

  closing.websockets.delete(websocket);
  if (closing.websockets.size > 0) return;

  clearTimeout(closing.timer);
  if (latest === closing) latest = null;
}

function terminateAll(closing) {
  // A turn of the event loop may be behind by more than a timeout.
  if (latest === closing) latest = null;

  closing.websockets.forEach(terminate);
}

function terminate(websocket) {
  websocket[kConnection].terminate();
}

module.exports = { startCloseTimer, stopCloseTimer };
