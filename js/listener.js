'use strict';

/**
 * A listening socket of the core.
 */

const dns = require('dns');
const { AsyncResource } = require('async_hooks');
const { isIP } = require('net');

const hub = require('./hub');
const { createSystemError } = require('./errors');

// As net.Server.
const DEFAULT_BACKLOG = 511;
const WAITING = 0;
const LISTENING = 1;
const CLOSED = 2;

/**
 * What it tells runs in the asynchronous context in which it was made.
 */
class Listener extends AsyncResource {
  /**
   * @param {Object} handlers What it tells: `listening()`, `error(err)`,
   *     `handshake(connection, fields, verdict)`
   */
  constructor(handlers) {
    super('OXWSLISTENER');

    this._handlers = handlers;
    this._state = WAITING;
    this._index = -1;
    this._address = null;
    this._isReferenced = true;
    this._onClosed = null;
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
    if (this._state === LISTENING) {
      this._onClosed = onClosed;
      hub.environment.closeServer(this._index);
    } else {
      process.nextTick(onClosed);
    }

    this._state = CLOSED;
  }

  /**
   * Lets the event loop wait for it, or no longer.
   *
   * @param {Boolean} isReferenced Whether it does
   */
  reference(isReferenced) {
    if (this._isReferenced === isReferenced) return;

    this._isReferenced = isReferenced;
    if (this._index !== -1) hub.keepAlive(isReferenced ? 1 : -1);
  }

  /**
   * A request for an upgrade.
   */
  handleHandshake(connection, fields, verdict) {
    this._handlers.handshake(connection, fields, verdict);
  }

  /**
   * The listener and all its connections are gone.
   */
  handleClosed() {
    if (this._isReferenced) hub.keepAlive(-1);
    this._index = -1;
    this.runInAsyncScope(this._onClosed);
  }

  _bind(host, port, backlog, headersTimeout) {
    const environment = hub.open();
    const index = environment.listen({ host, port, backlog, headersTimeout });

    if (index < 0) {
      const err = createSystemError(index, 'listen', host || '::', port);

      this._state = CLOSED;
      process.nextTick(() => this._handlers.error(err));
      return;
    }

    this._index = index;
    this._state = LISTENING;
    this._address = environment.serverAddress(index);
    hub.addListener(index, this);
    if (this._isReferenced) hub.keepAlive(1);
    process.nextTick(() => {
      if (this._state === LISTENING) this._handlers.listening();
    });
  }
}

module.exports = Listener;
