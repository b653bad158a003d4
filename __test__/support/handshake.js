'use strict';

//
// The text of opening handshakes (RFC 6455 §4) and of HTTP responses.
//

const { createHash } = require('node:crypto');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * Compute the `Sec-WebSocket-Accept` value for a key.
 *
 * @param {String} [key] The `Sec-WebSocket-Key` value
 * @return {String} The accept value
 */
function acceptFor(key = KEY) {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/**
 * Build an HTTP request; by default a correct opening handshake.
 *
 * @param {Object} [options] Options object
 * @param {String} [options.method='GET'] The method
 * @param {String} [options.target='/'] The request target
 * @param {String} [options.version='1.1'] The HTTP version
 * @param {Object} [options.headers] Header fields that replace the default ones
 *     of the same name; `undefined` drops one, an array repeats one
 * @param {String} [options.body=''] What follows the header section
 * @return {String} The request
 */
function buildRequest({
  method = 'GET',
  target = '/',
  version = '1.1',
  headers = {},
  body = ''
} = {}) {
  const fields = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers
  };
  const lines = [`${method} ${target} HTTP/${version}`];

  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    for (const one of [value].flat()) lines.push(`${name}: ${one}`);
  }

  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/**
 * Build a plain HTTP request.
 *
 * @param {Object} [options] As for `buildRequest()`
 * @return {String} The request
 */
function buildPlainRequest({ headers, ...rest } = {}) {
  return buildRequest({
    ...rest,
    headers: {
      Upgrade: undefined,
      Connection: undefined,
      'Sec-WebSocket-Key': undefined,
      'Sec-WebSocket-Version': undefined,
      ...headers
    }
  });
}

/**
 * Parse an HTTP response.
 *
 * @param {Buffer} buffer The received bytes
 * @return {(Object|undefined)} The response and the number of bytes it took, or
 *     `undefined` if it is not complete
 */
function parseResponse(buffer) {
  const end = buffer.indexOf('\r\n\r\n');

  if (end === -1) return undefined;

  const head = buffer.toString('latin1', 0, end);
  const [statusLine, ...lines] = head.split('\r\n');
  const fields = lines.map((line) => {
    const index = line.indexOf(': ');

    return [line.slice(0, index), line.slice(index + 2)];
  });
  const headers = Object.fromEntries(
    fields.map(([name, value]) => [name.toLowerCase(), value])
  );
  const length = Number(headers['content-length'] ?? 0);
  const consumed = end + 4 + length;

  if (buffer.length < consumed) return undefined;

  return {
    consumed,
    response: {
      status: Number(statusLine.split(' ')[1]),
      statusLine,
      head,
      fields,
      headers,
      body: buffer.toString('utf8', end + 4, consumed)
    }
  };
}

module.exports = {
  KEY,
  acceptFor,
  buildPlainRequest,
  buildRequest,
  parseResponse
};
