'use strict';

//
// Compressed messages that are much longer than what is received of them.
//

const zlib = require('node:zlib');

const { binary, continuation } = require('./frame');

const MiB = 1024 * 1024;
const TAIL_LENGTH = 4;

/**
 * @param {Number} mebibytes How much it inflates to
 * @return {Buffer} The payload of a compressed message of zeros, about a
 *     thousandth of that
 */
function bomb(mebibytes) {
  // After a full flush the same bytes mean the same again.
  const piece = zlib.deflateRawSync(Buffer.alloc(MiB), {
    level: 9,
    finishFlush: zlib.constants.Z_FULL_FLUSH
  });
  const payload = Buffer.concat(Array(mebibytes).fill(piece));

  return payload.subarray(0, payload.length - TAIL_LENGTH);
}

/**
 * @param {Buffer} payload The payload of a compressed message
 * @param {Object} options
 * @param {Number} options.fragments In how many frames
 * @param {Boolean} options.mask Whether a client sends it
 * @return {Buffer} The frames
 */
function compressedFrames(payload, { fragments, mask }) {
  const size = Math.ceil(payload.length / fragments);

  return Buffer.concat(
    Array.from({ length: fragments }, (_, i) => {
      const part = payload.subarray(i * size, (i + 1) * size);
      const fin = i === fragments - 1;

      return i === 0
        ? binary(part, { rsv1: true, fin, mask })
        : continuation(part, { fin, mask });
    })
  );
}

module.exports = { MiB, bomb, compressedFrames };
