'use strict';

/**
 * Questions about values that users pass.
 */

/**
 * RFC 6455 §7.4: codes that an endpoint may send.
 *
 * @param {Number} code The status code
 * @return {Boolean} Whether it may stand in a close frame
 */
function isValidStatusCode(code) {
  if (code >= 3000) return code <= 4999;

  return (
    code >= 1000 &&
    code <= 1014 &&
    code !== 1004 &&
    code !== 1005 &&
    code !== 1006
  );
}

/**
 * @param {*} value Any value
 * @return {Boolean} Whether it is a Blob or a File, of whatever realm
 */
function isBlob(value) {
  if (typeof value !== 'object' || value === null) return false;
  // The common case first: data of which there is much.
  if (ArrayBuffer.isView(value)) return false;

  const tag = value[Symbol.toStringTag];

  return (
    (tag === 'Blob' || tag === 'File') &&
    typeof value.arrayBuffer === 'function' &&
    typeof value.stream === 'function' &&
    typeof value.type === 'string'
  );
}

module.exports = { isBlob, isValidStatusCode };
