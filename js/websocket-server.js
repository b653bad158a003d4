'use strict';

const EventEmitter = require('events');
const http = require('http');

const HttpServer = require('./http-server');
const Listener = require('./listener');
const Request = require('./request');
const WebSocket = require('./websocket');
const addon = require('./binding');
const hub = require('./hub');
const { socketOf } = require('./socket');
const {
  CLOSE_TIMEOUT,
  EMPTY_BUFFER,
  kAccept,
  kConnection,
  kRemoveClient,
  nextTick
} = require('./constants');

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

const MAX_TIMER = 0x7fffffff;
// As Node's http server.
const HEADERS_TIMEOUT = 60000;
const MAX_INBOUND_BYTES = 1024 * 1024;

// Verdicts of the core on a handshake, see `src/net/opening.rs`.
const REJECTION_MASK = 0xf;
const BAD_SUBPROTOCOLS = 0x10;
const BAD_EXTENSIONS = 0x20;
const rejections = {
  1: [405, 'Invalid HTTP method'],
  2: [400, 'Invalid Upgrade header'],
  3: [400, 'Missing or invalid Sec-WebSocket-Key header'],
  4: [
    400,
    'Missing or invalid Sec-WebSocket-Version header',
    { 'Sec-WebSocket-Version': '13, 8' }
  ]
};

// Bits of the configuration's switches, see `src/net/config.rs`.
const AUTO_PONG = 1;
const SKIP_UTF8_VALIDATION = 2;

const kHandshake = Symbol('kHandshake');
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

    options = {
      allowSynchronousEvents: true,
      autoPong: true,
      maxBufferedChunks: 256 * 1024,
      maxFragments: 16 * 1024,
      maxPayload: 100 * 1024 * 1024,
      maxPendingAutoPongs: 60,
      skipUTF8Validation: false,
      perMessageDeflate: false,
      handleProtocols: null,
      clientTracking: true,
      closeTimeout: CLOSE_TIMEOUT,
      verifyClient: null,
      noServer: false,
      backlog: null,
      server: null,
      host: null,
      path: null,
      port: null,
      headersTimeout: HEADERS_TIMEOUT,
      heartbeat: null,
      maxInboundBytes: MAX_INBOUND_BYTES,
      maxInboundBytesTotal: null,
      WebSocket,
      ...options
    };

    if (
      (options.port == null && !options.server && !options.noServer) ||
      (options.port != null && (options.server || options.noServer)) ||
      (options.server && options.noServer)
    ) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options ' +
          'must be specified'
      );
    }

    if (options.port == null) {
      throw new Error(
        'oxws does not support the "server" and "noServer" options yet, only ' +
          '"port"'
      );
    }

    checkHeartbeat(options.heartbeat);
    const port = parsePort(options.port);

    if (options.perMessageDeflate === true) options.perMessageDeflate = {};
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
    if (limit(options.maxInboundBytesTotal) > 0) {
      hub.environment.limitInbound(limit(options.maxInboundBytesTotal));
    }
    this[kListener].listen({
      port,
      host: options.host,
      backlog: options.backlog | 0,
      headersTimeout: limit(options.headersTimeout ?? HEADERS_TIMEOUT)
    });
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

    verify(this, req, connection, head, cb);
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
  const req = new Request(connection, {
    method: fields[6],
    url: fields[7],
    minorVersion: +fields[8],
    rawHeaders: fields.slice(9)
  });

  connection[kHandshake] = {
    verdict,
    protocols: fields[5] === '' ? [] : fields[5].split(','),
    isAccepted: false
  };

  const httpServer = server[kHttpServer];

  if (httpServer !== null && httpServer.listenerCount('upgrade') > 0) {
    httpServer.emit('upgrade', req, req.socket, EMPTY_BUFFER);
  }

  const cb = (websocket) => server.emit('connection', websocket, req);

  // The socket is made only for whoever overrides the method.
  if (server.handleUpgrade === WebSocketServer.prototype.handleUpgrade) {
    verify(server, req, connection, EMPTY_BUFFER, cb);
  } else {
    server.handleUpgrade(req, req.socket, EMPTY_BUFFER, cb);
  }
}

/**
 * Asks everyone who may reject the handshake, in the order of ws.
 *
 * @private
 */
function verify(server, req, connection, head, cb) {
  const { options } = server;
  const { verdict, protocols } = connection[kHandshake];
  const rejection = rejections[verdict & REJECTION_MASK];

  if (rejection !== undefined) {
    rejectOrEmit(server, req, connection, ...rejection);
    return;
  }

  if (!server.shouldHandle(req)) {
    reject(connection, 400);
    return;
  }

  if (verdict & BAD_SUBPROTOCOLS) {
    const message = 'Invalid Sec-WebSocket-Protocol header';

    rejectOrEmit(server, req, connection, 400, message);
    return;
  }

  if (options.perMessageDeflate && verdict & BAD_EXTENSIONS) {
    const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';

    rejectOrEmit(server, req, connection, 400, message);
    return;
  }

  const proceed = () => {
    const offered = new Set(protocols);

    if (server.completeUpgrade === WebSocketServer.prototype.completeUpgrade) {
      accept(server, offered, req, connection, cb);
    } else {
      const key = req.headers['sec-websocket-key'];

      server.completeUpgrade({}, key, offered, req, req.socket, head, cb);
    }
  };

  if (!options.verifyClient) {
    proceed();
    return;
  }

  const isHybi8 = +req.headers['sec-websocket-version'] === 8;
  const info = {
    origin: req.headers[isHybi8 ? 'sec-websocket-origin' : 'origin'],
    // The core speaks plain TCP.
    secure: false,
    req
  };

  if (options.verifyClient.length === 2) {
    options.verifyClient(info, (verified, code, message, headers) => {
      if (verified) proceed();
      else reject(connection, code || 401, message, headers);
    });
  } else if (options.verifyClient(info)) {
    proceed();
  } else {
    reject(connection, 401);
  }
}

