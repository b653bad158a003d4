'use strict';

/**
 * The sending half of a WebSocket: turns what users pass into commands for the
 * core, in order even if a Blob has to be read first.
 */

const { Buffer } = require('buffer');

const Relay = require('./relay');
const { closeFlags, closePayload } = require('./close-frame');
const { configOf } = require('./connection-options');
const { byteLength, toBuffer } = require('./data');
const { frame, withKey } = require('./frame');
const { asContinuation, dataFlags } = require('./message-frame');
const { frameFlags } = require('./outbox');
const { socketOf } = require('./socket');
const { isBlob } = require('./validation');
// As constants of this module: the addon's exports are a dictionary to V8.
const { FLAG_FIN, FLAG_MASK } = require('./binding');
const { OPCODE_PING, OPCODE_PONG, nextTick } = require('./constants');

const MAX_CONTROL_PAYLOAD = 125;

const PING_FLAGS = frameFlags(OPCODE_PING);
const PONG_FLAGS = frameFlags(OPCODE_PONG);

class Sender {
  /**
   * @param {(Connection|Relay|Duplex)} socket Where to send
   * @param {Object} [extensions] The negotiated extensions
   * @param {Function} [generateMask] Writes a masking key into the buffer that
   *     it is called with
   */
  constructor(socket, extensions, generateMask) {
    this._extensions = extensions || {};
    this._connection =
      typeof socket.sendFrame === 'function'
        ? socket
        : new Relay(socket, configOf({}, true, this._extensions));
    this._generateMask = generateMask;
    this._firstFragment = true;
    // Bytes that wait here, and those that were refused after the close.
    this._bufferedBytes = 0;
    // While a Blob is read: [flags, data, cb] of what comes after it.
    this._queue = null;

    // What a message is like unless its options say otherwise.
    this.masks = false;
    this.compresses = false;
  }

  /**
   * Called with the error if a Blob can't be read.
   */
  onerror() {}

  /**
   * Another connection goes on in place of the one before.
   *
   * @param {Connection} connection Where to send
   */
  moveTo(connection) {
    this._connection = connection;
  }

  /**
   * The socket, or the stream that stands for it.
   *
   * @type {Duplex}
   */
  get _socket() {
    return socketOf(this._connection);
  }

  /**
   * 0, 1 while data is being compressed, or 2 while a Blob is read.
   *
   * @type {Number}
   */
  get _state() {
    if (this._queue !== null) return 2;

    return this._connection.isCompressing ? 1 : 0;
  }

  /**
   * Sends a data frame.
   *
   * @param {*} data What to send
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; by default unless
   *     it is a string
   * @param {Boolean} [options.compress] Whether to compress it, if the extension
   *     was agreed on
   * @param {Boolean} [options.fin=true] Whether it is the last fragment
   * @param {Boolean} [options.mask] Whether to mask it
   * @param {Function} [cb] Called when the kernel has taken it
   */
  send(data, options, cb) {
    const isString = typeof data === 'string';

    if (!isString && !isBlob(data)) data = toBuffer(data);

    let flags = dataFlags(
      isString,
      options,
      this.masks,
      this.compresses,
      this._extensions
    );
    const fin = (flags & FLAG_FIN) !== 0;

    if (!this._firstFragment) flags = asContinuation(flags);
    this._firstFragment = fin;

    this._send(flags, data, cb);
  }

  /**
   * Sends a ping.
   *
   * @param {*} data Its payload, at most 125 bytes
   * @param {Boolean} mask Whether to mask it
   * @param {Function} [cb] Called when the kernel has taken it
   */
  ping(data, mask, cb) {
    this._control(PING_FLAGS, data, mask, cb);
  }

  /**
   * Sends a pong.
   *
   * @param {*} data Its payload, at most 125 bytes
   * @param {Boolean} mask Whether to mask it
   * @param {Function} [cb] Called when the kernel has taken it
   */
  pong(data, mask, cb) {
    this._control(PONG_FLAGS, data, mask, cb);
  }

  /**
   * Sends a close frame.
   *
   * @param {Number} [code] The status code
   * @param {(String|Uint8Array)} [data] The reason, at most 123 bytes
   * @param {Boolean} mask Whether to mask it
   * @param {Function} [cb] Called when the kernel has taken it
   * @throws {(RangeError|TypeError)} If one can't be sent
   */
  close(code, data, mask, cb) {
    this._send(closeFlags(mask), closePayload(code, data), cb);
  }

  /**
   * Writes frames that were encoded elsewhere.
   *
   * @param {Buffer[]} list Their parts
   * @param {Function} [cb] Called when the kernel has taken them
   */
  sendFrame(list, cb) {
    const data = list.length === 1 ? list[0] : Buffer.concat(list.map(toBytes));

    this._connection.sendRaw(data, cb);
  }

  _control(flags, data, mask, cb) {
    if (typeof data !== 'string' && !isBlob(data)) data = toBuffer(data);
    if (byteLength(data) > MAX_CONTROL_PAYLOAD) {
      throw new RangeError('The data size must not be greater than 125 bytes');
    }

    this._send(mask ? flags | FLAG_MASK : flags, data, cb);
  }

  _send(flags, data, cb) {
    if (this._queue !== null) {
      this._bufferedBytes += byteLength(data);
      this._queue.push([flags, data, cb]);
    } else if (isBlob(data)) {
      this._readBlob(flags, data, cb);
    } else {
      this._frame(flags, data, cb);
    }
  }

  _frame(flags, data, cb) {
    if (this._generateMask && flags & FLAG_MASK) {
      const [keyed, keyFlag] = withKey(toBuffer(data), this._generateMask);

      flags = (flags & ~FLAG_MASK) | keyFlag;
      data = keyed;
    }

    this._connection.sendFrame(flags, data, cb);
  }

  /**
   * Reads a Blob and lets all that is sent meanwhile wait behind it.
   *
   * @private
   */
  _readBlob(flags, blob, cb) {
    this._bufferedBytes += blob.size;
    this._queue = [];

    // In the next tick, so that what a callback throws is not taken for a
    // failure of the promise.
    blob.arrayBuffer().then(
      (data) => nextTick(blobRead, this, flags, toBuffer(data), cb),
      (err) => nextTick(blobFailed, this, err, cb)
    );
  }

  _dequeue() {
    const queue = this._queue;

    this._queue = null;

    for (let i = 0; i < queue.length; i++) {
      const [flags, data, cb] = queue[i];

      this._bufferedBytes -= byteLength(data);
      this._send(flags, data, cb);

      if (this._queue !== null) {
        // Another Blob: the rest waits behind it.
        this._queue.push(...queue.slice(i + 1));
        return;
      }
    }
  }

  _fail(err, cb) {
    const queue = this._queue;

    this._queue = null;
    if (typeof cb === 'function') cb(err);
    for (const [, , callback] of queue) {
      if (typeof callback === 'function') callback(err);
    }
  }
}

function blobRead(sender, flags, data, cb) {
  const { isClosed, isTerminating, socket } = sender._connection;

  if (isClosed || isTerminating || socket?.destroyed) {
    sender._fail(
      new Error('The socket was closed while the blob was being read'),
      cb
    );
    return;
  }

  sender._bufferedBytes -= data.length;
  sender._frame(flags, data, cb);
  sender._dequeue();
}

function blobFailed(sender, err, cb) {
  sender._fail(err, cb);
  sender.onerror(err);
}

function toBytes(part) {
  return typeof part === 'string' ? Buffer.from(part) : part;
}

Sender.frame = frame;

module.exports = Sender;
