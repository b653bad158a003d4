'use strict';

/**
 * The sending half of a WebSocket: turns what users pass into commands for the
 * core, in order even if a Blob has to be read first.
 */

const addon = require('./binding');
const { isBlob, isValidStatusCode } = require('./validation');
const { socketOf } = require('./socket');
const { frameFlags, BINARY_FLAGS, TEXT_FLAGS } = require('./outbox');
const {
  EMPTY_BUFFER,
  FastBuffer,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  nextTick
} = require('./constants');

const MAX_CONTROL_PAYLOAD = 125;
const MAX_CLOSE_REASON = 123;

const CLOSE_FLAGS = frameFlags(OPCODE_CLOSE);
const PING_FLAGS = frameFlags(OPCODE_PING);
const PONG_FLAGS = frameFlags(OPCODE_PONG);

/**
 * @param {*} data What the user passed, not a string
 * @return {Buffer} The same bytes, not copied if they are binary data
 * @throws {TypeError} If it can't be sent
 */
function toBuffer(data) {
  if (Buffer.isBuffer(data)) return data;
  if (data instanceof ArrayBuffer) return new FastBuffer(data);
  if (ArrayBuffer.isView(data)) {
    return new FastBuffer(data.buffer, data.byteOffset, data.byteLength);
  }

  return Buffer.from(data);
}

/**
 * @param {*} data What the user passed
 * @return {Number} Its length in bytes
 * @throws {TypeError} If it can't be sent
 */
function byteLength(data) {
  if (typeof data === 'string') return Buffer.byteLength(data);
  if (isBlob(data)) return data.size;

  return toBuffer(data).length;
}

class Sender {
  /**
   * @param {Connection} connection Where to send
   * @param {Function} onError Called with the error if a Blob can't be read
   */
  constructor(connection, onError) {
    this._connection = connection;
    this._onError = onError;
    this._firstFragment = true;
    // Bytes that wait here, and those that were refused after the close.
    this._bufferedBytes = 0;
    // While a Blob is read: [flags, data, cb] of what comes after it.
    this._queue = null;
  }

  /**
   * Whether something waits for a Blob that is read.
   *
   * @type {Boolean}
   */
  get isWaiting() {
    return this._queue !== null;
  }

  /**
   * The stream that stands for the transport.
   *
   * @type {Socket}
   */
  get _socket() {
    return socketOf(this._connection);
  }

  /**
   * Sends a data frame.
   *
   * @param {*} data What to send
   * @param {Object} [options] As those of `websocket.send()`
   * @param {Function} [cb] Called when the kernel has taken it
   */
  send(data, options, cb) {
    const isString = typeof data === 'string';

    if (!isString && !isBlob(data)) data = toBuffer(data);

    let flags = isString ? TEXT_FLAGS : BINARY_FLAGS;

    if (typeof options === 'object' && options !== null) {
      if ('binary' in options) {
        flags = options.binary ? BINARY_FLAGS : TEXT_FLAGS;
      }
      if (options.mask) flags |= addon.FLAG_MASK;
      if ('fin' in options && !options.fin) {
        flags = this._nextFragment(flags) & ~addon.FLAG_FIN;
        this._firstFragment = false;
        this._send(flags, data, cb);
        return;
      }
    }

    if (!this._firstFragment) {
      flags = this._nextFragment(flags);
      this._firstFragment = true;
    }

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
   * @throws {(RangeError|TypeError)} If one can't be sent
   */
  close(code, data, mask) {
    const payload = closePayload(code, data);

    this._send(mask ? CLOSE_FLAGS | addon.FLAG_MASK : CLOSE_FLAGS, payload);
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

    this._send(mask ? flags | addon.FLAG_MASK : flags, data, cb);
  }

  /**
   * @param {Number} flags Flags of a frame that begins a message
   * @return {Number} Those of the same frame where it stands now
   * @private
   */
  _nextFragment(flags) {
    if (this._firstFragment) return flags;

    return (
      (flags & ~(0xf << addon.FLAG_OPCODE_SHIFT)) |
      (OPCODE_CONTINUATION << addon.FLAG_OPCODE_SHIFT)
    );
  }

  _send(flags, data, cb) {
    if (this._queue !== null) {
      this._bufferedBytes += byteLength(data);
      this._queue.push([flags, data, cb]);
    } else if (isBlob(data)) {
      this._readBlob(flags, data, cb);
    } else {
      this._connection.sendFrame(flags, data, cb);
    }
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
  if (sender._connection.isClosed) {
    sender._fail(
      new Error('The socket was closed while the blob was being read'),
      cb
    );
    return;
  }

  sender._bufferedBytes -= data.length;
  sender._connection.sendFrame(flags, data, cb);
  sender._dequeue();
}

function blobFailed(sender, err, cb) {
  sender._fail(err, cb);
  sender._onError(err);
}

function toBytes(part) {
  return typeof part === 'string' ? Buffer.from(part) : part;
}

/**
 * @return {Buffer} The payload of a close frame
 * @private
 */
function closePayload(code, data) {
  if (code === undefined) return EMPTY_BUFFER;
  if (typeof code !== 'number' || !isValidStatusCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }

  if (data === undefined || !data.length) {
    const payload = Buffer.allocUnsafe(2);

    payload.writeUInt16BE(code, 0);
    return payload;
  }

  const length = Buffer.byteLength(data);

  if (length > MAX_CLOSE_REASON) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }

  const payload = Buffer.allocUnsafe(2 + length);

  payload.writeUInt16BE(code, 0);
  if (typeof data === 'string') payload.write(data, 2);
  else if (data instanceof Uint8Array) payload.set(data, 2);
  else throw new TypeError('Second argument must be a string or a Uint8Array');

  return payload;
}

module.exports = { Sender, byteLength };
