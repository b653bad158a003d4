'use strict';

const EventEmitter = require('events');

const ReceiverView = require('./receiver-view');
const Relay = require('./relay');
const defineDefaults = require('./websocket-defaults');
const inbound = require('./inbound');
const settle = require('./adoption');
const { abortHandshake, connect } = require('./client');
const { configOf } = require('./connection-options');
const { createNotOpenError } = require('./errors');
const { definePong, hasOwnPong } = require('./own-pong');
const { sendWhole } = require('./message-frame');
const { socketOf } = require('./socket');
const { sendClose } = require('./close-frame');
const { startCloseTimer } = require('./close-timer');
const {
  WebSocketSender,
  refuse,
  sendBySender,
  sendControl
} = require('./websocket-sender');
const {
  addEventListener,
  defineEventAttributes,
  removeEventListener
} = require('./event-target');
const {
  BINARY_TYPES,
  CLOSED,
  CLOSING,
  CONNECTING,
  EMPTY_BUFFER,
  OPEN,
  kAccept,
  kAnswersPings,
  kConnection,
  kLimits,
  kReceiver,
  kSender,
  kServer,
  kWebSocket,
  nextTick
} = require('./constants');

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

    // What most WebSockets have in common is on the prototype: there may be
    // very many of them.
    this._events = new Listeners();
    this._readyState = CONNECTING;
    this[kConnection] = null;
    this[kServer] = null;

    if (address !== null) {
      this._bufferedAmount = 0;
      this._extensions = {};
      this._isServer = false;
      options = connect(this, address, protocols, options);
    }

    const { autoPong, closeTimeout, heartbeat, maxPendingAutoPongs } = options;

    if (!autoPong) this._autoPong = false;
    if (closeTimeout !== this._closeTimeout) this._closeTimeout = closeTimeout;
    if (heartbeat) this._heartbeat = heartbeat;
    if (maxPendingAutoPongs !== this._maxPendingAutoPongs) {
      this._maxPendingAutoPongs = maxPendingAutoPongs | 0;
    }
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

    const waiting = this[kSender] === null ? 0 : this[kSender]._bufferedBytes;

    return connection.bufferedAmount + waiting;
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
      const limits = this[kLimits] || this[kServer].options;

      this[kReceiver] = new ReceiverView(this, limits);
    }

    return this[kReceiver];
  }

  /**
   * What sends that of which something has to be remembered. It is made when
   * there is need for it, or when someone asks.
   *
   * @type {(Sender|null)}
   */
  get _sender() {
    if (this[kSender] === null && this[kConnection] !== null) {
      this[kSender] = new WebSocketSender(
        this[kConnection],
        this._extensions,
        this._isServer
      );
    }

    return this[kSender];
  }

  set _sender(sender) {
    this[kSender] = sender;
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

    if (this[kSender] !== null) {
      this[kSender].close(code, data, !this._isServer);
    } else {
      sendClose(this[kConnection], code, data, !this._isServer);
    }

    this._readyState = CLOSING;
    startCloseTimer(this);
  }

  /**
   * Stops reading. Messages that have been read wait.
   */
  pause() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = true;
    // The socket's pause and the WebSocket's are one.
    if (showsTransport(this)) this[kConnection].socket.pause();
    else inbound.pause(this);
  }

  /**
   * Reads on.
   */
  resume() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = false;
    if (showsTransport(this)) this[kConnection].socket.resume();
    else inbound.resume(this);
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
      return;
    }

    if (!data && data !== '') data = EMPTY_BUFFER;
    if (this[kSender] !== null || !sendWhole(this, data, options, cb)) {
      sendBySender(this, data, options, cb);
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

    // These may be missing if it is just a Duplex.
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();
    if (head.length > 0) socket.unshift(head);

    // Before the stream begins to flow, which takes a tick of its own.
    nextTick(settle, this, relay);
    open(this, relay, options);
    if (options.generateMask) {
      this[kSender] = new WebSocketSender(
        relay,
        this._extensions,
        this._isServer,
        options.generateMask
      );
    }
    relay.open(this, {
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
    open(this, connection, options);
    connection.upgrade(config, this);
    if (this[kAnswersPings]) connection.leavePings();
    this.emit('open');
  }
}

/**
 * The listeners of a WebSocket by the names of their events, as EventEmitter
 * keeps them. Its own begin as a dictionary, which takes four times the memory.
 *
 * @private
 */
function Listeners() {}

Listeners.prototype = Object.create(null);

defineDefaults(WebSocket);
definePong(WebSocket.prototype);
defineEventAttributes(WebSocket.prototype);
WebSocket.prototype.addEventListener = addEventListener;
WebSocket.prototype.removeEventListener = removeEventListener;

/**
 * @private
 */
function open(websocket, connection, options) {
  websocket[kConnection] = connection;
  websocket._readyState = OPEN;
  if (options !== websocket[kServer]?.options) websocket[kLimits] = options;
  if (isOneAtATime(options)) inbound.emitOneAtATime(websocket);
  if (websocket._autoPong && hasOwnPong(websocket)) {
    websocket[kAnswersPings] = true;
  }
}

/**
 * Whether there is a stream that stands for a transport of the core.
 *
 * @private
 */
function showsTransport({ [kConnection]: connection }) {
  return connection.socket !== null && !connection.isRelay;
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

module.exports = WebSocket;
