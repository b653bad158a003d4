'use strict';

const LONG = 64;

/**
 * Turn a value into something that can be compared and read.
 *
 * @param {*} value The value
 * @return {*} Plain data
 */
function plain(value) {
  if (value instanceof Error) {
    return { error: value.name, code: value.code, message: value.message };
  }

  if (Buffer.isBuffer(value)) {
    return value.length > LONG
      ? `Buffer of ${value.length}`
      : `Buffer ${value.toString('latin1')}`;
  }

  if (value instanceof ArrayBuffer) return `ArrayBuffer ${value.byteLength}`;
  if (value instanceof Blob) return `Blob ${value.size} ${value.type}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'function') return 'function';

  if (typeof value === 'object' && value !== null) {
    return `object ${value.constructor?.name}`;
  }

  return value;
}

/**
 * As `plain()` for arguments of events whose objects are nobody's business.
 *
 * @param {*} value The value
 * @return {*} The value, or 'object'
 */
function kindOf(value) {
  if (value instanceof Error) return value;
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value;
  return typeof value === 'object' && value !== null ? 'object' : value;
}

module.exports = { kindOf, plain };
