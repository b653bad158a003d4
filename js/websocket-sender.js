'use strict';

/**
 * What a WebSocket sends by its Sender, which is all but whole messages of which
 * nothing has to be remembered, and what becomes of data that comes too late.
 */

const Sender = require('./sender');
const { byteLength } = require('./data');
const { createNotOpenError } = require('./errors');
const { extensionName } = require('./permessage-deflate');
const { onSendingFailed } = require('./websocket-events');
const { CONNECTING, EMPTY_BUFFER, OPEN, nextTick } = require('./constants');

/**
 * The Sender of a WebSocket.
 */
class WebSocketSender extends Sender {
  constructor(connection, extensions, isServer, generateMask) {
    super(connection, extensions, generateMask);

    this.masks = !isServer;
    this.compresses = true;
  }

  onerror(err) {
    onSendingFailed(this._connection.websocket, err);
  }
}

/**
 * Sends a data frame by the Sender. Someone's own, or a `send()` of his own, gets
 * all options, as under ws.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {*} data What to send
 * @param {Object} [options] As those of `Sender.send()`
 * @param {Function} [cb] Called when the kernel has taken it
 */
function sendBySender(websocket, data, options, cb) {
  const sender = websocket._sender;

  if (sender.send !== WebSocketSender.prototype.send) {
    options = {
      binary: typeof data !== 'string',
      mask: !websocket._isServer,
      compress: true,
      fin: true,
      ...options
    };
    if (!websocket._extensions[extensionName]) options.compress = false;
  }

  sender.send(data, options, cb);
}

/**
 * Sends a ping or a pong.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {Function} method The method of its Sender
 * @param {*} [data] The payload, at most 125 bytes
 * @param {Boolean} [mask] Whether to mask it
 * @param {Function} [cb] Called when the kernel has taken it
 * @throws {RangeError} If the payload is too large
 */
function sendControl(websocket, method, data, mask, cb) {
  if (websocket._readyState === CONNECTING) {
    throw createNotOpenError(CONNECTING);
  }

  if (typeof data === 'function') {
    cb = data;
    data = mask = undefined;
  } else if (typeof mask === 'function') {
    cb = mask;
    mask = undefined;
  }

  if (typeof data === 'number') data = data.toString();

  if (websocket._readyState !== OPEN) {
    refuse(websocket, data, cb);
    return;
  }

  if (mask === undefined) mask = !websocket._isServer;
  method.call(websocket._sender, data || EMPTY_BUFFER, mask, cb);
}

/**
 * Data that comes after the close is counted and its callback called with an
 * error.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {*} data The data
 * @param {Function} [cb] The callback
 */
function refuse(websocket, data, cb) {
  if (data) {
    const length = byteLength(data);

    if (websocket._sender !== null) websocket._sender._bufferedBytes += length;
    else websocket._bufferedAmount += length;
  }

  if (cb) nextTick(cb, createNotOpenError(websocket._readyState));
}

module.exports = { WebSocketSender, refuse, sendBySender, sendControl };
