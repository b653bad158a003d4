'use strict';

/**
 * The request of an opening handshake, as Node's http server would give it.
 */

const { IncomingMessage } = require('http');

const { kConnection } = require('./constants');
const { socketOf } = require('./socket');

/**
 * Its socket is made only when someone asks for it.
 */
class Request extends IncomingMessage {
  /**
   * @param {Connection} connection The connection that the request came over
   * @param {Object} head The head of the request
   * @param {String} head.method The method
   * @param {String} head.url The request target
   * @param {Number} head.minorVersion 0 or 1, of HTTP/1
   * @param {String[]} head.rawHeaders Names and values in turn
   */
  constructor(connection, { method, url, minorVersion, rawHeaders }) {
    super(null);

    this[kConnection] = connection;
    this.method = method;
    this.url = url;
    this.httpVersionMajor = 1;
    this.httpVersionMinor = minorVersion;
    this.httpVersion = `1.${minorVersion}`;
    // As Node's parser hands them over; `headers` is derived from them when
    // someone asks for it, repeated ones joined.
    this._addHeaderLines(rawHeaders, rawHeaders.length);
    // RFC 6455 §4.1: the request has no body.
    this.complete = true;
  }

  get socket() {
    return socketOf(this[kConnection]);
  }

  set socket(socket) {
    // The base class's constructor sets it; there is nothing to remember.
  }

  _read() {
    this.push(null);
  }
}

module.exports = Request;