/**
 * Answers the handshake and makes the WebSocket.
 *
 * @private
 */
function accept(server, protocols, req, connection, cb) {
  const handshake = connection[kHandshake];

  // The client has left while it was verified.
  if (
    connection.isEnded ||
    connection.isClosed ||
    connection.socket?.writable === false
  ) {
    connection.terminate();
    return;
  }

  if (handshake.isAccepted) {
    throw new Error(
      'server.handleUpgrade() was called more than once with the same ' +
        'socket, possibly due to a misconfiguration'
    );
  }

  if (server._state > RUNNING) {
    reject(connection, 503);
    return;
  }

  const { options } = server;
  const headers = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${connection.acceptKey}`
  ];
  const websocket = new options.WebSocket(null, undefined, options);

  if (protocols.size > 0) {
    const protocol = options.handleProtocols
      ? options.handleProtocols(protocols, req)
      : protocols.values().next().value;

    if (protocol) {
      headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
      websocket._protocol = protocol;
    }
  }

  server.emit('headers', headers, req);

  handshake.isAccepted = true;
  connection.sendRaw(headers.concat('\r\n').join('\r\n'));
  websocket[kAccept](
    connection,
    configOf(options),
    server,
    !options.allowSynchronousEvents
  );
  if (server.clients) server.clients.add(websocket);
  cb(websocket, req);
}

/**
 * The words of a connection's configuration, as `src/net/config.rs` reads
 * them.
 *
 * @private
 */
function configOf(options) {
  const { heartbeat } = options;
  const words = new Uint32Array(addon.CONFIG_WORD_COUNT);

  words[0] = limit(options.maxPayload);
  words[1] = limit(options.maxFragments);
  words[2] = limit(options.maxBufferedChunks);
  words[3] = limit(options.maxPendingAutoPongs);
  words[4] =
    (options.autoPong ? AUTO_PONG : 0) |
    (options.skipUTF8Validation ? SKIP_UTF8_VALIDATION : 0);
  words[5] = timer(options.closeTimeout);
  words[6] = heartbeat ? timer(heartbeat.interval) : 0;
  words[7] = heartbeat ? timer(heartbeat.timeout) : 0;
  words[8] = limit(options.maxInboundBytes) || MAX_INBOUND_BYTES;

  return Buffer.from(words.buffer);
}

/**
 * As ws: 0 and less turn a limit off.
 *
 * @private
 */
function limit(value) {
  return Math.max(0, value | 0);
}

/**
 * As `setTimeout()`.
 *
 * @private
 */
function timer(milliseconds) {
  return milliseconds >= 1 && milliseconds <= MAX_TIMER
    ? Math.trunc(milliseconds)
    : 1;
}

/**
 * @throws {TypeError} If the option is not as documented
 * @private
 */
function checkHeartbeat(heartbeat) {
  if (!heartbeat) return;

  for (const name of ['interval', 'timeout']) {
    const value = heartbeat[name];

    if (!(typeof value === 'number' && value >= 1 && value <= MAX_TIMER)) {
      throw new TypeError(
        `The "heartbeat.${name}" option must be a number of milliseconds ` +
          `between 1 and ${MAX_TIMER}`
      );
    }
  }
}

/**
 * @return {Number} The port
 * @throws {RangeError} If it is none, as `net.Server` does
 * @private
 */
function parsePort(value) {
  const isPort =
    (typeof value === 'number' ||
      (typeof value === 'string' && value.trim() !== '')) &&
    +value === +value >>> 0 &&
    +value <= 0xffff;

  if (isPort) return +value;

  if (typeof value === 'string' && Number.isNaN(+value)) {
    throw new Error('oxws does not listen on pipes and UNIX sockets yet');
  }

  const received =
    typeof value === 'number' || typeof value === 'string'
      ? `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : value})`
      : `type ${typeof value}`;
  const err = new RangeError(
    `options.port should be >= 0 and < 65536. Received ${received}.`
  );

  err.code = 'ERR_SOCKET_BAD_PORT';
  throw err;
}

function emitClose(server) {
  server._state = CLOSED;
  server.emit('close');
}

/**
 * Answers a handshake with an error and closes the connection.
 *
 * @private
 */
function reject(connection, code, message, headers) {
  const body = message || http.STATUS_CODES[code];
  const lines = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  };

  connection.sendRaw(
    `HTTP/1.1 ${code} ${http.STATUS_CODES[code]}\r\n` +
      Object.keys(lines)
        .map((name) => `${name}: ${lines[name]}`)
        .join('\r\n') +
      `\r\n\r\n${body}`
  );
  connection.end();
}

/**
 * Lets the user answer, if anyone listens.
 *
 * @private
 */
function rejectOrEmit(server, req, connection, code, message, headers) {
  if (server.listenerCount('wsClientError') === 0) {
    reject(connection, code, message, headers);
    return;
  }

  const err = new Error(message);

  Error.captureStackTrace(err, rejectOrEmit);
  server.emit('wsClientError', err, socketOf(connection), req);
}

module.exports = WebSocketServer;
