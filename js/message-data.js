'use strict';

/**
 * What a binary message is given as.
 */

/**
 * @param {Buffer} data A binary message
 * @param {String} binaryType The type that is wanted
 * @param {(Buffer|null)} fragments The lengths of its fragments, native 32-bit
 *     words, if there are several
 * @return {(ArrayBuffer|Blob|Buffer|Buffer[])} The same bytes
 */
function convert(data, binaryType, fragments) {
  switch (binaryType) {
    case 'nodebuffer':
      return data;
    case 'arraybuffer':
      // The user's own, to transfer if he likes; memory of the core's is not.
      return data.buffer.slice(
        data.byteOffset,
        data.byteOffset + data.byteLength
      );
    case 'blob':
      return new Blob([data]);
    default:
      return split(data, fragments);
  }
}

/**
 * @param {Buffer} data A message
 * @param {(Buffer|null)} fragments The lengths of its fragments, if there are
 *     several
 * @return {Buffer[]} The fragments that are not empty
 * @private
 */
function split(data, fragments) {
  if (data.length === 0) return [];
  if (fragments === null) return [data];

  const lengths = new Uint32Array(Uint8Array.from(fragments).buffer);
  let end = 0;

  return Array.from(lengths, (length) => {
    end += length;
    return data.subarray(end - length, end);
  });
}

module.exports = { convert };
