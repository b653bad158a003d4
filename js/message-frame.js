'use strict';

/**
 * The frames of messages, as commands: what their flags are, and sending one
 * that is a whole message.
 */

const { Buffer } = require('buffer');

const { toBuffer } = require('./data');
const { BINARY_FLAGS, TEXT_FLAGS } = require('./outbox');
const { extensionName } = require('./permessage-deflate');
const { isBlob } = require('./validation');
// As constants of this module: the addon's exports are a dictionary to V8.
const {
  FLAG_COMPRESS,
  FLAG_FIN,
  FLAG_MASK,
  FLAG_OPCODE_SHIFT
} = require('./binding');
const { OPCODE_CONTINUATION, kConnection } = require('./constants');

const OPCODE_MASK = 0xf;

/**
 * Sends a data frame of a WebSocket that has no sender, as there is nothing to
 * remember. If this frame is a reason to, it is left to the sender.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {*} data What to send
 * @param {Object} [options] As those of `Sender.send()`
 * @param {Function} [cb] Called when the kernel has taken it
 * @return {Boolean} Whether it has been sent
 */
function sendWhole(websocket, data, options, cb) {
  const isString = typeof data === 'string';

  // The common cases first.
  if (!isString && !Buffer.isBuffer(data)) {
    if (isBlob(data)) return false;

    data = toBuffer(data);
  }

  const flags = dataFlags(
    isString,
    options,
    !websocket._isServer,
    true,
    websocket._extensions
  );

  if ((flags & FLAG_FIN) === 0) return false;

  websocket[kConnection].sendFrame(flags, data, cb);
  return true;
}

/**
 * @param {Boolean} isString Whether the data is a string
 * @param {Object} [options] As those of `Sender.send()`
 * @param {Boolean} masks Whether to mask it unless the options say otherwise
 * @param {Boolean} compresses The same of compressing
 * @param {Object} extensions The negotiated extensions
 * @return {Number} The flags of a data frame that begins a message
 */
function dataFlags(isString, options, masks, compresses, extensions) {
  let flags = isString ? TEXT_FLAGS : BINARY_FLAGS;

  if (typeof options === 'object' && options !== null) {
    if ('binary' in options) {
      flags = options.binary ? BINARY_FLAGS : TEXT_FLAGS;
    }
    if ('compress' in options) compresses = options.compress;
    if ('mask' in options) masks = options.mask;
    if ('fin' in options && !options.fin) flags &= ~FLAG_FIN;
  }

  if (masks) flags |= FLAG_MASK;
  if (compresses && extensions[extensionName]) flags |= FLAG_COMPRESS;
  return flags;
}

/**
 * @param {Number} flags Flags of a frame that begins a message
 * @return {Number} Those of a frame that continues it
 */
function asContinuation(flags) {
  return (
    (flags & ~(OPCODE_MASK << FLAG_OPCODE_SHIFT)) |
    (OPCODE_CONTINUATION << FLAG_OPCODE_SHIFT)
  );
}

module.exports = { asContinuation, dataFlags, sendWhole };
