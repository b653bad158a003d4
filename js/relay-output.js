'use strict';

/**
 * What a relay sends: framed here if it is short and goes out as it is, else encoded
 * by its engine, and written to its socket.
 */

const net = require('net');
const { Buffer } = require('buffer');

const addon = require('./binding');
const { byteLength } = require('./data');
const { headerLength, writeHeader } = require('./frame-header');
const { BINARY_FLAGS, TEXT_FLAGS } = require('./outbox');
const {
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_TEXT,
  setImmediate
} = require('./constants');

const OPCODE_MASK = 0xf;
// In place of a command's flags: bytes as they are.
const RAW = 0;
// Larger payloads are written behind their header instead of being copied, if
// they go out as they are; see `src/net/encoder.rs`.
const MAX_COPIED_PAYLOAD = 16 * 1024;

/**
 * The sending half of a relay.
 */
class RelayOutput {
  /**
   * @param {Duplex} socket The socket
   * @param {Buffer} config The words of the connection's configuration
   */
  constructor(socket, config) {
    this.socket = socket;
    this.engine = new addon.Engine(config);
    // The closing handshake: our frame was written, or is on its way; theirs
    // was received, or they broke the protocol.
    this.isCloseQueued = false;
    this.isCloseSent = false;
    this.isCloseReceived = false;
    this.isFailed = false;
    // Whether the core could drive such a socket.
    this.isAdoptable = isAdoptable(socket);
    // Called whenever nothing waits to be written, or to be emitted, any more.
    this.onSettled = null;
    // What waits to be compressed and what comes after it: flags, payload and
    // callback of each.
    this._deferred = [];
    this._deferredBytes = 0;
  }

  /**
   * Sends a frame.
   *
   * @param {Number} flags Flags of a command, see `outbox.frameFlags()`
   * @param {(Buffer|String)} payload Its payload
   * @param {Function} [cb] Called when it has been written
   */
  sendFrame(flags, payload, cb) {
    if (
      this._deferred.length > 0 ||
      (flags & addon.FLAG_COMPRESS &&
        this.engine.compresses(flags, byteLength(payload)))
    ) {
      this._defer(flags, payload, cb);
    } else {
      this._sendNow(flags, payload, cb);
    }
  }

  _sendNow(flags, payload, cb) {
    const { socket } = this;

    if (((flags >>> addon.FLAG_OPCODE_SHIFT) & OPCODE_MASK) === OPCODE_CLOSE) {
      this.isCloseQueued = true;
      cb = afterClose(this, cb);
    }

    if (typeof payload === 'string') payload = Buffer.from(payload);

    const isCopied = payload.length < MAX_COPIED_PAYLOAD;

    // To frame it here takes less than a call of the engine.
    if (isCopied && (flags === BINARY_FLAGS || flags === TEXT_FLAGS)) {
      this._write(frameOf(flags, payload), cb);
      return;
    }

    const header = isCopied ? null : this.engine.encodeHeader(flags, payload);

    if (header === null) {
      this._write(this.engine.encode(flags, payload), cb);
    } else {
      socket.cork?.();
      socket.write(header);
      this._write(payload, cb);
      socket.uncork?.();
    }
  }

  /**
   * Writes bytes as they are.
   *
   * @param {(Buffer|String)} data The bytes
   * @param {Function} [cb] Called when they have been written
   */
  sendRaw(data, cb) {
    if (this._deferred.length > 0) this._defer(RAW, data, cb);
    else this._write(data, cb);
  }

  /**
   * Whether something waits to be compressed.
   *
   * @type {Boolean}
   */
  get isCompressing() {
    return this._deferred.length > 0;
  }

  /**
   * Compresses and sends what waits for it. As under ws that is not done at
   * once: a burst does not keep JavaScript from what it is doing.
   */
  sendDeferred() {
    const deferred = this._deferred;

    if (deferred.length === 0) return;

    this._deferred = [];
    this._deferredBytes = 0;

    if (this.socket.destroyed) {
      const err = new Error(
        'The socket was closed while data was being compressed'
      );

      for (const [, , cb] of deferred) {
        if (typeof cb === 'function') cb(err);
      }
    } else {
      for (const [flags, payload, cb] of deferred) {
        if (flags === RAW) this._write(payload, cb);
        else this._sendNow(flags, payload, cb);
      }
    }
  }

  _defer(flags, payload, cb) {
    if (this._deferred.length === 0) setImmediate(() => this.sendDeferred());

    // A copy, too: the caller may go on to use his memory.
    payload = Buffer.from(payload);

    this._deferred.push([flags, payload, cb]);
    this._deferredBytes += payload.length;
  }

  /**
   * Bytes that the socket has not written.
   *
   * @type {Number}
   */
  get bufferedAmount() {
    return this.socket.writableLength + this._deferredBytes;
  }

  _write(data, cb) {
    const { socket } = this;

    if (!this.isAdoptable) {
      socket.write(data, cb);
    } else {
      socket.write(data, (err) => {
        if (typeof cb === 'function') cb(err);
        if (socket.writableLength === 0) this.onSettled?.();
      });
    }
  }

  /**
   * RFC 6455 §7.1.1: once both close frames are out our side is ended.
   */
  endIfClosed() {
    if (this.isCloseSent && (this.isCloseReceived || this.isFailed)) {
      this.socket.end();
    }
  }
}

/**
 * @param {Number} flags `BINARY_FLAGS` or `TEXT_FLAGS`
 * @param {Buffer} payload The payload
 * @return {Buffer} The frame
 * @private
 */
function frameOf(flags, payload) {
  const header = headerLength(payload.length);
  const frame = Buffer.allocUnsafe(header + payload.length);

  writeHeader(
    frame,
    0,
    flags === TEXT_FLAGS ? OPCODE_TEXT : OPCODE_BINARY,
    payload.length
  );
  frame.set(payload, header);
  return frame;
}

/**
 * @param {RelayOutput} relay A relay whose close frame is on its way
 * @param {Function} [cb] What else is to be called
 * @return {Function} What to call when it has been written
 * @private
 */
function afterClose(relay, cb) {
  return (err) => {
    if (!err) {
      relay.isCloseSent = true;
      relay.endIfClosed();
    }

    if (typeof cb === 'function') cb(err);
  };
}

/**
 * TLS has bytes of its own, and what is no socket of the system has no
 * descriptor.
 *
 * @private
 */
function isAdoptable(socket) {
  return (
    socket instanceof net.Socket &&
    socket.encrypted !== true &&
    socket._handle?.fd >= 0 &&
    socket.write === net.Socket.prototype.write &&
    socket.push === net.Socket.prototype.push &&
    socket._read === net.Socket.prototype._read
  );
}

module.exports = RelayOutput;
