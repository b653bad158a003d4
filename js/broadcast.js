'use strict';

/**
 * One message for many WebSockets: who gets it, and that it crosses to the core
 * once.
 */

const { Buffer } = require('buffer');

const WebSocket = require('./websocket');
const outbox = require('./outbox');
const { toBuffer } = require('./data');
const { isBlob } = require('./validation');
const { EMPTY_BUFFER } = require('./constants');

// As it is when this package is loaded.
const { send } = WebSocket.prototype;

/**
 * Sends a message to those WebSockets that are open.
 *
 * @param {Iterable} clients The WebSockets
 * @param {*} data The message, as `WebSocket#send()` takes it
 * @param {Object} [options] Those of `WebSocketServer#broadcast()`
 * @return {Number} How many it was sent to
 * @throws {TypeError} If the data is of no type that can be sent, or an option is
 *     not as documented; then nothing was sent
 */
function broadcast(clients, data, options) {
  const { binary, compress = true, except, filter } = checked(options);
  const payload = payloadOf(data);
  const sendOptions = {
    binary: binary ?? !['string', 'number'].includes(typeof data),
    compress
  };
  const receivers = select(clients, setOf(except), filter);

  outbox.share(payload, () => {
    for (const client of receivers) {
      if (client.send === send) client.send(payload, sendOptions);
    }
  });

  // A method of the user's own may do whatever it likes, also with the bytes.
  for (const client of receivers) {
    if (client.send !== send) client.send(data, { ...sendOptions });
  }

  return receivers.length;
}

/**
 * @return {Object} The options
 * @throws {TypeError} If one is not as documented
 * @private
 */
function checked(options) {
  options ??= {};

  if (typeof options !== 'object') {
    throw new TypeError('The "options" argument must be an object');
  }
  if (options.filter != null && typeof options.filter !== 'function') {
    throw new TypeError('The "filter" option must be a function');
  }

  return options;
}

/**
 * @param {*} data What the user passed
 * @return {(Blob|Buffer)} The same, converted once
 * @throws {TypeError} If it can't be sent
 * @private
 */
function payloadOf(data) {
  switch (typeof data) {
    case 'number':
      return Buffer.from(data.toString());
    case 'string':
      return Buffer.from(data);
    default:
      if (!data) return EMPTY_BUFFER;

      return isBlob(data) ? readOnce(data) : toBuffer(data);
  }
}

/**
 * @param {Blob} blob A Blob that many are going to read
 * @return {Blob} One that reads it once for all
 * @private
 */
function readOnce(blob) {
  let bytes = null;

  return {
    [Symbol.toStringTag]: 'Blob',
    arrayBuffer: () => (bytes ??= blob.arrayBuffer()),
    size: blob.size,
    stream: () => blob.stream(),
    type: blob.type
  };
}

/**
 * @param {(WebSocket|Iterable)} [except] The option of that name
 * @return {Set} Who does not get the message
 * @throws {TypeError} If it is neither
 * @private
 */
function setOf(except) {
  if (except == null) return new Set();
  if (except instanceof WebSocket) return new Set([except]);

  if (typeof except === 'object' && Symbol.iterator in except) {
    return new Set(except);
  }

  throw new TypeError(
    'The "except" option must be a WebSocket or an iterable of them'
  );
}

/**
 * @param {Iterable} clients The WebSockets
 * @param {Set} excluded Who is not among them
 * @param {Function} [filter] The option of that name
 * @return {WebSocket[]} Those that get the message
 * @private
 */
function select(clients, excluded, filter) {
  const candidates = [...clients].filter(
    (client) => isOpen(client) && !excluded.has(client)
  );

  // The filter may close some.
  return filter == null
    ? candidates
    : candidates.filter((client) => filter(client)).filter(isOpen);
}

function isOpen(client) {
  return client.readyState === WebSocket.OPEN;
}

module.exports = broadcast;
