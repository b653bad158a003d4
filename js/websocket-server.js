'use strict';

const EventEmitter = require('events');
const cluster = require('cluster');
const http = require('http');

const Listener = require('./listener');
const WebSocket = require('./websocket');
const addon = require('./binding');
const broadcast = require('./broadcast');
const hub = require('./hub');
const { byteLimit } = require('./connection-options');
const { NodeHandshake, OfferedHandshake } = require('./handshake');
const {
  headersTimeoutOf,
  isPort,
  listenOptionsOf,
  parseOptions
} = require('./server-options');
const { HttpServer, requireUpgrade } = require('./http-server');
const { accept, verify } = require('./upgrade');
const {
  EMPTY_BUFFER,
  RUNNING,
  kConnection,
  kRemoveClient,
  nextTick
} = require('./constants');

const CLOSING = 1;
const CLOSED = 2;

const kAttach = Symbol('kAttach');
const kHttpServer = Symbol('kHttpServer');
const kListener = Symbol('kListener');
const kReleased = Symbol('kReleased');
const kRemoveListeners = Symbol('kRemoveListeners');
const kShouldEmitClose = Symbol('kShouldEmitClose');

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
   * @param {Boolean} [options.noServer=false] Whether requests come by
   *     `handleUpgrade()` alone
   * @param {(Boolean|Object)} [options.perMessageDeflate=false] Whether, and how,
   *     permessage-deflate is accepted
   * @param {(Number|String)} [options.port] The port, 0 for any that is free; or
   *     the path of a UNIX socket or a pipe
   * @param {(http.Server|https.Server)} [options.server] The server that requests
   *     come from
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
    // What listens: of the core, or of Node.
    this[kListener] = null;
    this[kHttpServer] = null;
    this[kReleased] = null;
    this[kRemoveListeners] = null;
    this[kShouldEmitClose] = false;

    if (options.maxInboundBytesTotal > 0) {
      hub.open().limitInbound(byteLimit(options.maxInboundBytesTotal));
    }

    if (options.server) {
      this[kAttach](options.server);
    } else if (options.port != null) {
      // A path, and a port that a cluster's workers share, are Node's to open.
      if (cluster.isWorker || !isPort(options.port)) {
        listenByNode(this, callback);
      } else listenByCore(this, callback);
    }
  }

  /**
   * The `http.Server` that requests come from, or what answers for it where the
   * core listens; `null` once closed.
   *
   * @type {(http.Server|null|undefined)}
   */
  get _server() {
    if (this.options.noServer) return undefined;
    if (this._state !== RUNNING) return null;
    if (this[kHttpServer] === null) {
      this[kHttpServer] = new HttpServer(this[kListener], () => {
        // It still has the connections that it accepted.
        this[kReleased] = this[kListener];
        this[kListener] = null;
        this[kHttpServer].headersTimeout = headersTimeoutOf(this.options);
        this[kAttach](this[kHttpServer]);
      });
    }

    return this[kHttpServer];
  }

  /**
   * The address the server is bound to.
   *
   * @return {(Object|String|null)} `address`, `family` and `port`, or the path of
   *     a UNIX socket or a pipe; `null` before it is bound and after it is closed
   * @throws {Error} If there is no server
   */
  address() {
    if (this.options.noServer) {
      throw new Error('The server is operating in "noServer" mode');
    }

    if (this._state !== RUNNING) return null;
    return (this[kListener] ?? this[kHttpServer]).address();
  }

  /**
   * Sends a message to all clients that are open. It crosses to the core once,
   * however many they are.
   *
   * @param {*} data The message, as `WebSocket#send()` takes it
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; by default unless it
   *     is a string or a number
   * @param {Boolean} [options.compress=true] Whether to compress it for those
   *     that agreed on it
   * @param {(WebSocket|Iterable)} [options.except] Who does not get it
   * @param {Function} [options.filter] Called with each of the others: whether
   *     it does
   * @return {Number} How many it was sent to
   * @throws {Error} If there is no set of clients
   * @throws {TypeError} If the data is of no type that can be sent, or an option
   *     is not as documented; then nothing was sent
   */
  broadcast(data, options) {
    if (!this.clients) {
      throw new Error(
        'The "clientTracking" option is false: there are no clients'
      );
    }

    return broadcast(this.clients, data, options);
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
    this[kRemoveListeners]?.();

    if (this[kListener] !== null) {
      this[kListener].close(() => emitClose(this));
    } else if (this.options.port != null) {
      // The server was made here: it knows when all its connections are closed.
      this[kHttpServer].close(() => {
        if (this[kReleased] === null) emitClose(this);
        else this[kReleased].close(() => emitClose(this));
      });
    } else if (this.clients?.size > 0) {
      this[kShouldEmitClose] = true;
    } else {
      nextTick(emitClose, this);
    }
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
   */
  handleUpgrade(req, socket, head, cb) {
    upgrade(this, handshakeOf(req, socket, head), head, cb);
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
    const handshake =
      socket[kConnection]?.handshake || new NodeHandshake(req, socket, head);

    handshake.req ??= req;

    handshake.acceptKey = addon.acceptKey(key);
    accept(this, handshake, extensions, protocols, cb);
  }

  /**
   * Takes requests from a server of Node's.
   *
   * @param {(http.Server|https.Server)} httpServer The server
   * @private
   */
  [kAttach](httpServer) {
    const emitConnection = this.emit.bind(this, 'connection');
    const listeners = {
      listening: this.emit.bind(this, 'listening'),
      error: this.emit.bind(this, 'error'),
      upgrade: (req, socket, head) => {
        this.handleUpgrade(req, socket, head, emitConnection);
      }
    };

    this[kHttpServer] = httpServer;
    for (const name of Object.keys(listeners)) {
      httpServer.on(name, listeners[name]);
    }

    this[kRemoveListeners] = () => {
      for (const name of Object.keys(listeners)) {
        httpServer.removeListener(name, listeners[name]);
      }
    };
  }

  /**
   * A connection is gone.
   *
   * @param {WebSocket} websocket Its WebSocket
   * @private
   */
  [kRemoveClient](websocket) {
    if (!this.clients) return;

    this.clients.delete(websocket);
    if (this[kShouldEmitClose] && this.clients.size === 0) {
      nextTick(emitClose, this);
    }
  }
}

