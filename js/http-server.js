'use strict';

/**
 * What stands where ws has the `http.Server` that it made for itself:
 * `wss._server`. The core listens; this object answers for it.
 */

const http = require('http');

const { nextTick } = require('./constants');

/**
 * Emits 'listening', 'error', 'upgrade' and 'close' as that server would. It
 * emits no 'request': the core answers plain requests.
 */
class HttpServer extends http.Server {
  /**
   * @param {Listener} listener The listening socket
   */
  constructor(listener) {
    super();

    this._listener = listener;
    // The base class's own, by which it would watch the connections that it
    // does not have.
    this.removeAllListeners('listening');
    // `net.Server` declares it as an accessor of its own handle.
    Object.defineProperty(this, 'listening', {
      configurable: true,
      enumerable: true,
      get: () => listener.isListening
    });
  }

  address() {
    return this._listener.address();
  }

  close(callback) {
    if (!this.listening) {
      const err = new Error('Server is not running.');

      err.code = 'ERR_SERVER_NOT_RUNNING';
      if (callback) nextTick(callback, err);
      return this;
    }

    if (callback) this.once('close', callback);
    this._listener.close(() => {});
    return this;
  }

  ref() {
    this._listener.reference(true);
    return this;
  }

  unref() {
    this._listener.reference(false);
    return this;
  }
}

module.exports = HttpServer;
