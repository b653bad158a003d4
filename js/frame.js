'use strict';

/**
 * Frames as bytes, for those who write them themselves.
 */

const addon = require('./binding');
const { toBuffer } = require('./data');

/**
 * Encodes a frame.
 *
 * @param {(Buffer|String|ArrayBuffer|TypedArray)} data The payload
 * @param {Object} options
 * @param {Boolean} [options.fin=false] Whether it is its message's last
 * @param {Function} [options.generateMask] Writes the masking key into the
 *     buffer of four bytes that it is called with
 * @param {Boolean} [options.mask=false] Whether to mask it
 * @param {Buffer} [options.maskBuffer] Where `generateMask` writes
 * @param {Number} options.opcode The opcode
 * @param {Boolean} [options.readOnly=false] Whether one buffer is wanted
 * @param {Boolean} [options.rsv1=false] Whether to set RSV1
 * @return {Buffer[]} The header and, if there is one, the payload; a masked frame
 *     of a payload that is read-only in one piece
 */
function frame(data, options) {
  const { fin, generateMask, mask, maskBuffer, opcode, readOnly, rsv1 } =
    options;
  const payload = toBuffer(data);
  let flags =
    addon.COMMAND_FRAME |
    (opcode << addon.FLAG_OPCODE_SHIFT) |
    (fin ? addon.FLAG_FIN : 0) |
    (rsv1 ? addon.FLAG_RSV1 : 0);

  if (!mask) {
    const header = addon.encodeHeader(flags, payload.length);

    return payload.length === 0 ? [header] : [header, payload];
  }

  const [keyed, keyFlag] = withKey(payload, generateMask, maskBuffer);

  flags |= keyFlag;

  const encoded = addon.encodeFrame(flags, keyed);
  const headerLength = encoded.length - payload.length;

  return payload.length === 0 || readOnly
    ? [encoded]
    : [encoded.subarray(0, headerLength), encoded.subarray(headerLength)];
}

/**
 * @param {Buffer} payload A payload that is to be masked
 * @param {Function} [generateMask] What makes the masking key
 * @param {Buffer} [maskBuffer] Where it writes it
 * @return {Array} The payload, behind the key if the user makes it, and the flag
 *     by which a command says so
 */
function withKey(payload, generateMask, maskBuffer) {
  if (!generateMask) return [payload, addon.FLAG_MASK];

  const key = maskBuffer ?? Buffer.alloc(4);

  generateMask(key);
  return [Buffer.concat([key, payload]), addon.FLAG_KEY];
}

module.exports = { frame, withKey };
