'use strict';

const EventEmitter = require('events');

const Inbound = require('./inbound');
const ReceiverView = require('./receiver-view');
const Relay = require('./relay');
const Sender = require('./sender');
const addon = require('./binding');
const adopt = require('./adoption');
const { abortHandshake, connect } = require('./client');
const { configOf } = require('./connection-options');
const { byteLength } = require('./data');
const { convert } = require('./message-data');
const { extensionName } = require('./permessage-deflate');
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
  kServer,
  kWebSocket,
  nextTick
} = require('./constants');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const readyStates = { CONNECTING, OPEN, CLOSING, CLOSED };

const kAnswersPings = Symbol('kAnswersPings');
const kLimits = Symbol('kLimits');
const kReceiver = Symbol('kReceiver');

/**
 * A WebSocket, with the members and events of the class of that name in ws.
 *
 * @extends EventEmitter
 */
class WebSocket extends EventEmitter {
  /**
   * @param {(String|URL|null)} address The URL to connect to; `null` for a
   *     WebSocket that gets its socket from `setSocket()`
   * @param {(String|String[]|Object)} [protocols] The subprotocols, or the
   *     options
   * @param {Object} [options] The options of the client, see `connect()`, or of
   *     the server
   * @throws {(RangeError|SyntaxError|TypeError)} If they can't be meant
   */
  constructor(address, protocols, options) {
    super();

    this._binaryType = BINARY_TYPES[0];
    this._closeCode = ABNORMAL_CLOSURE;
    this._closeFrameReceived = false;
    this._closeFrameSent = false;
    this._closeMessage = EMPTY_BUFFER;
    this._closeTimer = null;
    this._errorEmitted = false;
    this._extensions = {};
    this._isServer = address === null;
    this._paused = false;
    this._protocol = '';
    this._readyState = CONNECTING;
    this._sender = null;
    this[kConnection] = null;
    this[kLimits] = null;
    this[kReceiver] = null;
    this[kServer] = null;

    if (address !== null) {
      this._bufferedAmount = 0;
      options = connect(this, address, protocols, options);
    }

    this._autoPong = !!options.autoPong;
    this._closeTimeout = options.closeTimeout;
    this._heartbeat = options.heartbeat;
    this._maxPendingAutoPongs = options.maxPendingAutoPongs | 0;
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
   * The socket, or the stream that stands for it.
   *
   * @type {(Duplex|null)}
   */
  get _socket() {
    const connection = this[kConnection];

    return connection === null ? null : socketOf(connection);
  }

  /**
   * What answers for the receiver that ws has: its limits, and its events.
   *
   * @type {(ReceiverView|null)}
   */
  get _receiver() {
    if (this[kReceiver] === null && this[kConnection] !== null) {
      this[kReceiver] = new ReceiverView(this, this[kLimits]);
    }

    return this[kReceiver];
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
    if (this._readyState === CONNECTING) {
      abort(this);
      return;
    }

    // While closing, the connection ends the transport when its time has come.
    if (this._readyState !== OPEN) return;

    this._sender.close(code, data, !this._isServer);
    this._readyState = CLOSING;
    this._closeTimer = setTimeout(() => {
      this[kConnection].terminate();
    }, this._closeTimeout);
  }

  /**
   * Stops reading. Messages that have been read wait.
   */
  pause() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = true;
    // The socket's pause and the WebSocket's are one.
    if (showsTransport(this)) this[kConnection].socket.pause();
    else this[kConnection].inbound.pause();
  }

