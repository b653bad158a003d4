'use strict';

/**
 * A connection of the core, as JavaScript holds it: from the offer of its
 * handshake until the core said that the transport is gone.
 */

const { AsyncResource, executionAsyncId } = require('async_hooks');

const inbound = require('./inbound');
const outbox = require('./outbox');
const { Callback, callAll, failAll, throwLater } = require('./callbacks');
const { nextTick } = require('./constants');
const { createSocketDestroyedError, createSystemError } = require('./errors');
// As constants of this module: the addon's exports are a dictionary to V8.
const {
  COMMAND_END,
  COMMAND_INJECT,
  COMMAND_LEAVE_PINGS,
  COMMAND_PAUSE,
  COMMAND_RAW,
  COMMAND_RESUME,
  COMMAND_TAP,
  COMMAND_TERMINATE,
  COMMAND_UPGRADE,
  FLAG_ACKNOWLEDGE
} = require('./binding');

// What has become of a connection: bits of its state, of which the lowest are
// the reasons not to read it. There may be very many connections.
const PAUSES = 0x3;
const IS_CLOSED = 0x4;
const IS_ENDED = 0x8;
const IS_TERMINATING = 0x10;
const IS_UNREFERENCED = 0x20;
const IS_CONCLUDED = 0x40;

/**
 * The events of a connection run in the asynchronous context of its server.
 */
class Connection extends AsyncResource {
  /**
   * @param {(Listener|null)} listener The listener that accepted it; none if
   *     the core adopted the socket
   * @param {Number} index Its place among the connections of the thread
   * @param {Number} generation How many connections had that place before
   */
  constructor(listener, index, generation) {
    super('OXWSCONNECTION', { triggerAsyncId: asInteger(executionAsyncId()) });

    this.listener = listener;
    this.index = index;
    this.generation = generation;
    // The opening handshake, until it is accepted.
    this.handshake = null;
    // Gets the events, once the handshake is accepted.
    this.websocket = null;
    // The stream that stands for the transport, if anyone asked for it, or that
    // was it before the core adopted it.
    this.socket = null;
    // The number of the block to which something for it was written last, see
    // `outbox.js`.
    this.lastBlock = -1;
    this._state = 0;
    // Of what was sent and not yet taken by the kernel, if there are any.
    this._callbacks = null;
  }

  get isRelay() {
    return false;
  }

  get isClosed() {
    return (this._state & IS_CLOSED) !== 0;
  }

  /**
   * Whether the peer ended its side.
   *
   * @type {Boolean}
   */
  get isEnded() {
    return (this._state & IS_ENDED) !== 0;
  }

  /**
   * Whether we gave it up.
   *
   * @type {Boolean}
   */
  get isTerminating() {
    return (this._state & IS_TERMINATING) !== 0;
  }

  /**
   * Whether the peer's close frame or its end came in, or it broke the
   * protocol.
   *
   * @type {Boolean}
   */
  get isConcluded() {
    return (this._state & IS_CONCLUDED) !== 0;
  }

  /**
   * Sends a frame.
   *
   * @param {Number} flags Flags of the command, see `outbox.frameFlags()`
   * @param {(Buffer|String)} payload Its payload
   * @param {Function} [cb] Called when the kernel has taken it
   */
  sendFrame(flags, payload, cb) {
    // The user ended the stream, which says what becomes of it.
    if (this.socket !== null && this.socket.writableEnded) {
      this.handleBroken();
      this.socket.write(payload, cb);
    } else {
      this._write(flags, payload, cb);
    }
  }

  /**
   * Writes bytes as they are.
   *
   * @param {(Buffer|String)} data The bytes
   * @param {Function} [cb] Called when the kernel has taken them
   */
  sendRaw(data, cb) {
    this._write(COMMAND_RAW, data, cb);
  }

  /**
   * Accepts the handshake, whose answer has been sent.
   *
   * @param {Buffer} config The words of the connection's configuration
   * @param {WebSocket} websocket What gets the events
   */
  upgrade(config, websocket) {
    this.handshake = null;
    this.websocket = websocket;
    outbox.write(this, COMMAND_UPGRADE, config);
  }

