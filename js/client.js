'use strict';

/**
 * A client's opening handshake over Node's HTTP: the request, redirects, the
 * answer. It ends in `websocket.setSocket()`, or in 'error' and 'close'.
 */

const http = require('http');
const https = require('https');
const { URL } = require('url');

const Address = require('./address');
const OpeningHandshake = require('./opening-handshake');
const { connectNet, connectTls } = require('./client-socket');
const { CLOSING, CONNECTING, nextTick } = require('./constants');
const { parseArguments, parseClientOptions } = require('./client-options');
const {
  dropCredentials,
  keepCredentials,
  rememberOrigin,
  withOwnHeaders
} = require('./redirect');

// The states of a WebSocket that has not been open.

const kAborted = Symbol('kAborted');
const kAttempt = Symbol('kAttempt');

/**
 * Starts the opening handshake of a client.
 *
 * @param {WebSocket} websocket The client
 * @param {(String|URL)} address The URL to which to connect
 * @param {(String|String[]|Object)} [protocols] The subprotocols, or the options
 * @param {Object} [options] The options: those of `http.request()` or
 *     `https.request()`, and
 * @param {Boolean} [options.allowSynchronousEvents=true] Whether any of the
 *     'message', 'ping' and 'pong' events can be emitted several times in the
 *     same tick
 * @param {Boolean} [options.autoPong=true] Whether pings are answered
 * @param {Number} [options.closeTimeout=30000] Milliseconds that the closing
 *     handshake may take
 * @param {Function} [options.finishRequest] Called with each request and the
 *     client, to end the request
 * @param {Boolean} [options.followRedirects=false] Whether to follow redirects
 * @param {Function} [options.generateMask] Writes a masking key into the buffer
 *     that it is called with
 * @param {Number} [options.handshakeTimeout] Milliseconds without any data
 *     after which the handshake is given up
 * @param {{interval: Number, timeout: Number}} [options.heartbeat] Milliseconds
 *     between two pings, and until one must have been answered
 * @param {Number} [options.maxBufferedChunks=262144] How many pieces of data
 *     may be kept
 * @param {Number} [options.maxFragments=16384] How many fragments a message may
 *     have
 * @param {Number} [options.maxInboundBytes=1048576] Bytes received that may
 *     wait for JavaScript
 * @param {Number} [options.maxPayload=104857600] Bytes that a message may have
 * @param {Number} [options.maxPendingAutoPongs=60] How many answers to pings may
 *     wait for the peer
 * @param {Number} [options.maxRedirects=10] How many redirects are followed
 * @param {String} [options.origin] The value of the `Origin` header field
 * @param {(Boolean|Object)} [options.perMessageDeflate=true] Whether, and how,
 *     to offer permessage-deflate
 * @param {(String|String[])} [options.protocols] The subprotocols
 * @param {Number} [options.protocolVersion=13] The version: 13 or 8
 * @param {Boolean} [options.skipUTF8Validation=false] Whether text may be
 *     anything
 * @return {Object} The options with defaults, as the first request has them
 * @throws {(RangeError|SyntaxError|TypeError)} If the arguments can't be meant
 */
function connect(websocket, address, protocols, options) {
  websocket._redirects = 0;

  return sendRequest(websocket, address, parseArguments(protocols, options));
}

/**
 * Sends a request: the first one, or that to which a redirect led.
 *
 * @param {WebSocket} websocket The client
 * @param {(String|URL)} location The URL
 * @param {{protocols: Array, options: Object}} wanted What the user passed
 * @return {(Object|undefined)} The options of the request, if there is one
 * @private
 */
function sendRequest(websocket, location, { protocols, options: userOptions }) {
  const isRedirected = websocket._redirects > 0;
  const options = parseClientOptions(userOptions);
  const address = new Address(location);

  websocket._url = address.href;

  if (address.problem !== null) {
    const err = new SyntaxError(address.problem);

    if (!isRedirected) throw err;

    emitErrorAndClose(websocket, err);
    return;
  }

  const handshake = new OpeningHandshake(protocols, options);
  const { defaultPort, ...target } = address.requestOptions();

  Object.assign(options, target);
  options.createConnection ||= address.isSecure ? connectTls : connectNet;
  options.defaultPort ||= defaultPort;
  options.headers = { ...options.headers, ...handshake.headers() };
  options.timeout = options.handshakeTimeout;

  if (options.followRedirects) {
    if (!isRedirected) {
      rememberOrigin(websocket, address);
      userOptions = withOwnHeaders(userOptions);
    } else if (websocket.listenerCount('redirect') === 0) {
      dropCredentials(websocket, address, options);
    }

    keepCredentials(userOptions, options.auth);
  }

  const { request } = address.isSecure ? https : http;
  const req = (websocket._req = request(options));

  // Whoever closes the WebSocket here has not ended it yet: he may have
  // destroyed the request with an error before, and that is still to be emitted
  // and needs the listeners below.
  if (isRedirected) websocket.emit('redirect', websocket.url, req);

  req[kAttempt] = {
    handshake,
    isOver: false,
    location,
    options,
    wanted: { protocols, options: userOptions },
    websocket
  };

  if (options.timeout) req.on('timeout', requestOnTimeout);
  req.on('error', requestOnError);
  req.on('response', requestOnResponse);
  req.on('upgrade', requestOnUpgrade);

  if (options.finishRequest) options.finishRequest(req, websocket);
  else req.end();

  return options;
}

