'use strict';

/**
 * What stands where ws has the `net.Socket`: `ws._socket` and `req.socket`.
 * The core drives the transport; this stream shows it and can write raw bytes
 * to it, end it and destroy it. It is made only when someone asks for it.
 */

const { Duplex } = require('stream');

const { PAUSED } = require('./connection');
const { kConnection } = require('./constants');

/**
 * Members as those of `net.Socket`. It never emits 'data': what arrives is
 * decoded by the core.
 */
class Socket extends Duplex {
  /**
   * @param {Connection} connection The connection
   */
  constructor(connection) {
    super({ allowHalfOpen: true });

    this[kConnection] = connection;
    this.connecting = false;
    this.timeout = 0;
    this._idleTimer = null;

    // As under ws: errors of the socket are no news for anyone who does not
    // ask for them.
    this.on('error', () => {});
    if (connection.isEnded) this.push(null);
    if (connection.isClosed) this.destroy();
  }

  get remoteAddress() {
    const { isClosed, remoteAddress } = this[kConnection];
    return isClosed ? undefined : remoteAddress;
  }

  get remotePort() {
    const { isClosed, remotePort } = this[kConnection];
    return isClosed ? undefined : remotePort;
  }

  get remoteFamily() {
    const { remoteAddress } = this;

    if (remoteAddress === undefined) return undefined;
    return remoteAddress.includes(':') ? 'IPv6' : 'IPv4';
  }

  get localAddress() {
    return this.address().address;
  }

  get localPort() {
    return this.address().port;
  }

  get localFamily() {
    return this.address().family;
  }

  get pending() {
    return false;
  }

  get readyState() {
    if (this.destroyed) return 'closed';
    return this.writable ? 'open' : 'readOnly';
  }

  get bytesRead() {
    return this[kConnection].traffic[0];
  }

  get bytesWritten() {
    return this[kConnection].traffic[1];
  }

  get writableLength() {
    return super.writableLength + this[kConnection].bufferedAmount;
  }

  get bufferSize() {
    return this.writableLength;
  }

  /**
   * @return {Object} `address`, `family` and `port` of our end
   */
  address() {
    const connection = this[kConnection];
    return connection.isClosed ? {} : connection.localAddress;
  }

  setKeepAlive(enable, initialDelay) {
    const { hub, index, generation, isClosed } = this[kConnection];
    const delay = Math.max(0, ~~initialDelay);

    if (!isClosed) {
      hub.environment.setKeepAlive(index, generation, !!enable, delay);
    }

    return this;
  }

  setNoDelay(noDelay) {
    const { hub, index, generation, isClosed } = this[kConnection];

    if (!isClosed) {
      hub.environment.setNoDelay(index, generation, noDelay !== false);
    }

    return this;
  }

  /**
   * Emits 'timeout' when nothing was read or written for a time.
   *
   * @param {Number} milliseconds The time, 0 for never
   * @param {Function} [callback] A one-time listener for 'timeout'
   * @return {Socket} This socket
   */
  setTimeout(milliseconds, callback) {
    clearInterval(this._idleTimer);
    this.timeout = milliseconds;

    if (milliseconds > 0 && !this.destroyed) {
      let before = this[kConnection].traffic.join();
      let isIdle = false;

      this._idleTimer = setInterval(() => {
        const now = this[kConnection].traffic.join();
        const wasIdle = isIdle;

        isIdle = now === before;
        before = now;
        if (isIdle && !wasIdle) this.emit('timeout');
      }, milliseconds).unref();
      if (callback) this.once('timeout', callback);
    } else if (callback) {
      this.removeListener('timeout', callback);
    }

    return this;
  }

  ref() {
    this[kConnection].reference(true);
    return this;
  }

  unref() {
    this[kConnection].reference(false);
    return this;
  }

  pause() {
    const connection = this[kConnection];

    // The WebSocket's pause and the socket's are one, as under ws.
    if (connection.inbound !== null) connection.inbound.pause();
    else connection.pause(PAUSED);
    return super.pause();
  }

  resume() {
    const connection = this[kConnection];

    if (connection.inbound !== null) connection.inbound.resume();
    else connection.resume(PAUSED);
    return super.resume();
  }

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /**
   * The peer ended its side.
   */
  handleEnd() {
    this.push(null);
  }

  /**
   * The transport is gone.
   */
  handleClosed() {
    this.destroy();
  }

  _read() {}

  _write(chunk, encoding, callback) {
    this[kConnection].sendRaw(chunk, callback);
  }

  _final(callback) {
    this[kConnection].end();
    callback();
  }

  _destroy(err, callback) {
    clearInterval(this._idleTimer);
    this[kConnection].terminate();
    callback(err);
  }
}

/**
 * @param {Connection} connection A connection
 * @return {Socket} The stream that stands for it, always the same
 */
function socketOf(connection) {
  if (connection.socket === null) connection.socket = new Socket(connection);

  return connection.socket;
}

module.exports = { socketOf };
