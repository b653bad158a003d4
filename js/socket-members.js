'use strict';

/**
 * What the streams have in common that stand for a transport which the core
 * drives: the one made for a listener's connection, and a `net.Socket` of Node's
 * that was adopted. Each has the connection under `kConnection`.
 */

const { Duplex } = require('stream');

const { FLAG_RESET } = require('./binding');
const { PAUSED } = require('./connection');
const { kConnection } = require('./constants');

const kIdleTimer = Symbol('kIdleTimer');
const kOnTransportClosed = Symbol('kOnTransportClosed');
const kSeen = Symbol('kSeen');

/**
 * The WebSocket's pause and the socket's are one, as under ws.
 */
function pause() {
  const connection = this[kConnection];

  if (connection.inbound !== null) connection.inbound.pause();
  else connection.pause(PAUSED);
  return Duplex.prototype.pause.call(this);
}

function resume() {
  const connection = this[kConnection];

  if (connection.inbound !== null) connection.inbound.resume();
  else connection.resume(PAUSED);
  return Duplex.prototype.resume.call(this);
}

function ref() {
  this[kConnection].reference(true);
  return this;
}

function unref() {
  this[kConnection].reference(false);
  return this;
}

/**
 * Closes the connection by a reset.
 *
 * @return {Socket} This socket
 */
function resetAndDestroy() {
  this[kConnection].terminateTransport(FLAG_RESET);
  return this.destroy();
}

/**
 * Emits 'timeout' when nothing was read or written for a time.
 *
 * @param {Number} milliseconds The time, 0 for never
 * @param {Function} [callback] A one-time listener for 'timeout'
 * @return {Socket} This socket
 */
function setIdleTimeout(milliseconds, callback) {
  clearInterval(this[kIdleTimer]);
  this.timeout = milliseconds;

  if (milliseconds > 0 && !this.destroyed) {
    let before = this[kConnection].traffic.join();
    let isIdle = false;

    this[kIdleTimer] = setInterval(() => {
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

/**
 * What a user pushes counts as received from the peer.
 */
function push(chunk, encoding) {
  if (chunk === null) return Duplex.prototype.push.call(this, null);

  this[kConnection].inject(
    typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
  );
  return true;
}

/**
 * Lets the core tell what it receives once somebody wants to see it.
 */
function onNewListener(event) {
  if ((event !== 'data' && event !== 'readable') || this[kSeen]) return;

  this[kSeen] = true;
  this[kConnection].tap();
  // Under ws it flows already, which a listener that is put before the others
  // does not bring about.
  if (event === 'data' && this.readableFlowing === null) this.on('data', noop);
}

function noop() {}

/**
 * Counts what the core has yet to write among what a stream has, as long as the
 * stream does not wait for its own part to be written.
 *
 * @param {Duplex} socket The stream
 */
function countBuffered(socket) {
  const state = socket._writableState;
  let own = state.length;
  let ofCore = 0;

  Object.defineProperty(state, 'length', {
    configurable: true,
    enumerable: true,
    get() {
      ofCore =
        state.ending || state.needDrain
          ? 0
          : socket[kConnection].bufferedAmount;
      return own + ofCore;
    },
    set(length) {
      own = length - ofCore;
    }
  });
}

function read() {}

/**
 * Writes raw bytes. A stream has one chunk under way and keeps those behind it,
 * which a frame that is sent meanwhile must not overtake.
 */
function write(chunk, encoding, callback) {
  const connection = this[kConnection];
  const data = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;

  if (!callback) {
    connection.sendRaw(data);
    return;
  }

  const goOn = (err) => {
    if (connection.onFrame !== handOver) return;

    connection.onFrame = null;
    callback(err);
  };
  const handOver = () => {
    if (this._writableState.bufferedRequestCount > 0) goOn(null);
  };

  connection.onFrame = handOver;
  connection.sendRaw(data, goOn);
}

function final(callback) {
  this[kConnection].endTransport();
  callback();
}

/**
 * Destroys the stream once the core has closed the transport.
 *
 * @param {Duplex} socket The stream
 * @param {Function} closed Called then
 */
function closeTransport(socket, closed) {
  const connection = socket[kConnection];

  clearInterval(socket[kIdleTimer]);

  if (connection.isClosed) {
    closed();
  } else {
    socket[kOnTransportClosed] = closed;
    connection.terminateTransport(0);
  }
}

/**
 * The peer ended its side.
 */
function handleEnd() {
  Duplex.prototype.push.call(this, null);
}

/**
 * The transport is gone.
 *
 * @param {(Error|null)} err Why, if it was by an error
 * @param {Boolean} wasClean Whether the closing handshake was completed
 */
function handleClosed(err, wasClean) {
  if (this[kOnTransportClosed]) {
    this[kOnTransportClosed]();
  } else if (err !== null || !wasClean) {
    this.destroy(err);
  } else {
    this.destroySoon();
  }
}

/**
 * What was received, as it came.
 *
 * @param {Buffer} data The bytes
 */
function handleRaw(data) {
  Duplex.prototype.push.call(this, data);
}

module.exports = {
  closeTransport,
  countBuffered,
  members: {
    _final: final,
    _read: read,
    _write: write,
    handleClosed,
    handleEnd,
    handleRaw,
    pause,
    push,
    ref,
    resetAndDestroy,
    resume,
    setTimeout: setIdleTimeout,
    unref
  },
  onNewListener
};
