'use strict';

const EventEmitter = require('events');

const Inbound = require('./inbound');
const addon = require('./binding');
const { Sender, byteLength } = require('./sender');
const { socketOf } = require('./socket');
const {
  addEventListener,
  defineEventAttributes,
  removeEventListener
} = require('./event-target');
const {
  closeCodeOf,
  createInternalError,
  createNotOpenError,
  createProtocolError
} = require('./errors');
const {
  ABNORMAL_CLOSURE,
  BINARY_TYPES,
  EMPTY_BUFFER,
  NO_STATUS_RECEIVED,
  kAccept,
  kConnection,
  kRemoveClient,
  nextTick
} = require('./constants');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const readyStates = { CONNECTING, OPEN, CLOSING, CLOSED };

const kServer = Symbol('kServer');

/**
 * A WebSocket, with the members and events of the class of that name in ws.
 *
 * @extends EventEmitter
 */
class WebSocket extends EventEmitter {
  /**
   * @param {null} address The client is not offered
   * @param {undefined} [protocols] Subprotocols, of the client
   * @param {Object} [options] Options of the server
   * @throws {Error} If there is an address to connect to
   */
  constructor(address, protocols, options) {
    super();

    if (address !== null) {
      throw new Error(
        'oxws has no WebSocket client yet, only the server side; use the ' +
          'client of ws'
      );
    }

    this._autoPong = !!options.autoPong;
    this._binaryType = BINARY_TYPES[0];
    this._bufferedAmount = 0;
    this._closeCode = ABNORMAL_CLOSURE;
    this._closeFrameReceived = false;
    this._closeFrameSent = false;
    this._closeMessage = EMPTY_BUFFER;
    this._closeTimer = null;
    this._closeTimeout = options.closeTimeout;
    this._errorEmitted = false;
    this._extensions = {};
    this._isServer = true;
    this._paused = false;
    this._protocol = '';
    this._readyState = CONNECTING;
    this._sender = null;
    this[kConnection] = null;
    this[kServer] = null;
  }

  /**
   * The type of the data of binary messages: 'nodebuffer', 'arraybuffer',
   * 'fragments' or 'blob'. Others are ignored.
   *
   * @type {String}
   */
  get binaryType() {
    return this._binaryType;
  }

  set binaryType(type) {
    if (BINARY_TYPES.includes(type)) this._binaryType = type;
  }

  /**
   * Payload bytes of data frames that the kernel has not taken.
   *
   * @type {Number}
   */
  get bufferedAmount() {
    const connection = this[kConnection];

    if (connection === null) return this._bufferedAmount;
    return connection.bufferedAmount + this._sender._bufferedBytes;
  }

  /**
   * The names of the negotiated extensions.
   *
   * @type {String}
   */
  get extensions() {
    return Object.keys(this._extensions).join();
  }

  /**
   * Whether `pause()` was called, and `resume()` was not since.
   *
   * @type {Boolean}
   */
  get isPaused() {
    return this._paused;
  }

  /**
   * The negotiated subprotocol.
   *
   * @type {String}
   */
  get protocol() {
    return this._protocol;
  }

  /**
   * One of `CONNECTING`, `OPEN`, `CLOSING`, `CLOSED`.
   *
   * @type {Number}
   */
  get readyState() {
    return this._readyState;
  }

  /**
   * The URL of a client.
   *
   * @type {(String|undefined)}
   */
  get url() {
    return this._url;
  }

  /**
   * The stream that stands for the transport.
   *
   * @type {(Socket|null)}
   */
  get _socket() {
    const connection = this[kConnection];

    return connection === null ? null : socketOf(connection);
  }

  /**
   * Starts the closing handshake.
   *
   * @param {Number} [code] The status code: 1000, 1001, 1002, 1003, 1007 to
   *     1014, or 3000 to 4999
   * @param {(String|Uint8Array)} [data] The reason, at most 123 bytes
   * @throws {(RangeError|TypeError)} If one can't be sent
   */
  close(code, data) {
    // While closing, the core ends the transport when its time has come.
    if (this._readyState !== OPEN) return;

    this._sender.close(code, data, !this._isServer);
    this._readyState = CLOSING;

    // The core takes the time from the close frame on, and that may have to
    // wait for a Blob.
    if (this._sender.isWaiting) {
      this._closeTimer = setTimeout(
        this.terminate.bind(this),
        this._closeTimeout
      );
    }
  }