/**
 * Lets the core bind and listen.
 *
 * @private
 */
function listenByCore(server, callback) {
  const listener = new Listener({
    listening: () => {
      if (callback) callback();
      // Whoever took over is told by itself.
      if (server[kListener] === null) return;
      server[kHttpServer]?.emit('listening');
      if (server._state === RUNNING) server.emit('listening');
    },
    error: (err) => {
      if (server[kHttpServer]?.listenerCount('error') > 0) {
        server[kHttpServer].emit('error', err);
      }
      server.emit('error', err);
    },
    handshake: (connection, text, verdict) => {
      onHandshake(server, connection, text, verdict);
    },
    closed: () => server[kHttpServer]?.emit('close')
  });

  listener.listen(listenOptionsOf(server.options));
  server[kListener] = listener;
}

/**
 * Lets Node bind and listen, as ws does.
 *
 * @private
 */
function listenByNode(server, callback) {
  const { backlog, host, port } = server.options;
  const httpServer = http.createServer(requireUpgrade);

  httpServer.headersTimeout = headersTimeoutOf(server.options);
  httpServer.listen(port, host, backlog, callback);
  server[kAttach](httpServer);
}

/**
 * A request for an upgrade came in over a listener of the core.
 *
 * @private
 */
function onHandshake(server, connection, text, verdict) {
  const handshake = new OfferedHandshake(connection, text, verdict);
  const { req } = handshake;
  const httpServer = server[kHttpServer];
  const cb = (websocket) => server.emit('connection', websocket, req);

  connection.handshake = handshake;

  if (httpServer !== null && httpServer.listenerCount('upgrade') > 0) {
    httpServer.emit('upgrade', req, req.socket, EMPTY_BUFFER);
  }

  // The socket is made only for whoever overrides the method.
  if (server.handleUpgrade === WebSocketServer.prototype.handleUpgrade) {
    upgrade(server, handshake, EMPTY_BUFFER, cb);
  } else {
    server.handleUpgrade(req, req.socket, EMPTY_BUFFER, cb);
  }
}

/**
 * @return {(NodeHandshake|OfferedHandshake)} The handshake of a request
 * @private
 */
function handshakeOf(req, socket, head) {
  const offered = socket[kConnection]?.handshake;

  if (!offered) return new NodeHandshake(req, socket, head).judge();

  return offered;
}

/**
 * Verifies and accepts a handshake. Again the socket is made only for whoever
 * overrides the method.
 *
 * @private
 */
function upgrade(server, handshake, head, cb) {
  verify(server, handshake, (extensions, protocols) => {
    if (server.completeUpgrade === WebSocketServer.prototype.completeUpgrade) {
      accept(server, handshake, extensions, protocols, cb);
    } else {
      const { req, socket } = handshake;
      const key = req.headers['sec-websocket-key'];

      server.completeUpgrade(extensions, key, protocols, req, socket, head, cb);
    }
  });
}

function emitClose(server) {
  server._state = CLOSED;
  server.emit('close');
}

module.exports = WebSocketServer;