function requestOnTimeout() {
  const { isOver, websocket } = this[kAttempt];

  if (isOver) return;

  abortHandshake(websocket, this, 'Opening handshake has timed out');
}

function requestOnError(err) {
  const attempt = this[kAttempt];

  // Some versions of Node emit two errors for one request.
  if (attempt.isOver || this[kAborted]) return;

  finish(attempt);
  emitErrorAndClose(attempt.websocket, err);
}

function requestOnResponse(res) {
  const { options, websocket } = this[kAttempt];
  const { location } = res.headers;
  const { statusCode } = res;

  if (
    options.followRedirects &&
    location &&
    statusCode >= 300 &&
    statusCode < 400
  ) {
    redirect(this, location);
  } else if (!websocket.emit('unexpected-response', this, res)) {
    abortHandshake(
      websocket,
      this,
      `Unexpected server response: ${statusCode}`
    );
  }
}

function redirect(req, location) {
  const { location: base, options, wanted, websocket } = req[kAttempt];

  if (++websocket._redirects > options.maxRedirects) {
    abortHandshake(websocket, req, 'Maximum redirects exceeded');
    return;
  }

  req.abort();

  let url;

  try {
    url = new URL(location, base);
  } catch {
    emitErrorAndClose(websocket, new SyntaxError(`Invalid URL: ${location}`));
    return;
  }

  sendRequest(websocket, url, wanted);
}

function requestOnUpgrade(res, socket, head) {
  const attempt = this[kAttempt];
  const { handshake, options, websocket } = attempt;

  websocket.emit('upgrade', res);

  // A listener may have closed the WebSocket.
  if (websocket.readyState !== CONNECTING) return;

  finish(attempt);

  const problem = handshake.judge(res.headers);

  if (handshake.protocol) websocket._protocol = handshake.protocol;

  if (problem !== null) {
    abortHandshake(websocket, socket, problem);
    return;
  }

  websocket._extensions = handshake.extensions;
  websocket.setSocket(socket, head, {
    allowSynchronousEvents: options.allowSynchronousEvents,
    autoPong: options.autoPong,
    closeTimeout: options.closeTimeout,
    generateMask: options.generateMask,
    heartbeat: options.heartbeat,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxInboundBytes: options.maxInboundBytes,
    maxPayload: options.maxPayload,
    maxPendingAutoPongs: options.maxPendingAutoPongs,
    skipUTF8Validation: options.skipUTF8Validation
  });
}

/**
 * The request has done its work: what it still emits is nobody's.
 *
 * @private
 */
function finish(attempt) {
  attempt.isOver = true;
  attempt.websocket._req = null;
}

/**
 * Gives up an opening handshake. 'error' and 'close' are emitted later.
 *
 * @param {WebSocket} websocket The client, or the WebSocket of a server
 * @param {(http.ClientRequest|Duplex)} stream The request, or the socket once
 *     the request is answered
 * @param {String} message The message of the error
 */
function abortHandshake(websocket, stream, message) {
  const err = new Error(message);

  Error.captureStackTrace(err, abortHandshake);
  websocket._readyState = CLOSING;

  if (typeof stream.setHeader !== 'function') {
    stream.destroy(err);
    stream.once('error', websocket.emit.bind(websocket, 'error'));
    stream.once('close', websocket.emitClose.bind(websocket));
    return;
  }

  stream[kAborted] = true;
  stream.abort();
  // A request that is complete leaves its socket alone.
  if (stream.socket && !stream.socket.destroyed) stream.socket.destroy();

  nextTick(emitErrorAndClose, websocket, err);
}

/**
 * @param {WebSocket} websocket A WebSocket that has not been open
 * @param {Error} err Why it never will be
 */
function emitErrorAndClose(websocket, err) {
  websocket._readyState = CLOSING;
  websocket._errorEmitted = true;
  websocket.emit('error', err);
  websocket.emitClose();
}

module.exports = { abortHandshake, connect };
