'use strict';

/**
 * What the streams have in common that stand for a transport which the core
 * drives: the one made for a listener's connection, and a `net.Socket` of Node's
 * that was adopted. Each has the connection under `kConnection`.
 */

const { Duplex } = require('stream');
const {
  types: { isUint8Array }
} = require('util');

const inbound = require('./inbound');
const { FLAG_RESET } = require('./binding');
const { EMPTY_BUFFER, PAUSED, kConnection } = require('./constants');

const kAwaitsDrain = Symbol('kAwaitsDrain');
const kIdleTimer = Symbol('kIdleTimer');
const kOnTransportClosed = Symbol('kOnTransportClosed');
const kRawBytes = Symbol('kRawBytes');
const kSeen = Symbol('kSeen');

/**
 * The WebSocket's pause and the socket's are one, as under ws.
 */
function pause() {
  const connection = this[kConnection];

  if (connection.websocket !== null) inbound.pause(connection.websocket);
  else connection.pause(PAUSED);
  return Duplex.prototype.pause.call(this);
}

function resume() {
  const connection = this[kConnection];

  if (connection.websocket !== null) inbound.resume(connection.websocket);
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
 * Errors of a socket are no news for the user of a WebSocket; 'close' is.
 */
function onError() {
  this[kConnection].handleBroken();
  this.destroy();
}

/**
 * Lets the core tell what it receives once somebody wants to see it.
 */
function onNewListener(event) {
  if (event === 'drain' && this.writableLength > 0) awaitDrain(this);
  if ((event !== 'data' && event !== 'readable') || this[kSeen]) return;

  this[kSeen] = true;
  this[kConnection].tap();
  // Under ws it flows already, which a listener that is put before the others
  // does not bring about.
  if (event === 'data' && this.readableFlowing === null) this.on('data', noop);
}

function noop() {}

// Streams whose state counts what the core has yet to write.
const counting = new WeakSet();

/**
 * Lets the state of a stream, too, count what the core has yet to write. That
 * makes the state a dictionary, so it is for streams that someone asked for.
 *
 * @param {Duplex} socket The stream
 */
function countInState(socket) {
  if (counting.has(socket)) return;

  const state = socket._writableState;
  let own = state.length;
  let ofCore = 0;

  counting.add(socket);
  Object.defineProperty(state, 'length', {
    configurable: true,
    enumerable: true,
    get() {
      ofCore = state.ending ? 0 : bufferedByCore(socket);
      return own + ofCore;
    },
    set(length) {
      own = length - ofCore;
    }
  });
}

function bufferedByCore(socket) {
  return socket[kConnection].bufferedAmount + socket[kRawBytes];
}

function read() {}

/**
 * Writes bytes as they are, in order with what the WebSocket sends: nothing may
 * wait in the stream.
 *
 * @param {(Buffer|String|Uint8Array)} chunk The bytes
 * @param {String} [encoding] That of a string
 * @param {Function} [callback] Called when the kernel has taken them
 * @return {Boolean} Whether more should be written before 'drain'
 */
function write(chunk, encoding, callback) {
  const isString = typeof chunk === 'string';

  // The stream knows what to say.
  if (
    this.writableEnded ||
    this.destroyed ||
    !(isString || isUint8Array(chunk))
  ) {
    return Duplex.prototype.write.call(this, chunk, encoding, callback);
  }

  if (typeof encoding === 'function') {
    callback = encoding;
    encoding = undefined;
  }

  const data = isString ? Buffer.from(chunk, encoding) : chunk;

  this[kRawBytes] += data.length;
  this[kConnection].sendRaw(data, (err) => {
    this[kRawBytes] -= data.length;
    if (typeof callback === 'function') callback(err);
  });

  if (this.writableLength < this.writableHighWaterMark) return true;

  awaitDrain(this);
  return false;
}

/**
 * Emits 'drain' when all that is written now is out.
 *
 * @private
 */
function awaitDrain(socket) {
  if (socket[kAwaitsDrain]) return;

  socket[kAwaitsDrain] = true;
  socket[kConnection].sendRaw(EMPTY_BUFFER, (err) => {
    socket[kAwaitsDrain] = false;

    if (err) return;
    if (socket.writableLength > 0) awaitDrain(socket);
    else socket.emit('drain');
  });
}

/**
 * What `end()` is given; there is nothing in front of it.
 */
function writeLast(chunk, encoding, callback) {
  this[kConnection].sendRaw(
    typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    callback
  );
}

/**
 * Our side is ended when all is out, and so is the stream.
 */
function final(callback) {
  const connection = this[kConnection];

  connection.sendRaw(EMPTY_BUFFER, () => callback());
  connection.endTransport();
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
  // What Node would have seen to be done before it read the end.
  if (this.writableEnded && !this.writableFinished) {
    this.once('finish', handleEnd);
    return;
  }

  Duplex.prototype.push.call(this, null);
  // As Node does it: 'end' does not wait for someone to read.
  this.read(0);
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

/**
 * Members of a stream that stands for a transport of the core, for the prototype
 * of its class. `write()` bypasses the stream, which stays empty until it ends
 * and waits for its own part.
 */
const members = {
  _final: final,
  _read: read,
  _write: writeLast,
  handleClosed,
  handleEnd,
  handleRaw,
  pause,
  push,
  ref,
  resetAndDestroy,
  resume,
  setTimeout: setIdleTimeout,
  unref,
  write,

  get writableLength() {
    const { ending, length } = this._writableState;

    return ending || counting.has(this)
      ? length
      : length + bufferedByCore(this);
  },

  get writableNeedDrain() {
    const isWritable = !this.destroyed && !this.writableEnded;

    return isWritable && this.writableLength >= this.writableHighWaterMark;
  },

  // Has an own value once bytes were written.
  [kRawBytes]: 0
};

/**
 * Gives a prototype the members.
 *
 * @param {Object} prototype The prototype
 */
function defineMembers(prototype) {
  const descriptors = Object.getOwnPropertyDescriptors(members);

  for (const key of Reflect.ownKeys(descriptors)) {
    Object.defineProperty(prototype, key, {
      ...descriptors[key],
      enumerable: false
    });
  }
}

module.exports = {
  closeTransport,
  countInState,
  defineMembers,
  onError,
  onNewListener,
  read
};
