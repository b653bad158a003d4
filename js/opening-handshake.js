'use strict';

/**
 * What a client asks for in its opening handshake, and whether the server's
 * answer agrees with it (RFC 6455 §4.1). It sends and receives nothing.
 */

const { randomBytes } = require('crypto');

const PerMessageDeflate = require('./permessage-deflate');
const extension = require('./extension');
const { acceptKey } = require('./binding');

// RFC 2616 §2.2: a token.
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`|a-z~]+$/;

class OpeningHandshake {
  /**
   * @param {Array} protocols The subprotocols that the user wants
   * @param {Object} options The options of a client
   * @throws {SyntaxError} If one of the subprotocols is invalid or there twice
   */
  constructor(protocols, options) {
    this.key = randomBytes(16).toString('base64');
    this.options = options;
    this.perMessageDeflate = options.perMessageDeflate
      ? new PerMessageDeflate({
          ...options.perMessageDeflate,
          isServer: false,
          maxPayload: options.maxPayload
        })
      : null;
    this.protocols = checkProtocols(protocols);

    /** The subprotocol of the answer; empty if there is none. */
    this.protocol = '';
    /** The extensions of the answer, by name. */
    this.extensions = {};
  }

  /**
   * @return {Object} The header fields of the request
   */
  headers() {
    const { origin, protocolVersion } = this.options;
    const headers = {
      'Sec-WebSocket-Version': protocolVersion,
      'Sec-WebSocket-Key': this.key,
      Connection: 'Upgrade',
      Upgrade: 'websocket'
    };

    if (this.perMessageDeflate !== null) {
      headers['Sec-WebSocket-Extensions'] = extension.format({
        [PerMessageDeflate.extensionName]: this.perMessageDeflate.offer()
      });
    }

    if (this.protocols.size > 0) {
      headers['Sec-WebSocket-Protocol'] = [...this.protocols].join(',');
    }

    // The drafts before RFC 6455 had another name for it.
    if (origin && protocolVersion < 13) {
      headers['Sec-WebSocket-Origin'] = origin;
    } else if (origin) {
      headers.Origin = origin;
    }

    return headers;
  }

  /**
   * Judges the answer. `protocol` and `extensions` say what was agreed on.
   *
   * @param {Object} headers The header fields of the answer
   * @return {(String|null)} Why the connection has to be failed, or `null`
   */
  judge(headers) {
    const { upgrade } = headers;

    if (upgrade === undefined || upgrade.toLowerCase() !== 'websocket') {
      return 'Invalid Upgrade header';
    }

    if (headers['sec-websocket-accept'] !== acceptKey(this.key)) {
      return 'Invalid Sec-WebSocket-Accept header';
    }

    return (
      this.judgeProtocol(headers['sec-websocket-protocol']) ??
      this.judgeExtensions(headers['sec-websocket-extensions'])
    );
  }

  /**
   * @private
   */
  judgeProtocol(protocol) {
    if (protocol === undefined) {
      return this.protocols.size > 0 ? 'Server sent no subprotocol' : null;
    }

    if (this.protocols.size === 0) {
      return 'Server sent a subprotocol but none was requested';
    }

    if (!this.protocols.has(protocol)) {
      return 'Server sent an invalid subprotocol';
    }

    this.protocol = protocol;
    return null;
  }

  /**
   * @private
   */
  judgeExtensions(header) {
    if (header === undefined) return null;

    if (this.perMessageDeflate === null) {
      return (
        'Server sent a Sec-WebSocket-Extensions header but no extension ' +
        'was requested'
      );
    }

    const name = PerMessageDeflate.extensionName;

    try {
      const { [name]: configurations, ...others } = extension.parse(header);

      if (configurations === undefined || Object.keys(others).length > 0) {
        return 'Server indicated an extension that was not requested';
      }

      this.perMessageDeflate.accept(configurations);
    } catch {
      return 'Invalid Sec-WebSocket-Extensions header';
    }

    this.extensions[name] = this.perMessageDeflate;
    return null;
  }
}

/**
 * @param {Array} protocols The subprotocols that the user wants
 * @return {Set<String>} The same
 * @throws {SyntaxError} If one is invalid or there twice
 * @private
 */
function checkProtocols(protocols) {
  const checked = new Set();

  for (const protocol of protocols) {
    if (
      typeof protocol !== 'string' ||
      !TOKEN.test(protocol) ||
      checked.has(protocol)
    ) {
      throw new SyntaxError(
        'An invalid or duplicated subprotocol was specified'
      );
    }

    checked.add(protocol);
  }

  return checked;
}

module.exports = OpeningHandshake;
