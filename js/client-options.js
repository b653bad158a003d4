'use strict';

/**
 * The arguments of a client's constructor: their forms, their defaults, and
 * what can't be meant.
 */

const { CONNECTION_DEFAULTS, checkHeartbeat } = require('./connection-options');

const PROTOCOL_VERSIONS = [8, 13];

/**
 * `new WebSocket(url, protocols, options)` may be called without the protocols,
 * which then are an option. Those of the second argument win over it.
 *
 * @param {*} protocols The second argument: a subprotocol, a list of them, or
 *     the options
 * @param {Object} [options] The third one
 * @return {{protocols: Array, options: (Object|undefined)}} What they mean
 */
function parseArguments(protocols, options) {
  if (
    typeof protocols === 'object' &&
    protocols !== null &&
    !Array.isArray(protocols)
  ) {
    options = protocols;
    protocols = undefined;
  }

  if (protocols === undefined) protocols = options?.protocols;
  if (protocols === undefined) protocols = [];

  return {
    protocols: Array.isArray(protocols) ? protocols : [protocols],
    options
  };
}

/**
 * @param {Object} [options] What the user passed
 * @return {Object} The same with defaults, as options of `http.request()`: what
 *     the URL and the handshake decide is not set yet
 * @throws {(RangeError|TypeError)} If they can't be meant
 */
function parseClientOptions(options) {
  options = {
    ...CONNECTION_DEFAULTS,
    protocolVersion: 13,
    perMessageDeflate: true,
    followRedirects: false,
    maxRedirects: 10,
    ...options,
    // Where the request goes is said by the URL alone.
    hostname: undefined,
    method: 'GET',
    protocol: undefined,
    protocols: undefined,
    socketPath: undefined
  };

  if (!PROTOCOL_VERSIONS.includes(options.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${options.protocolVersion} ` +
        `(supported versions: ${PROTOCOL_VERSIONS.join(', ')})`
    );
  }

  checkHeartbeat(options.heartbeat);
  return options;
}

module.exports = { parseArguments, parseClientOptions };
