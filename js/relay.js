'use strict';

/**
 * A connection whose bytes Node moves: over TLS, over any other Duplex, and
 * over each socket until the core adopts it. What is received goes through an
 * engine of the core, what is sent is encoded by it, all on this thread.
 */

const net = require('net');

const addon = require('./binding');
const decode = require('./decode');
const { PAUSED } = require('./connection');
const { byteLength } = require('./data');
const {
  EMPTY_BUFFER,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  nextTick,
  setImmediate
} = require('./constants');
const { frameFlags } = require('./outbox');

// What an engine says is due.
const PING_DUE = 1;
const PEER_DEAD = 2;

const OPCODE_MASK = 0xf;
// In place of a command's flags: bytes as they are.
const RAW = 0;
// Larger payloads are written behind their header instead of being copied, if
// they go out as they are; see `src/net/encoder.rs`.
const MAX_COPIED_PAYLOAD = 16 * 1024;

/**
 * Has the members of `Connection` that a WebSocket uses.
 */
class Relay {
  /**
   * @param {Duplex} socket The socket
   * @param {Buffer} config The words of the connection's configuration
   */
  constructor(socket, config) {
    this.socket = socket;
    this.engine = new addon.Engine(config);
    // Gets the events.
    this.inbound = null;
    this.isClosed = false;
    this.isEnded = false;
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
    // Whether the adoption waits for the socket to be resumed.
    this.isAwaitingResume = false;
    this.mask = 0;
    this._autoPong = false;
    this._maxPendingAutoPongs = 0;
    this._pendingAutoPongs = 0;
    this._heartbeatTimer = null;
    // What waits to be compressed and what comes after it: flags, payload and
    // callback of each.
    this._deferred = [];
    this._deferredBytes = 0;
    // Reasons not to read.
    this.pauses = 0;
    // Events that were decoded and not emitted; those before `_next` were.
    this._events = [];
    this._next = 0;
    this._isEmitting = false;

    this._onData = (chunk) => this.receive(chunk);
    this._onEnd = () => this._handleEnd();
    // The socket's pause and the WebSocket's are one.
    this._onResume = () => {
      if (this.pauses & PAUSED) this.inbound.resume();
    };
    // Errors of a socket are no news for the user of a WebSocket; 'close' is.
    this._onError = () => {
      this.inbound.handleBroken();
      socket.destroy();
    };
    this._onClose = () => this._handleClose();
  }

  /**
   * Begins to read.
   *
   * @param {Inbound} inbound What gets the events
   * @param {Object} options
   * @param {Boolean} options.autoPong Whether pings are answered
   * @param {Boolean} options.isServer Whether we are the server
   * @param {Number} options.maxPendingAutoPongs Answers that may wait
   */
  open(inbound, { autoPong, isServer, maxPendingAutoPongs }) {
    const { socket } = this;

    this.inbound = inbound;
    this.mask = isServer ? 0 : addon.FLAG_MASK;
    this._autoPong = autoPong;
    this._maxPendingAutoPongs = maxPendingAutoPongs;
    socket.on('close', this._onClose);
    socket.on('data', this._onData);
    socket.on('end', this._onEnd);
    socket.on('resume', this._onResume);
    socket.on('error', this._onError);
  }

  /**
   * Leaves pings to the WebSocket, from now on.
   */
  leavePings() {
    this._autoPong = false;
  }

  /**
   * Looks whether the heartbeat has something to do, from now on.
   */
  startHeartbeat() {
    clearTimeout(this._heartbeatTimer);

    const { action, wait } = this.engine.handleTimeout();

    if (action === PEER_DEAD) {
      this.terminate();
      return;
    }

    if (action === PING_DUE && !this.isCloseQueued) {
      this.sendFrame(frameFlags(OPCODE_PING) | this.mask, EMPTY_BUFFER);
    }

    if (wait !== undefined) {
      // First comes what is there to be read: the timer may be late.
      this._heartbeatTimer = setTimeout(setImmediate, wait, () => {
        if (!this.isClosed && !this.isCloseQueued) this.startHeartbeat();
      }).unref();
    }
  }

  /**
   * The core goes on instead.
   */
  detach() {
    const { socket } = this;

    socket.removeListener('close', this._onClose);
    socket.removeListener('data', this._onData);
    socket.removeListener('end', this._onEnd);
    socket.removeListener('error', this._onError);
    socket.removeListener('resume', this._onResume);
    clearTimeout(this._heartbeatTimer);
  }

