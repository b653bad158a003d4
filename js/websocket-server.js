'use strict';

const EventEmitter = require('events');

const HttpServer = require('./http-server');
const Listener = require('./listener');
const WebSocket = require('./websocket');
const hub = require('./hub');
const { accept, readRequest, verify } = require('./upgrade');
const {
  byteLimit,
  listenOptionsOf,
  parseOptions
} = require('./server-options');
const {
  EMPTY_BUFFER,
  RUNNING,
  kConnection,
  kRemoveClient,
  nextTick
} = require('./constants');

const CLOSING = 1;
const CLOSED = 2;

const kHttpServer = Symbol('kHttpServer');
const kListener = Symbol('kListener');

/**
 * A WebSocket server, with the members and events of the class of that name in
 * ws.
 *
 * @extends EventEmitter
 */
class WebSocketServer extends EventEmitter {
  /**
   * @param {Object} options Options
   * @param {Boolean} [options.allowSynchronousEvents=true] Whether several
   *     'message', 'ping' and 'pong' events may be emitted in one turn of the
   *     event loop
   * @param {Boolean} [options.autoPong=true] Whether to answer pings
   * @param {Number} [options.backlog=511] The length of the kernel's queue of
   *     connections not yet accepted
   * @param {Boolean} [options.clientTracking=true] Whether to keep `clients`
   * @param {Number} [options.closeTimeout=30000] Milliseconds for the closing
   *     handshake
   * @param {Function} [options.handleProtocols] Selects a subprotocol
   * @param {Number} [options.headersTimeout=60000] Milliseconds for the head
   *     of a request, 0 for no limit
   * @param {Object} [options.heartbeat] Pings that the core sends by itself
   * @param {Number} options.heartbeat.interval Milliseconds between two pings
   * @param {Number} options.heartbeat.timeout Milliseconds after a ping in
   *     which something must be received, or the connection is terminated
   * @param {String} [options.host] The host name or address to bind to
   * @param {Number} [options.maxBufferedChunks=262144] How many reads one
   *     frame may take, 0 for any number
   * @param {Number} [options.maxFragments=16384] How many fragments a message
   *     may have, 0 for any number
   * @param {Number} [options.maxInboundBytes=1048576] Bytes of one connection
   *     that may wait for JavaScript before its socket is not read; a message
   *     of up to `maxPayload` always passes
   * @param {Number} [options.maxInboundBytesTotal=67108864] The same for all
   *     connections of this thread; the last server that names it decides
   * @param {Number} [options.maxPayload=104857600] Bytes a message may have, 0
   *     for any number
   * @param {Number} [options.maxPendingAutoPongs=60] Answers to pings that may
   *     wait for the peer to take them, 0 for any number
   * @param {String} [options.path] Accept only handshakes for this path
   * @param {(Boolean|Object)} [options.perMessageDeflate=false] Has no effect:
   *     there is no compression yet
   * @param {Number} [options.port] The port, 0 for any that is free
   * @param {Boolean} [options.skipUTF8Validation=false] Whether to accept text
   *     that is not UTF-8
   * @param {Function} [options.verifyClient] Rejects handshakes
   * @param {Function} [options.WebSocket=WebSocket] The class of the
   *     connections, derived from `WebSocket`
   * @param {Function} [callback] A listener of 'listening'
   * @throws {(Error|RangeError|TypeError)} If the options can't be meant
   */
  constructor(options, callback) {
    super();

    options = parseOptions(options, WebSocket);

    if (options.clientTracking) this.clients = new Set();

    this.options = options;
    this._state = RUNNING;
    this[kHttpServer] = null;
    this[kListener] = new Listener({
      listening: () => {
        if (callback) callback();
        this[kHttpServer]?.emit('listening');
        if (this._state === RUNNING) this.emit('listening');
      },
      error: (err) => {
        if (this[kHttpServer]?.listenerCount('error') > 0) {
          this[kHttpServer].emit('error', err);
        }
        this.emit('error', err);
      },
      handshake: (connection, fields, verdict) => {
        onHandshake(this, connection, fields, verdict);
      },
      closed: () => this[kHttpServer]?.emit('close')
    });

    hub.open();
    if (options.maxInboundBytesTotal > 0) {
      hub.environment.limitInbound(byteLimit(options.maxInboundBytesTotal));
    }
    this[kListener].listen(listenOptionsOf(options));
  }

