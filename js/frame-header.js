'use strict';

/**
 * Headers of frames that are framed by JavaScript: whole messages that are neither
 * masked nor compressed, of less than 64 KiB. RFC 6455 §5.2.
 */

const FIN = 0x80;
// The longest payload whose length the second byte holds, and what that holds for
// longer ones.
const MAX_INLINE_LENGTH = 125;
const LENGTH_IN_16_BITS = 126;

/**
 * @param {Number} length The length of a payload
 * @return {Number} That of the header
 */
function headerLength(length) {
  return length <= MAX_INLINE_LENGTH ? 2 : 4;
}

/**
 * @param {Uint8Array} bytes Where to write the header
 * @param {Number} start From where on
 * @param {Number} opcode The opcode
 * @param {Number} length The length of the payload
 */
function writeHeader(bytes, start, opcode, length) {
  bytes[start] = FIN | opcode;

  if (length <= MAX_INLINE_LENGTH) {
    bytes[start + 1] = length;
  } else {
    bytes[start + 1] = LENGTH_IN_16_BITS;
    bytes[start + 2] = length >>> 8;
    bytes[start + 3] = length;
  }
}

module.exports = { headerLength, writeHeader };