  /**
   * Stops reading. Messages that have been read wait.
   */
  pause() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = true;
    this[kConnection].inbound.pause();
  }

  /**
   * Reads on.
   */
  resume() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = false;
    this[kConnection].inbound.resume();
  }

  /**
   * Sends a ping.
   *
   * @param {*} [data] The payload, at most 125 bytes
   * @param {Boolean} [mask] Whether to mask it
   * @param {Function} [cb] Called when the kernel has taken it
   * @throws {RangeError} If the payload is too large
   */
  ping(data, mask, cb) {
    sendControl(this, this._sender?.ping, data, mask, cb);
  }

  /**
   * Sends a pong.
   *
   * @param {*} [data] The payload, at most 125 bytes
   * @param {Boolean} [mask] Whether to mask it
   * @param {Function} [cb] Called when the kernel has taken it
   * @throws {RangeError} If the payload is too large
   */
  pong(data, mask, cb) {
    sendControl(this, this._sender?.pong, data, mask, cb);
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data The data
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; by default unless
   *     it is a string
   * @param {Boolean} [options.compress] Has no effect: there is no compression
   * @param {Boolean} [options.fin=true] Whether it is the last fragment
   * @param {Boolean} [options.mask] Whether to mask it; by default a client
   *     does
   * @param {Function} [cb] Called when the kernel has taken it
   * @throws {TypeError} If the data is of no type that can be sent
   */
  send(data, options, cb) {
    if (this._readyState === CONNECTING) throw createNotOpenError(CONNECTING);

    if (typeof options === 'function') {
      cb = options;
      options = undefined;
    }

    if (typeof data === 'number') data = data.toString();

    if (this._readyState !== OPEN) {
      refuse(this, data, cb);
    } else if (data === '') {
      this._sender.send('', options, cb);
    } else {
      this._sender.send(data || EMPTY_BUFFER, options, cb);
    }
  }

  /**
   * Closes the connection without a handshake. What was sent before still goes
   * out as far as the kernel takes it at once.
   */
  terminate() {
    if (this._readyState === CLOSED || this[kConnection] === null) return;

    this._readyState = CLOSING;
    this[kConnection].terminate();
  }

  /**
   * Takes over a connection whose handshake has been answered.
   *
   * @param {Connection} connection The connection
   * @param {Buffer} config The words of its configuration
   * @param {WebSocketServer} server The server
   * @param {Boolean} oneAtATime Whether to emit one event in a turn of the
   *     event loop
   * @private
   */
  [kAccept](connection, config, server, oneAtATime) {
    this[kConnection] = connection;
    this[kServer] = server;
    this._sender = new Sender(connection, (err) => senderOnError(this, err));
    connection.upgrade(
      config,
      new Inbound(this, connection, handlers, oneAtATime)
    );
    this._readyState = OPEN;
    this.emit('open');
  }
}

for (const name of Object.keys(readyStates)) {
  const descriptor = { enumerable: true, value: readyStates[name] };

  Object.defineProperty(WebSocket, name, descriptor);
  Object.defineProperty(WebSocket.prototype, name, descriptor);
}

for (const name of [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url'
]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}

defineEventAttributes(WebSocket.prototype);
WebSocket.prototype.addEventListener = addEventListener;
WebSocket.prototype.removeEventListener = removeEventListener;

/**
 * What the core's events do to a WebSocket.
 */
const handlers = {
  message: onMessage,
  ping: onPing,
  pong: onPong,
  close: onClose,
  error: onError,
  end: onEnd,
  closed: onClosed
};

function onMessage(websocket, data, isBinary) {
  if (isBinary && websocket._binaryType !== 'nodebuffer') {
    data = convert(data, websocket._binaryType);
  }

  websocket.emit('message', data, isBinary);
}

function convert(data, binaryType) {
  switch (binaryType) {
    case 'arraybuffer':
      // The user's own, to transfer if he likes; memory of the core's is not.
      return data.buffer.slice(
        data.byteOffset,
        data.byteOffset + data.byteLength
      );
    case 'blob':
      return new Blob([data]);
    default:
      // The core assembles messages; there is one fragment.
      return data.length === 0 ? [] : [data];
  }
}

function onPing(websocket, data) {
  // The core has answered it.
  websocket.emit('ping', data);
}

function onPong(websocket, data) {
  websocket.emit('pong', data);
}

function onClose(websocket, code, reason) {
  websocket._closeFrameReceived = true;
  websocket._closeCode = code;
  // A copy of its own, or it would keep a whole slab alive.
  websocket._closeMessage =
    reason.length === 0
      ? EMPTY_BUFFER
      : Buffer.from(Uint8Array.from(reason).buffer);

  if (code === NO_STATUS_RECEIVED) websocket.close();
  else websocket.close(code, websocket._closeMessage);
}

function onError(websocket, number, parameter) {
  if (number === addon.INTERNAL_ERROR) {
    // The transport is closed already.
    websocket._readyState = CLOSING;
    emitError(websocket, createInternalError());
    return;
  }

  const err = createProtocolError(number, parameter);

  websocket.close(closeCodeOf(number));
  emitError(websocket, err);
}

function onEnd(websocket) {
  websocket._readyState = CLOSING;
  websocket[kConnection].end();
}

function onClosed(websocket, wasClean) {
  clearTimeout(websocket._closeTimer);
  websocket._closeFrameSent = wasClean;
  websocket._readyState = CLOSED;
  // Not by a listener: users may remove all of those.
  if (websocket[kServer] !== null) websocket[kServer][kRemoveClient](websocket);
  websocket.emit('close', websocket._closeCode, websocket._closeMessage);
}

/**
 * A Blob could not be read: nothing in order can be sent after it.
 */
function senderOnError(websocket, err) {
  if (websocket._readyState === CLOSED) return;

  websocket._readyState = CLOSING;
  websocket[kConnection].end();
  emitError(websocket, err);
}

function emitError(websocket, err) {
  if (websocket._errorEmitted) return;

  websocket._errorEmitted = true;
  websocket.emit('error', err);
}

function sendControl(websocket, method, data, mask, cb) {
  if (websocket._readyState === CONNECTING) {
    throw createNotOpenError(CONNECTING);
  }

  if (typeof data === 'function') {
    cb = data;
    data = mask = undefined;
  } else if (typeof mask === 'function') {
    cb = mask;
    mask = undefined;
  }

  if (typeof data === 'number') data = data.toString();

  if (websocket._readyState !== OPEN) {
    refuse(websocket, data, cb);
    return;
  }

  if (mask === undefined) mask = !websocket._isServer;
  method.call(websocket._sender, data || EMPTY_BUFFER, mask, cb);
}

/**
 * Data that comes after the close is counted and its callback called with an
 * error.
 */
function refuse(websocket, data, cb) {
  if (data) {
    const length = byteLength(data);

    if (websocket._sender !== null) websocket._sender._bufferedBytes += length;
    else websocket._bufferedAmount += length;
  }

  if (cb) nextTick(cb, createNotOpenError(websocket._readyState));
}

module.exports = WebSocket;