  /**
   * What answers for the `http.Server` that ws makes; `null` once closed.
   *
   * @type {(HttpServer|null)}
   */
  get _server() {
    if (this._state !== RUNNING) return null;
    if (this[kHttpServer] === null) {
      this[kHttpServer] = new HttpServer(this[kListener]);
    }

    return this[kHttpServer];
  }

  /**
   * The address the server is bound to.
   *
   * @return {(Object|null)} `address`, `family` and `port`; `null` before it
   *     is bound and after it is closed
   */
  address() {
    return this._state === RUNNING ? this[kListener].address() : null;
  }

  /**
   * Stops accepting connections; 'close' is emitted when all are closed.
   *
   * @param {Function} [cb] A one-time listener of 'close', called with an error
   *     if the server is closed already
   */
  close(cb) {
    if (this._state === CLOSED) {
      if (cb) {
        this.once('close', () => {
          cb(new Error('The server is not running'));
        });
      }

      nextTick(emitClose, this);
      return;
    }

    if (cb) this.once('close', cb);
    if (this._state === CLOSING) return;

    this._state = CLOSING;
    this[kListener].close(() => emitClose(this));
  }

  /**
   * Whether a request is for this server; may be overridden.
   *
   * @param {http.IncomingMessage} req The request
   * @return {Boolean} Whether it is
   */
  shouldHandle(req) {
    if (!this.options.path) return true;

    const index = req.url.indexOf('?');
    const pathname = index === -1 ? req.url : req.url.slice(0, index);

    return pathname === this.options.path;
  }

  /**
   * Handles a request for an upgrade.
   *
   * @param {http.IncomingMessage} req The request
   * @param {Duplex} socket The socket it came over
   * @param {Buffer} head What the client sent behind it
   * @param {Function} cb Called with the WebSocket and the request
   * @throws {Error} If the request did not come in through this package
   */
  handleUpgrade(req, socket, head, cb) {
    const connection = socket[kConnection];

    if (connection === undefined) {
      throw new Error(
        'oxws handles only upgrades of its own listening sockets yet'
      );
    }

    verify(this, req, connection, (protocols) => {
      complete(this, protocols, req, connection, head, cb);
    });
  }

  /**
   * Accepts a handshake that has been verified.
   *
   * @param {Object} extensions The accepted extensions
   * @param {String} key The value of Sec-WebSocket-Key
   * @param {Set} protocols The subprotocols that the client offers
   * @param {http.IncomingMessage} req The request
   * @param {Duplex} socket The socket it came over
   * @param {Buffer} head What the client sent behind it
   * @param {Function} cb Called with the WebSocket and the request
   * @throws {Error} If called twice for one socket
   * @private
   */
  completeUpgrade(extensions, key, protocols, req, socket, head, cb) {
    accept(this, protocols, req, socket[kConnection], cb);
  }

  /**
   * A connection is gone.
   *
   * @param {WebSocket} websocket Its WebSocket
   * @private
   */
  [kRemoveClient](websocket) {
    if (this.clients) this.clients.delete(websocket);
  }
}

/**
 * A request for an upgrade came in.
 *
 * @private
 */
function onHandshake(server, connection, fields, verdict) {
  const req = readRequest(connection, fields, verdict);
  const httpServer = server[kHttpServer];

  if (httpServer !== null && httpServer.listenerCount('upgrade') > 0) {
    httpServer.emit('upgrade', req, req.socket, EMPTY_BUFFER);
  }

  const cb = (websocket) => server.emit('connection', websocket, req);

  // The socket is made only for whoever overrides the method.
  if (server.handleUpgrade === WebSocketServer.prototype.handleUpgrade) {
    verify(server, req, connection, (protocols) => {
      complete(server, protocols, req, connection, EMPTY_BUFFER, cb);
    });
  } else {
    server.handleUpgrade(req, req.socket, EMPTY_BUFFER, cb);
  }
}

/**
 * A handshake has been verified. Again the socket is made only for whoever
 * overrides the method.
 *
 * @private
 */
function complete(server, protocols, req, connection, head, cb) {
  if (server.completeUpgrade === WebSocketServer.prototype.completeUpgrade) {
    accept(server, protocols, req, connection, cb);
  } else {
    const key = req.headers['sec-websocket-key'];

    server.completeUpgrade({}, key, protocols, req, req.socket, head, cb);
  }
}

function emitClose(server) {
  server._state = CLOSED;
  server.emit('close');
}

module.exports = WebSocketServer;
