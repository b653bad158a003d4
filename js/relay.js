'use strict';

/**
 * A connection whose bytes Node moves: over TLS, over any other Duplex, and
 * over each socket until the core adopts it. What is received goes through an
 * engine of the core, and so does what is sent if it is more than a short frame, all
 * on this thread.
 */

const RelayOutput = require('./relay-output');
const addon = require('./binding');
const decode = require('./decode');
const inbound = require('./inbound');
const { throwLater } = require('./callbacks');
const { frameFlags } = require('./outbox');
const {
  EMPTY_BUFFER,
  OPCODE_PING,
  OPCODE_PONG,
  PAUSED,
  kConnection,
  kWebSocket,
  nextTick,
  setImmediate
} = require('./constants');

// What an engine says is due.
const PING_DUE = 1;
const PEER_DEAD = 2;

/**
 * Has the members of `Connection` that a WebSocket uses.
 */
class Relay extends RelayOutput {
  /**
   * @param {Duplex} socket The socket
   * @param {Buffer} config The words of the connection's configuration
   */
  constructor(socket, config) {
    super(socket, config);

    // Gets the events.
    this.websocket = null;
    this.isClosed = false;
    this.isEnded = false;
    // Whether someone asked the WebSocket for the socket.
    this.isSocketShown = false;
    // Whether the adoption waits for the socket to be resumed.
    this.isAwaitingResume = false;
    this.mask = 0;
    this._autoPong = false;
    this._maxPendingAutoPongs = 0;
    this._pendingAutoPongs = 0;
    this._heartbeatTimer = null;
    // Reasons not to read.
    this.pauses = 0;
    // Events that were decoded and not emitted; those before `_next` were.
    this._events = [];
    this._next = 0;
    this._isEmitting = false;
  }

  get isRelay() {
    return true;
  }

  /**
   * Whether the peer's close frame or its end came in, or it broke the
   * protocol.
   *
   * @type {Boolean}
   */
  get isConcluded() {
    return this.isCloseReceived || this.isFailed || this.isEnded;
  }

  /**
   * Begins to read.
   *
   * @param {WebSocket} websocket What gets the events
   * @param {Object} options
   * @param {Boolean} options.autoPong Whether pings are answered
   * @param {Boolean} options.isServer Whether we are the server
   * @param {Number} options.maxPendingAutoPongs Answers that may wait
   */
  open(websocket, { autoPong, isServer, maxPendingAutoPongs }) {
    const { socket } = this;

    this.websocket = websocket;
    this.mask = isServer ? 0 : addon.FLAG_MASK;
    this._autoPong = autoPong;
    this._maxPendingAutoPongs = maxPendingAutoPongs;
    socket.on('close', socketOnClose);
    socket.on('data', socketOnData);
    socket.on('end', socketOnEnd);
    socket.on('resume', socketOnResume);
    socket.on('error', socketOnError);
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

    socket.removeListener('close', socketOnClose);
    socket.removeListener('data', socketOnData);
    socket.removeListener('end', socketOnEnd);
    socket.removeListener('error', socketOnError);
    socket.removeListener('resume', socketOnResume);
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
   * Whether events wait that were decoded.
   *
   * @type {Boolean}
   */
  get isEmitting() {
    return this._events.length > 0;
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
      throwLater(err);
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
    const { websocket } = this;

    switch (kind) {
      case addon.EVENT_TEXT:
      case addon.EVENT_BINARY:
        inbound.handleMessage(websocket, data, kind === addon.EVENT_BINARY);
        break;
      case addon.EVENT_FRAGMENTS:
        inbound.handleFragments(websocket, data);
        break;
      case addon.EVENT_PING:
        inbound.handlePing(websocket, data);
        break;
      case addon.EVENT_PONG:
        inbound.handlePong(websocket, data);
        break;
      case addon.EVENT_CLOSE:
        inbound.handleClose(websocket, detail, data);
        break;
      case addon.EVENT_ERROR:
        inbound.handleError(websocket, detail, value);
        break;
      case addon.EVENT_END:
        inbound.handleEnd(websocket);
        break;
      case addon.EVENT_CLOSED:
        inbound.handleClosed(
          websocket,
          this.isCloseSent && this.isCloseReceived
        );
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
    this.endIfClosed();
  }

  /**
   * The socket has ended.
   */
  handleEnd() {
    this.isEnded = true;
    this._events.push({ kind: addon.EVENT_END });
    this._emit();
  }

  /**
   * The socket is closed.
   */
  handleClose() {
    const { socket } = this;

    this.detach();
    // Errors may still come.
    socket.on('error', socketOnError);
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
    if (this.isConcluded) this._emitClosed();
    else nextTick(() => this._emitClosed());
  }

  _emitClosed() {
    this._events.push({ kind: addon.EVENT_CLOSED });
    this._emit();
  }
}

/**
 * The relay that reads a socket.
 *
 * @private
 */
function relayOf(socket) {
  return socket[kWebSocket][kConnection];
}

function socketOnData(chunk) {
  relayOf(this).receive(chunk);
}

function socketOnEnd() {
  relayOf(this).handleEnd();
}

/**
 * The socket's pause and the WebSocket's are one.
 */
function socketOnResume() {
  if (relayOf(this).pauses & PAUSED) inbound.resume(this[kWebSocket]);
}

/**
 * Errors of a socket are no news for the user of a WebSocket; 'close' is.
 */
function socketOnError() {
  inbound.handleBroken(this[kWebSocket]);
  this.destroy();
}

function socketOnClose() {
  relayOf(this).handleClose();
}

function resume(socket) {
  socket.resume();
}

module.exports = Relay;
