'use strict';

/**
 * What users pass to be sent, as bytes.
 */

// The global of that name is a getter, called each time.
const { Buffer } = require('buffer');

const { FastBuffer } = require('./constants');
const { isBlob } = require('./validation');

/**
 * @param {*} data What the user passed
 * @return {Buffer} The same bytes, not copied if they are binary data
 * @throws {TypeError} If it can't be sent
 */
function toBuffer(data) {
  if (Buffer.isBuffer(data)) return data;
  if (data instanceof ArrayBuffer) return new FastBuffer(data);
  if (ArrayBuffer.isView(data)) {
    return new FastBuffer(data.buffer, data.byteOffset, data.byteLength);
  }

  return Buffer.from(data);
}

/**
 * @param {*} data What the user passed
 * @return {Number} Its length in bytes
 * @throws {TypeError} If it can't be sent
 */
function byteLength(data) {
  if (typeof data === 'string') return Buffer.byteLength(data);
  if (isBlob(data)) return data.size;

  return toBuffer(data).length;
}

module.exports = { byteLength, toBuffer };
