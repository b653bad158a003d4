'use strict';

/**
 * What stands where ws has the `http.Server` that it made for itself:
 * `wss._server`. The core listens and this object answers for it, until someone
 * wants to see what only Node could show, such as each request: then it listens
 * itself, on the same socket.
 */

const http = require('http');

const { nextTick } = require('./constants');

// What the core has no events for.
const OF_NODE = [
  'checkContinue',
  'checkExpectation',
  'clientError',
  'connect',
  'connection',
  'drop',
  'dropRequest',
  'request'
];

const kListener = Symbol('kListener');
const kOnTakenOver = Symbol('kOnTakenOver');

/**
 * Emits 'listening', 'error', 'upgrade' and 'close' as that server would.
 */
class HttpServer extends http.Server {
  /**
   * @param {Listener} listener The listening socket of the core
   * @param {Function} onTakenOver Called when this server has begun to listen
   */
  constructor(listener, onTakenOver) {
    super(requireUpgrade);

    this[kListener] = listener;
    this[kOnTakenOver] = onTakenOver;
    // `net.Server` declares it as an accessor of its own handle.
    Object.defineProperty(this, 'listening', {
      configurable: true,
      enumerable: true,
      get: () => listener.isListening
    });
    this.on('newListener', onNewListener);
  }

  address() {
    const listener = this[kListener];

    return listener === null ? super.address() : listener.address();
  }

  close(callback) {
    const listener = this[kListener];

    if (listener === null) return super.close(callback);

    if (!this.listening) {
      const err = new Error('Server is not running.');

      err.code = 'ERR_SERVER_NOT_RUNNING';
      if (callback) nextTick(callback, err);
      return this;
    }

    if (callback) this.once('close', callback);
    listener.close(() => {});
    return this;
  }

  ref() {
    const listener = this[kListener];

    if (listener === null) return super.ref();
    listener.reference(true);
    return this;
  }

  unref() {
    const listener = this[kListener];

    if (listener === null) return super.unref();
    listener.reference(false);
    return this;
  }
}

/**
 * @private
 */
function onNewListener(event) {
  if (this[kListener] !== null && OF_NODE.includes(event)) takeOver(this);
}

/**
 * Listens in place of the core. Connections that it has accepted stay with it.
 *
 * @private
 */
function takeOver(server) {
  const released = server[kListener].release();

  if (released === null) return;

  server.removeListener('newListener', onNewListener);
  server[kListener] = null;
  delete server.listening;
  if (released.onListening) server.once('listening', released.onListening);
  server.listen(released.options);
  server[kOnTakenOver]();

  // Whoever waited for it has been told.
  if (released.isKnownToListen) ignoreListening(server);
}

/**
 * Keeps the next 'listening' from the listeners there are.
 *
 * @private
 */
function ignoreListening(server) {
  const listeners = server.rawListeners('listening');

  server.removeAllListeners('listening');
  server.once('listening', () => {
    for (const listener of listeners) server.on('listening', listener);
  });
}

/**
 * A request listener: this server only speaks WebSocket.
 *
 * @param {http.IncomingMessage} req The request
 * @param {http.ServerResponse} res Its answer: 426
 */
function requireUpgrade(req, res) {
  const body = http.STATUS_CODES[426];

  res.writeHead(426, {
    'Content-Length': body.length,
    'Content-Type': 'text/plain'
  });
  res.end(body);
}

module.exports = { HttpServer, requireUpgrade };
