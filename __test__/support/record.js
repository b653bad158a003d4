'use strict';

const { deadline } = require('./deadline');

const EVENTS = ['open', 'message', 'ping', 'pong', 'error', 'close'];

/**
 * Record the events of a `WebSocket`.
 *
 * @param {WebSocket} ws The connection
 * @param {Array} [log] Where to append `[name, ...args]`
 * @return {Object} The log, and `until(name, count)` to wait for an event
 */
function record(ws, log = []) {
  const waiting = new Set();

  for (const name of EVENTS) {
    ws.on(name, (...args) => {
      log.push([name, ...args]);
      for (const resolve of waiting) resolve();
      waiting.clear();
    });
  }

  async function until(name, count = 1) {
    const seen = () => log.filter((entry) => entry[0] === name);

    while (seen().length < count) {
      await deadline(
        new Promise((resolve) => {
          waiting.add(resolve);
        }),
        `${count} of the '${name}' event`
      );
    }

    return seen()[count - 1].slice(1);
  }

  return { log, until };
}

module.exports = { record };
