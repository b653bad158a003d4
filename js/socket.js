'use strict';

/**
 * What stands where ws has the `net.Socket`: `ws._socket` and `req.socket`.
 * The core drives the transport; this stream shows it and can write raw bytes
 * to it, end it and destroy it. It is made only when someone asks for it.
 */

const { Duplex } = require('stream');

const { kConnection, kWebSocket, nextTick } = require('./constants');
const {
  closeTransport,
  countInState,
  defineMembers,
  onError,
  onNewListener
} = require('./socket-members');

const kRelayed = Symbol('kRelayed');
const kRemoteAddress = Symbol('kRemoteAddress');

/**
 * Members as those of `net.Socket`. It emits 'data' if someone listens; by then
 * the core has its copy.
 */
class Socket extends Duplex {
  /**
   * @param {Connection} connection The connection
   */
  constructor(connection) {
    // As `net.Socket`, which says with 'close' whether there was an error.
    super({ allowHalfOpen: true, emitClose: false });

    this[kConnection] = connection;
    this.connecting = false;
    this.timeout = 0;

    // As under ws: errors of the socket are no news for anyone who does not
    // ask for them.
    this.on('error', onError);
    this.on('newListener', onNewListener);
    // Node does not know it either when the transport is gone.
    this[kRemoteAddress] = connection.isClosed ? {} : connection.remoteAddress;
    if (connection.isEnded) this.handleEnd();
    if (connection.isClosed) this.destroy();
  }

  get remoteAddress() {
    return this[kRemoteAddress].address;
  }

  get remotePort() {
    return this[kRemoteAddress].port;
  }

  get remoteFamily() {
    return this[kRemoteAddress].family;
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

  /**
   * The WebSocket that was opened over it, under the name by which a socket of
   * Node's has it.
   *
   * @type {(WebSocket|undefined)}
   */
  get [kWebSocket]() {
    return this[kRelayed] ?? this[kConnection].websocket ?? undefined;
  }

  // One that was given it as any other stream.
  set [kWebSocket](websocket) {
    this[kRelayed] = websocket;
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

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  _destroy(err, callback) {
    closeTransport(this, () => {
      callback(err);
      nextTick(emitClose, this, !!err);
    });
  }
}

function emitClose(socket, hadError) {
  socket.emit('close', hadError);
}

defineMembers(Socket.prototype);

/**
 * @param {Connection} connection A connection
 * @return {Socket} The stream that stands for it, always the same
 */
function socketOf(connection) {
  if (connection.socket === null) connection.socket = new Socket(connection);

  if (connection.isRelay) connection.isSocketShown = true;
  else countInState(connection.socket);

  return connection.socket;
}

module.exports = { socketOf };
