'use strict';

/**
 * The close frame: a status code and a reason. RFC 6455 §5.5.1.
 */

const { Buffer } = require('buffer');
const { isUint8Array } = require('util').types;

const { frameFlags } = require('./outbox');
const { isValidStatusCode } = require('./validation');
// As a constant of this module: the addon's exports are a dictionary to V8.
const { FLAG_MASK } = require('./binding');
const { EMPTY_BUFFER, OPCODE_CLOSE } = require('./constants');

const MAX_CLOSE_REASON = 123;
const CLOSE_FLAGS = frameFlags(OPCODE_CLOSE);

// Most close frames have no reason, and mostly it is the same code.
let lastCode;
let lastCodePayload = EMPTY_BUFFER;

/**
 * Sends a close frame where there is no sender, as there is nothing to remember.
 *
 * @param {(Connection|Relay)} connection Where to send
 * @param {Number} [code] The status code
 * @param {(String|Uint8Array)} [data] The reason, at most 123 bytes
 * @param {Boolean} mask Whether to mask it
 * @throws {(RangeError|TypeError)} If one can't be sent
 */
function sendClose(connection, code, data, mask) {
  connection.sendFrame(closeFlags(mask), closePayload(code, data));
}

/**
 * @param {Boolean} mask Whether to mask it
 * @return {Number} The flags of a close frame
 */
function closeFlags(mask) {
  return mask ? CLOSE_FLAGS | FLAG_MASK : CLOSE_FLAGS;
}

/**
 * @param {Number} [code] The status code
 * @param {(String|Uint8Array)} [data] The reason, at most 123 bytes
 * @return {Buffer} The payload of a close frame, which is not to be changed
 * @throws {(RangeError|TypeError)} If there can't be such a frame
 */
function closePayload(code, data) {
  if (code === undefined) return EMPTY_BUFFER;
  if (code === lastCode && isNone(data)) return lastCodePayload;
  if (typeof code !== 'number' || !isValidStatusCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }

  if (isNone(data)) {
    lastCode = code;
    lastCodePayload = Buffer.from([code >>> 8, code & 0xff]);
    return lastCodePayload;
  }

  const length = Buffer.byteLength(data);

  if (length > MAX_CLOSE_REASON) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }

  const payload = Buffer.allocUnsafe(2 + length);

  payload.writeUInt16BE(code, 0);
  if (typeof data === 'string') payload.write(data, 2);
  else if (isUint8Array(data)) payload.set(data, 2);
  else throw new TypeError('Second argument must be a string or a Uint8Array');

  return payload;
}

function isNone(data) {
  return data === undefined || !data.length;
}

module.exports = { closeFlags, closePayload, sendClose };
