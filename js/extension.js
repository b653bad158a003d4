'use strict';

/**
 * The `Sec-WebSocket-Extensions` header (RFC 6455 §9.1). As an object: under the
 * name of each extension the list of its offers, and in an offer under the name
 * of each parameter the list of its values, `true` for one without a value.
 */

const { parseExtensions } = require('./binding');
const { createHeaderError } = require('./errors');

/**
 * Appends to the list that an object has under a name.
 *
 * @private
 */
function append(lists, name, value) {
  if (lists[name] === undefined) lists[name] = [];
  lists[name].push(value);
}

/**
 * @param {String} header The value of the header
 * @return {Object} What it says; neither it nor an offer has a prototype, so any
 *     name can be looked up
 * @throws {SyntaxError} If it is outside the grammar
 */
function parse(header) {
  const offers = parseExtensions(header);

  if (!Array.isArray(offers)) throw createHeaderError(offers);

  const extensions = Object.create(null);

  for (const [extension, ...fields] of offers) {
    const params = Object.create(null);

    for (let i = 0; i < fields.length; i += 2) {
      append(params, fields[i], fields[i + 1]);
    }

    append(extensions, extension, params);
  }

  return extensions;
}

/**
 * @param {Object} extensions What to say. A list of one may be given without
 *     the list
 * @return {String} The value of the header
 */
function format(extensions) {
  return Object.entries(extensions)
    .flatMap(([name, offers]) => {
      const formatted = listOf(offers).map((params) =>
        formatOffer(name, params)
      );

      // As in ws, a list of none leaves its comma.
      return formatted.length === 0 ? [''] : formatted;
    })
    .join(', ');
}

/**
 * @private
 */
function formatOffer(name, params) {
  let text = name;

  for (const [param, values] of Object.entries(params)) {
    const formatted = listOf(values).map((value) =>
      value === true ? param : `${param}=${value}`
    );

    text += `; ${formatted.join('; ')}`;
  }

  return text;
}

/**
 * @private
 */
function listOf(value) {
  return Array.isArray(value) ? value : [value];
}

module.exports = { format, parse };
