'use strict';

/**
 * The `Sec-WebSocket-Protocol` header (RFC 6455 §11.3.4).
 */

const { parseSubprotocols } = require('./binding');
const { createHeaderError } = require('./errors');

/**
 * @param {String} header The value of the header
 * @return {Set<String>} The subprotocols that it names, in order
 * @throws {SyntaxError} If it is outside the grammar, or names one twice
 */
function parse(header) {
  const names = parseSubprotocols(header);

  if (!Array.isArray(names)) throw createHeaderError(names);
  return new Set(names);
}

module.exports = { parse };
