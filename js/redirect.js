'use strict';

/**
 * What a client keeps to itself when it is redirected. The rules are curl's: who
 * asked one server gives his credentials to no other, and to none over a
 * connection that is less secure. A program with listeners for 'redirect'
 * decides that by itself.
 */

/**
 * Remembers where the first request goes.
 *
 * @param {WebSocket} websocket The client
 * @param {Address} address Its URL
 */
function rememberOrigin(websocket, address) {
  websocket._originalIpc = address.isIpc;
  websocket._originalSecure = address.isSecure;
  websocket._originalHostOrSocketPath = hostOrSocketPath(address);
}

/**
 * @param {Object} [options] What the user passed
 * @return {Object} A copy of which the headers may be changed, with names in
 *     lower case
 */
function withOwnHeaders(options) {
  const headers = Object.entries(options?.headers || {}).map(
    ([name, value]) => [name.toLowerCase(), value]
  );

  return { ...options, headers: Object.fromEntries(headers) };
}

/**
 * Takes from a request what the server that it goes to shall not learn.
 *
 * @param {WebSocket} websocket The client
 * @param {Address} address The URL to which a redirect led
 * @param {Object} options The options of the request
 */
function dropCredentials(websocket, address, options) {
  const isSameHost =
    address.isIpc === websocket._originalIpc &&
    hostOrSocketPath(address) === websocket._originalHostOrSocketPath;

  if (isSameHost && (address.isSecure || !websocket._originalSecure)) return;

  delete options.headers.authorization;
  delete options.headers.cookie;
  if (!isSameHost) delete options.headers.host;
  options.auth = undefined;
}

/**
 * As curl: credentials that came first, be it in an option, in the URL or in a
 * redirect's, are those of all further requests.
 *
 * @param {Object} options The user's options, with headers of our own
 * @param {String} [auth] The credentials of the request at hand
 */
function keepCredentials(options, auth) {
  if (!auth || options.headers.authorization) return;

  options.headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
}

/**
 * @private
 */
function hostOrSocketPath(address) {
  return address.isIpc ? address.requestOptions().socketPath : address.url.host;
}

module.exports = {
  dropCredentials,
  keepCredentials,
  rememberOrigin,
  withOwnHeaders
};
