'use strict';

/**
 * The request of an opening handshake, as Node's http server would give it.
 */

const { IncomingMessage } = require('http');
const { inspect } = require('util');

const { kConnection } = require('./constants');
const { socketOf } = require('./socket');

const ZERO = '0'.charCodeAt(0);

const kHeaderLines = Symbol('kHeaderLines');

/**
 * Its socket is made, and its headers are read, only when someone asks for them.
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

    this[kConnection] = connection;
    this[kHeaderLines] = text.slice(url + 3);
    this.method = text.slice(start, method);
    this.url = text.slice(method + 1, url);
    this.httpVersionMajor = 1;
    this.httpVersionMinor = minorVersion;
    this.httpVersion = minorVersion === 1 ? '1.1' : '1.0';
    // RFC 6455 §4.1: the request has no body.
    this.complete = true;
  }

  get headers() {
    readHeaders(this);
    return super.headers;
  }

  set headers(headers) {
    readHeaders(this);
    super.headers = headers;
  }

  get headersDistinct() {
    readHeaders(this);
    return super.headersDistinct;
  }

  set headersDistinct(headers) {
    readHeaders(this);
    super.headersDistinct = headers;
  }

  get rawHeaders() {
    return readHeaders(this);
  }

  set rawHeaders(rawHeaders) {
    // The base class's constructor sets it; there is nothing to remember.
    if (readHeaders(this) !== undefined) this.rawHeaders = rawHeaders;
  }

  get socket() {
    return socketOf(this[kConnection]);
  }

  set socket(socket) {
    // As above.
  }

  _read() {
    this.push(null);
  }

  [inspect.custom]() {
    readHeaders(this);
    return this;
  }
}

/**
 * Gives a request its headers, from which on it has `rawHeaders` of its own.
 *
 * @return {(String[]|undefined)} Those, if it did not have them
 * @private
 */
function readHeaders(request) {
  const lines = request[kHeaderLines];

  if (typeof lines !== 'string') return undefined;

  const rawHeaders = lines === '' ? [] : lines.split('\n');

  request[kHeaderLines] = null;
  Object.defineProperty(request, 'rawHeaders', {
    configurable: true,
    enumerable: true,
    value: rawHeaders,
    writable: true
  });
  // As Node's parser hands them over, before the request is complete, or they
  // would be trailers; `headers` is derived from them, repeated ones joined.
  const { complete } = request;

  request.complete = false;
  request._addHeaderLines(rawHeaders, rawHeaders.length);
  request.complete = complete;
  return rawHeaders;
}

module.exports = Request;