  /**
   * Reads on.
   */
  resume() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = false;
    if (showsTransport(this)) this[kConnection].socket.resume();
    else this[kConnection].inbound.resume();
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
   * Sends a message, or a fragment of one.
   *
   * @param {*} data The data
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; by default unless
   *     it is a string
   * @param {Boolean} [options.compress=true] Whether to compress it, if
   *     permessage-deflate was agreed on
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
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      abort(this);
      return;
    }

    if (this[kConnection] === null) return;

    this._readyState = CLOSING;
    this[kConnection].terminate();
  }

  /**
   * Begins to speak over a socket whose opening handshake is done. Node moves
   * the bytes until the end of this tick, when the core may adopt the socket.
   *
   * @param {Duplex} socket The socket
   * @param {Buffer} head What was received behind the handshake
   * @param {Object} options Options of a connection; `generateMask`, limits, as
   *     those of a server or a client
   * @private
   */
  setSocket(socket, head, options) {
    const relay = new Relay(
      socket,
      configOf(
        {
          heartbeat: this._heartbeat,
          ...options,
          autoPong: this._autoPong,
          closeTimeout: this._closeTimeout,
          maxPendingAutoPongs: this._maxPendingAutoPongs
        },
        this._isServer,
        this._extensions
      )
    );

    socket[kWebSocket] = this;
    this[kLimits] = options;

    // These may be missing if it is just a Duplex.
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();
    if (head.length > 0) socket.unshift(head);

    // Before the stream begins to flow, which takes a tick of its own.
    nextTick(settle, this, relay);
    open(this, relay, options.generateMask, isOneAtATime(options));
    relay.open(relay.inbound, {
      autoPong: this._autoPong && !this[kAnswersPings],
      isServer: this._isServer,
      maxPendingAutoPongs: this._maxPendingAutoPongs
    });
    this.emit('open');
  }

  /**
   * Emits 'close'.
   *
   * @private
   */
  emitClose() {
    this._readyState = CLOSED;
    this.emit('close', this._closeCode, this._closeMessage);
  }

  /**
   * Takes over a connection of a listener of the core, whose handshake has been
   * answered.
   *
   * @param {Connection} connection The connection
   * @param {Buffer} config The words of its configuration
   * @param {Object} options The options of the server
   * @private
   */
  [kAccept](connection, config, options) {
    this[kLimits] = options;
    open(this, connection, undefined, isOneAtATime(options));
    connection.upgrade(config, connection.inbound);
    if (this[kAnswersPings]) connection.leavePings();
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

// Pings are answered before JavaScript hears of them, except by a WebSocket with
// a `pong()` of its own: ws answers by that method, so that one who replaces it
// decides.
Object.defineProperty(WebSocket.prototype, 'pong', {
  configurable: true,
  get() {
    return pong;
  },
  set(value) {
    Object.defineProperty(this, 'pong', {
      configurable: true,
      enumerable: true,
      value,
      writable: true
    });

    if (this[kAnswersPings] === false && this._autoPong) {
      this[kAnswersPings] = true;
      this[kConnection]?.leavePings();
    }
  }
});

defineEventAttributes(WebSocket.prototype);
WebSocket.prototype.addEventListener = addEventListener;
WebSocket.prototype.removeEventListener = removeEventListener;

/**
 * @private
 */
function open(websocket, connection, generateMask, oneAtATime) {
  const { _extensions: extensions } = websocket;

  websocket[kConnection] = connection;
  websocket._sender = new Sender(connection, extensions, generateMask);
  websocket._sender.masks = !websocket._isServer;
  websocket._sender.compresses = true;
  websocket._sender.onerror = (err) => senderOnError(websocket, err);
  websocket._readyState = OPEN;
  connection.inbound = new Inbound(websocket, connection, handlers, oneAtATime);
  websocket[kAnswersPings] = websocket._autoPong && websocket.pong !== pong;
}

/**
 * Whether there is a stream that stands for a transport of the core.
 *
 * @private
 */
function showsTransport({ [kConnection]: connection }) {
  return connection.socket !== null && !(connection instanceof Relay);
}

/**
 * As in ws an option that is there and undefined is the default.
 *
 * @private
 */
function isOneAtATime({ allowSynchronousEvents }) {
  return allowSynchronousEvents !== undefined && !allowSynchronousEvents;
}

/**
 * Lets the core go on with the socket of a relay, now or when what was written
 * to it is out.
 *
 * @private
 */
function settle(websocket, relay) {
  if (websocket[kConnection] !== relay || relay.isClosed) return;

  const connection = adopt(relay);

  if (connection !== null) {
    websocket[kConnection] = connection;
    websocket._sender.moveTo(connection);
    if (websocket[kAnswersPings]) connection.leavePings();
    return;
  }

  if (relay.isAdoptable) {
    relay.onSettled = () => settle(websocket, relay);
    if (relay.pauses === 0 && relay.socket.isPaused()) {
      settleOnResume(websocket, relay);
    }
  }

  if (websocket._heartbeat) relay.startHeartbeat();
}

/**
 * @private
 */
function settleOnResume(websocket, relay) {
  if (relay.isAwaitingResume) return;

  relay.isAwaitingResume = true;
  relay.socket.once('resume', () => {
    relay.isAwaitingResume = false;
    nextTick(settle, websocket, relay);
  });
}

/**
 * Gives up the opening handshake of a client.
 *
 * @private
 */
function abort(websocket) {
  abortHandshake(
    websocket,
    websocket._req,
    'WebSocket was closed before the connection was established'
  );
}

/**
 * What the events of a connection do to a WebSocket.
 */
const handlers = {
  message: onMessage,
  ping: onPing,
  pong: onPong,
  close: onClose,
  error: onError,
  end: onEnd,
  broken: onBroken,
  closed: onClosed
};

function onMessage(websocket, data, isBinary, fragments) {
  if (isBinary && websocket._binaryType !== 'nodebuffer') {
    data = convert(data, websocket._binaryType, fragments);
  }

  websocket.emit('message', data, isBinary);
}

function onPing(websocket, data) {
  // Unless it has been answered.
  if (websocket[kAnswersPings] && websocket._readyState === OPEN) {
    websocket.pong(data, !websocket._isServer, () => {});
  }

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
  endStream(websocket);
  websocket[kReceiver]?.emit('conclude', code, reason);
}

/**
 * Our side ends behind our close frame. The core knows that, a stream that stands
 * for the transport does not.
 *
 * @private
 */
function endStream({ [kConnection]: connection, _sender: sender }) {
  if (connection instanceof Relay || connection.socket === null) return;
  // The close frame waits for a Blob.
  if (sender._state === 2) return;

  connection.socket.end();
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
  endStream(websocket);
  emitError(websocket, err);
}

function onEnd(websocket) {
  websocket._readyState = CLOSING;
  websocket[kConnection].showEnd();
  websocket[kConnection].end();
}

function onBroken(websocket) {
  if (websocket._readyState !== CLOSED) websocket._readyState = CLOSING;
}

function onClosed(websocket, wasClean) {
  clearTimeout(websocket._closeTimer);
  websocket._closeFrameSent = wasClean;
  websocket._readyState = CLOSED;
  websocket._extensions[extensionName]?.cleanup();
  // Not by a listener: users may remove all of those.
  if (websocket[kServer] !== null) websocket[kServer][kRemoveClient](websocket);
  websocket.emitClose();
}

/**
 * A Blob could not be read: nothing in order can be sent after it.
 */
function senderOnError(websocket, err) {
  if (websocket._readyState === CLOSED) return;

  if (websocket._readyState === OPEN) {
    websocket._closeTimer = setTimeout(() => {
      websocket[kConnection].terminate();
    }, websocket._closeTimeout);
  }

  websocket._readyState = CLOSING;
  websocket[kConnection].end();
  emitError(websocket, err);
}

function emitError(websocket, err) {
  if (websocket._errorEmitted) return;

  websocket._errorEmitted = true;
  websocket.emit('error', err);
}

/**
 * Sends a pong. To be called on a WebSocket.
 *
 * @param {*} [data] The payload, at most 125 bytes
 * @param {Boolean} [mask] Whether to mask it
 * @param {Function} [cb] Called when the kernel has taken it
 * @throws {RangeError} If the payload is too large
 * @private
 */
function pong(data, mask, cb) {
  sendControl(this, this._sender?.pong, data, mask, cb);
}

/**
 * @private
 */
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
