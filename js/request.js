'use strict';

/**
 * The request of an opening handshake, as Node's http server would give it.
 */

const { IncomingMessage } = require('http');

const { kConnection } = require('./constants');
const { socketOf } = require('./socket');

const ZERO = '0'.charCodeAt(0);

/**
 * Its socket is made only when someone asks for it.
 */
class Request extends IncomingMessage {
  /**
   * @param {Connection} connection The connection that the request came over
   * @param {String} text What the request says, a line each
   * @param {Number} start Where its method, its target, the minor version of HTTP,
   *     and names and values of headers in turn stand there
   */
  constructor(connection, text, start) {
    super(null);

    const method = text.indexOf('\n', start);
    const url = text.indexOf('\n', method + 1);
    const minorVersion = text.charCodeAt(url + 1) - ZERO;
    const lines = text.slice(url + 3);
    const rawHeaders = lines === '' ? [] : lines.split('\n');

    this[kConnection] = connection;
    this.method = text.slice(start, method);
    this.url = text.slice(method + 1, url);
    this.httpVersionMajor = 1;
    this.httpVersionMinor = minorVersion;
    this.httpVersion = minorVersion === 1 ? '1.1' : '1.0';
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