  /**
   * Decodes what the peer sent and emits what it means.
   *
   * @param {Buffer} chunk The bytes; they are unmasked where they are
   */
  receive(chunk) {
    for (const event of decode(this.engine, chunk)) {
      this._foresee(event);
      this._events.push(event);
    }

    this._emit();
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

    const header =
      payload.length >= MAX_COPIED_PAYLOAD
        ? this.engine.encodeHeader(flags, payload)
        : null;

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
   * Whether events wait that were decoded.
   *
   * @type {Boolean}
   */
  get isEmitting() {
    return this._events.length > 0;
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
   * Ends our side when all that was sent is out.
   */
  end() {
    this.socket.end();
  }

  /**
   * Node's socket has shown it.
   */
  showEnd() {}

  /**
   * Closes the transport.
   */
  terminate() {
    this.socket.destroy();
  }

  /**
   * Stops reading.
   *
   * @param {Number} reason `PAUSED` or `THROTTLED`
   */
  pause(reason) {
    const wasRead = this.pauses === 0;

    this.pauses |= reason;
    if (wasRead && !this.isClosed) {
      this.engine.suspend(true);
      this.socket.pause();
    }
  }

  /**
   * Reads on, unless there is another reason not to.
   *
   * @param {Number} reason `PAUSED` or `THROTTLED`
   */
  resume(reason) {
    const wasRead = this.pauses === 0;

    this.pauses &= ~reason;
    if (
      (!wasRead || reason === PAUSED) &&
      this.pauses === 0 &&
      !this.isClosed
    ) {
      this.engine.suspend(false);
      this.socket.resume();
    }
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
   * Does what must not wait for the turn of an event.
   *
   * @private
   */
  _foresee({ kind, data }) {
    if (kind === addon.EVENT_PING) {
      this._answerPing(data);
    } else if (kind === addon.EVENT_CLOSE) {
      this.isCloseReceived = true;
      this._discardRest();
    } else if (kind === addon.EVENT_ERROR) {
      this.isFailed = true;
      this._discardRest();
    }
  }

  /**
   * Emits what was decoded. A listener may cause more to be decoded.
   *
   * @private
   */
  _emit() {
    if (this._isEmitting) return;

    this._isEmitting = true;

    try {
      while (this._next < this._events.length) {
        const event = this._events[this._next++];

        this._handle(event);
      }
    } catch (err) {
      // Not through the stream, which may be a user's.
      nextTick(rethrow, err);
    } finally {
      this._isEmitting = false;

      if (this._next === this._events.length) {
        this._events = [];
        this._next = 0;
      } else {
        // A listener threw: the others get theirs nevertheless.
        setImmediate(() => {
          this._emit();
          if (!this.isEmitting) this.onSettled?.();
        });
      }
    }
  }

  _handle({ kind, detail, value, data }) {
    const { inbound } = this;

    switch (kind) {
      case addon.EVENT_TEXT:
      case addon.EVENT_BINARY:
        inbound.handleMessage(data, kind === addon.EVENT_BINARY);
        break;
      case addon.EVENT_FRAGMENTS:
        inbound.handleFragments(data);
        break;
      case addon.EVENT_PING:
        inbound.handlePing(data);
        break;
      case addon.EVENT_PONG:
        inbound.handlePong(data);
        break;
      case addon.EVENT_CLOSE:
        inbound.handleClose(detail, data);
        break;
      case addon.EVENT_ERROR:
        inbound.handleError(detail, value);
        break;
      case addon.EVENT_END:
        inbound.handleEnd();
        break;
      case addon.EVENT_CLOSED:
        inbound.handleClosed(this.isCloseSent && this.isCloseReceived);
        break;
    }
  }

  _answerPing(data) {
    if (!this._autoPong || this.isCloseQueued || this.isCloseReceived) return;

    if (
      this._maxPendingAutoPongs > 0 &&
      this._pendingAutoPongs >= this._maxPendingAutoPongs
    ) {
      this.terminate();
      return;
    }

    this._pendingAutoPongs++;
    this.sendFrame(frameFlags(OPCODE_PONG) | this.mask, data, () => {
      this._pendingAutoPongs--;
    });
  }

  /**
   * RFC 6455 §1.4: what follows a close frame is discarded. It has to be read
   * nevertheless, or the end would not be seen.
   *
   * @private
   */
  _discardRest() {
    nextTick(resume, this.socket);
    endIfClosed(this);
  }

  _handleEnd() {
    this.isEnded = true;
    this._events.push({ kind: addon.EVENT_END });
    this._emit();
  }

  _handleClose() {
    const { socket } = this;

    this.detach();
    // Errors may still come.
    socket.on('error', this._onError);
    this.isClosed = true;

    // A socket that was paused may hold what it received.
    if (
      !this.isCloseReceived &&
      !this.isFailed &&
      socket.readableLength > 0 &&
      !socket.readableEnded
    ) {
      const chunk = socket.read(socket.readableLength);

      if (chunk !== null) this.receive(chunk);
    }

    // As under ws the user's listeners of the socket come first if the peer did
    // not say that it closes.
    if (this.inbound.isConcluded) this._emitClosed();
    else nextTick(() => this._emitClosed());
  }

  _emitClosed() {
    this._events.push({ kind: addon.EVENT_CLOSED });
    this._emit();
  }
}

/**
 * @param {Relay} relay A relay whose close frame is on its way
 * @param {Function} [cb] What else is to be called
 * @return {Function} What to call when it has been written
 * @private
 */
function afterClose(relay, cb) {
  return (err) => {
    if (!err) {
      relay.isCloseSent = true;
      endIfClosed(relay);
    }

    if (typeof cb === 'function') cb(err);
  };
}

/**
 * RFC 6455 §7.1.1: once both close frames are out our side is ended.
 *
 * @private
 */
function endIfClosed(relay) {
  if (relay.isCloseSent && (relay.isCloseReceived || relay.isFailed)) {
    relay.socket.end();
  }
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
    socket.push === net.Socket.prototype.push
  );
}

function rethrow(err) {
  throw err;
}

function resume(socket) {
  socket.resume();
}

module.exports = Relay;