  /**
   * Ends our side when all that was sent is out.
   */
  end() {
    // A stream that was ended makes an error of another end(), which nobody gets and which
    // takes long.
    if (this.socket === null) this.endTransport();
    else if (!this.socket.writableEnded) this.socket.end();
  }

  /**
   * Closes the connection once the kernel had the chance to take what was sent.
   */
  terminate() {
    if (this.socket === null) this.terminateTransport(0);
    else this.socket.destroy();
  }

  /**
   * As `end()`, without its stream.
   */
  endTransport() {
    if (!this.isClosed) outbox.write(this, COMMAND_END, null);
  }

  /**
   * As `terminate()`, without its stream.
   *
   * @param {Number} flags 0, or the flag by which it is reset
   */
  terminateTransport(flags) {
    this._state |= IS_TERMINATING;
    if (!this.isClosed) {
      this.hub.environment.abandon(this.index, this.generation);
      outbox.write(this, COMMAND_TERMINATE | flags, null);
    }
  }

  /**
   * Tells its stream what is received, from now on.
   */
  tap() {
    if (this.isClosed) return;

    outbox.write(this, COMMAND_TAP, null);
    // What is read meanwhile would not be shown.
    outbox.flush(true);
  }

  /**
   * Leaves pings to JavaScript, from now on.
   */
  leavePings() {
    if (!this.isClosed) outbox.write(this, COMMAND_LEAVE_PINGS, null);
  }

  /**
   * Takes bytes for received.
   *
   * @param {Buffer} data The bytes
   */
  inject(data) {
    if (!this.isClosed) outbox.write(this, COMMAND_INJECT, data);
  }

  /**
   * Stops reading.
   *
   * @param {Number} reason `PAUSED` or `THROTTLED`
   */
  pause(reason) {
    const wasRead = (this._state & PAUSES) === 0;

    this._state |= reason;
    if (wasRead && !this.isClosed) {
      outbox.write(this, COMMAND_PAUSE, null);
    }
  }

  /**
   * Reads on, unless there is another reason not to.
   *
   * @param {Number} reason `PAUSED` or `THROTTLED`
   */
  resume(reason) {
    const wasRead = (this._state & PAUSES) === 0;

    this._state &= ~reason;
    if (!wasRead && (this._state & PAUSES) === 0 && !this.isClosed) {
      outbox.write(this, COMMAND_RESUME, null);
    }
  }

  /**
   * Lets the event loop wait for it, or no longer.
   *
   * @param {Boolean} isReferenced Whether it does
   */
  reference(isReferenced) {
    if (this.isClosed || this.isReferenced === isReferenced) return;

    this.countReference(-1);
    this.isReferenced = isReferenced;
    this.countReference(1);
  }

  get isReferenced() {
    return (this._state & IS_UNREFERENCED) === 0;
  }

  set isReferenced(isReferenced) {
    if (isReferenced) this._state &= ~IS_UNREFERENCED;
    else this._state |= IS_UNREFERENCED;
  }

  /**
   * Counts it among what may keep the event loop alive, or no longer.
   *
   * @param {Number} change 1 or -1
   */
  countReference(change) {
    if (this.isReferenced) this.hub.keepAlive(change);
    this.listener?.countConnections(change, this.isReferenced ? 0 : change);
  }

  /**
   * Payload bytes of data frames that the kernel has not taken.
   *
   * @type {Number}
   */
  get bufferedAmount() {
    if (this.isClosed) return 0;

    return outbox.bufferedAmount(this);
  }

  /**
   * Bytes read and bytes written.
   *
   * @type {Number[]}
   */
  get traffic() {
    if (this.isClosed) return this._traffic;

    outbox.flush(true);
    return this.hub.environment.traffic(this.index, this.generation) || [0, 0];
  }

  /**
   * The address of our end, in the shape of `socket.address()`.
   *
   * @type {Object}
   */
  get localAddress() {
    const { environment } = this.hub;

    return environment.localAddress(this.index, this.generation) || {};
  }

  /**
   * The same of the peer's end.
   *
   * @type {Object}
   */
  get remoteAddress() {
    const { environment } = this.hub;

    return environment.remoteAddress(this.index, this.generation) || {};
  }

  handleFragments(lengths) {
    inbound.handleFragments(this.websocket, lengths);
  }

