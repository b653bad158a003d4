'use strict';

/**
 * A listening socket of the core.
 */

const dns = require('dns');
const { AsyncResource } = require('async_hooks');
const { isIP } = require('net');

const hub = require('./hub');
const { nextTick } = require('./constants');
const { createSystemError } = require('./errors');

// As net.Server.
const DEFAULT_BACKLOG = 511;
const WAITING = 0;
const LISTENING = 1;
const CLOSED = 2;
const RELEASED = 3;

/**
 * What it tells runs in the asynchronous context in which it was made.
 */
class Listener extends AsyncResource {
  /**
   * @param {Object} handlers What it tells: `listening()`, `error(err)`,
   *     `handshake(connection, text, verdict)`, `closed()`
   */
  constructor(handlers) {
    super('OXWSLISTENER');

    this._handlers = handlers;
    // A request for an upgrade; of what it tells the most frequent.
    this.handleHandshake = handlers.handshake;
    this._state = WAITING;
    this._index = -1;
    this._options = null;
    this._address = null;
    this._isReferenced = true;
    this._onClosed = [];
    // Its connections, and those of them that shall not keep the process.
    this._connections = 0;
    this._unreferenced = 0;
    this._keepsAlive = false;
    this._isKnownToListen = false;
  }

  /**
   * Binds at once unless there is a host name to look up.
   *
   * @param {Object} options Options
   * @param {Number} options.port The port
   * @param {String} [options.host] The host name or address
   * @param {Number} [options.backlog] The length of the kernel's queue
   * @param {Number} options.headersTimeout Milliseconds for a request's head
   */
  listen({ port, host, backlog, headersTimeout }) {
    this._options = { port, host, backlog: backlog || DEFAULT_BACKLOG };

    const bind = (address) => {
      if (this._state === WAITING) {
        this._bind(address, port, backlog || DEFAULT_BACKLOG, headersTimeout);
      }
    };

    if (!host) {
      bind(undefined);
      return;
    }

    // Also for an address, as Node does it: a zone may have to be resolved,
    // and the outcome is never known before the constructor returns.
    dns.lookup(host, (err, address) => {
      if (err) {
        if (this._state !== WAITING) return;
        this._state = CLOSED;
        this.runInAsyncScope(() => this._handlers.error(err));
      } else {
        bind(isIP(address) === 6 ? address.replace(/%.*$/, '') : address);
      }
    });
  }

  /**
   * @type {Boolean}
   */
  get isListening() {
    return this._state === LISTENING;
  }

  /**
   * @return {(Object|null)} As `server.address()` of Node
   */
  address() {
    return this.isListening ? this._address : null;
  }

  /**
   * Stops listening.
   *
   * @param {Function} onClosed Called when all connections are gone too
   */
  close(onClosed) {
    if (this._index === -1) {
      nextTick(onClosed);
    } else {
      this._onClosed.push(onClosed);
      hub.environment.closeServer(this._index);
    }

    if (this._state === RELEASED) return;
    this._state = CLOSED;
    this._updateKeepAlive();
  }

  /**
   * Stops accepting, for someone else to do it.
   *
   * @return {(Object|null)} The options for `server.listen()` of Node: of a
   *     listening socket that is now the caller's, as `fd`, or of one that has
   *     yet to be bound; whether anyone was told that it listens, as
   *     `isKnownToListen`; and what is to be called when it does, if that is not
   *     done here. `null` if it does not listen and will not
   */
  release() {
    if (this._state === WAITING) {
      this._state = RELEASED;
      return {
        isKnownToListen: false,
        onListening: () => this._handlers.listening(),
        options: this._options
      };
    }

    if (this._state !== LISTENING) return null;

    const fd = hub.environment.releaseServer(this._index);

    if (fd < 0) return null;

    this._state = RELEASED;
    this._updateKeepAlive();
    return {
      isKnownToListen: this._isKnownToListen,
      onListening: null,
      options: { fd }
    };
  }

  /**
   * Lets the event loop wait for it, or no longer.
   *
   * @param {Boolean} isReferenced Whether it does
   */
  reference(isReferenced) {
    this._isReferenced = isReferenced;
    this._updateKeepAlive();
  }

  /**
   * Its connections have become more or fewer.
   *
   * @param {Number} all How many more, or fewer
   * @param {Number} unreferenced How many of those that shall not keep the
   *     process
   */
  countConnections(all, unreferenced) {
    this._connections += all;
    this._unreferenced += unreferenced;
    if (this._state === CLOSED) this._updateKeepAlive();
  }

  /**
   * The listener and all its connections are gone.
   */
  handleClosed() {
    this._index = -1;
    this._updateKeepAlive();
    this.runInAsyncScope(() => {
      if (this._state !== RELEASED) this._handlers.closed();
      for (const onClosed of this._onClosed) onClosed();
    });
  }

  /**
   * An open listener keeps the process. So does a closing one, to tell when it
   * is closed, unless all that it waits for are connections that shall not.
   *
   * @private
   */
  _updateKeepAlive() {
    const waitsInVain =
      this._state === CLOSED &&
      this._unreferenced > 0 &&
      this._unreferenced === this._connections;
    const keepsAlive =
      this._index !== -1 &&
      this._state !== RELEASED &&
      this._isReferenced &&
      !waitsInVain;

    if (this._keepsAlive === keepsAlive) return;

    this._keepsAlive = keepsAlive;
    hub.keepAlive(keepsAlive ? 1 : -1);
  }

  _bind(host, port, backlog, headersTimeout) {
    const environment = hub.open();
    const index = environment.listen({ host, port, backlog, headersTimeout });

    if (index < 0) {
      const err = createSystemError(index, 'listen', host || '::', port);

      this._state = CLOSED;
      nextTick(() => this._handlers.error(err));
      return;
    }

    this._index = index;
    this._state = LISTENING;
    this._address = environment.serverAddress(index);
    hub.addListener(index, this);
    this._updateKeepAlive();
    nextTick(() => {
      if (this._state !== LISTENING && this._state !== RELEASED) return;
      this._isKnownToListen = true;
      this._handlers.listening();
    });
  }
}

module.exports = Listener;