  handleMessage(data, isBinary) {
    inbound.handleMessage(this.websocket, data, isBinary);
  }

  handlePing(data) {
    inbound.handlePing(this.websocket, data);
  }

  handlePong(data) {
    inbound.handlePong(this.websocket, data);
  }

  handleClose(code, reason) {
    this._state |= IS_CONCLUDED;
    inbound.handleClose(this.websocket, code, reason);
  }

  handleError(number, parameter) {
    this._state |= IS_CONCLUDED;
    if (this.websocket !== null) {
      inbound.handleError(this.websocket, number, parameter);
    }
  }

  /**
   * The socket has failed.
   */
  handleBroken() {
    if (this.websocket !== null) inbound.handleBroken(this.websocket);
  }

  /**
   * The kernel took `count` more commands that have a callback.
   *
   * @param {Number} count How many
   */
  handleSent(count) {
    const callbacks = this._callbacks;
    const called =
      count === callbacks.length ? callbacks : callbacks.splice(0, count);

    if (called === callbacks) this._callbacks = null;
    callAll(called, null);
  }

  /**
   * The peer ended its side, and all that it sent is known.
   */
  handleEnd() {
    this._state |= IS_ENDED | IS_CONCLUDED;
    // Where events wait, so does the end: its stream would end our side.
    if (this.websocket !== null) inbound.handleEnd(this.websocket);
    else this.showEnd();
  }

  /**
   * Lets the stream end that stands for the transport.
   */
  showEnd() {
    if (this.socket !== null) this.socket.handleEnd();
  }

  /**
   * The transport is gone.
   *
   * @param {Boolean} wasClean Whether close frames went both ways
   * @param {Number[]} traffic Bytes read and bytes written
   * @param {Number} errno The system's number of the error that ended it, or 0
   * @param {Number} dropped How many callbacks, of what was sent last, are about
   *     what was dropped before it was compressed
   */
  handleClosed(wasClean, traffic, errno, dropped) {
    const callbacks = this._callbacks;

    this._state |= IS_CLOSED;
    this._traffic = traffic;
    this._callbacks = null;
    if (callbacks !== null) failAll(callbacks, dropped);

    if (this.socket === null || this.socket.closed) {
      if (this.websocket !== null) {
        inbound.handleClosed(this.websocket, wasClean);
      }
    } else {
      this._closeSocket(wasClean, errno);
    }
  }

  /**
   * As `handleClosed()`, where a stream stands for the transport.
   *
   * @private
   */
  _closeSocket(wasClean, errno) {
    const tell = () => {
      if (this.websocket === null) return;
      this.runInAsyncScope(
        inbound.handleClosed,
        null,
        this.websocket,
        wasClean
      );
    };

    // As under ws the stream's 'error' comes first, and so do the user's
    // listeners of its 'close' if the peer did not say that it closes. Ours is
    // before theirs, which may throw.
    this.socket.prependOnceListener('close', () => {
      if (!this.isConcluded) {
        nextTick(tell);
        return;
      }

      try {
        tell();
      } catch (err) {
        throwLater(err);
      }
    });
    this.socket.handleClosed(
      errno === 0 ? null : createSystemError(-errno, 'read'),
      wasClean
    );
  }

  /**
   * What was received, as it came.
   *
   * @param {Buffer} data The bytes
   */
  handleRaw(data) {
    this.socket?.handleRaw(data);
  }

  _write(flags, payload, cb) {
    if (typeof cb !== 'function') {
      if (!this.isClosed) outbox.write(this, flags, payload);
    } else if (this.isClosed) {
      nextTick(cb, createSocketDestroyedError());
    } else {
      this._callbacks ??= [];
      this._callbacks.push(new Callback(cb));
      outbox.write(this, flags | FLAG_ACKNOWLEDGE, payload);
    }
  }
}

/**
 * The same number. Node has its ids as doubles, each of which would be an object of its
 * own beside the connection; an integer that is small is not.
 *
 * @private
 */
function asInteger(id) {
  const integer = id | 0;

  return integer === id ? integer : id;
}

// That of this thread, which puts itself here.
Connection.prototype.hub = null;

module.exports = { Connection };
