'use strict';

/**
 * The events of one WebSocket on their way from the core to its listeners:
 * where they wait while the WebSocket is paused, or while only one of them may
 * be emitted in a turn of the event loop.
 */

const { PAUSED, THROTTLED } = require('./connection');
const { nextTick, setImmediate } = require('./constants');

// With this many events waiting for turns of their own, the core reads no more
// until half of them are gone.
const MANY_WAITING = 64;
// After a pause, events that are emitted in one turn of the event loop.
const MAX_RUN = 64;

class Inbound {
  /**
   * @param {WebSocket} websocket The WebSocket
   * @param {Connection} connection Where the events come from
   * @param {Object} handlers What to call for each kind of event, with the
   *     WebSocket as the first argument: `message(data, isBinary,
   *     fragments)`,
   *     `ping(data)`, `pong(data)`, `close(code, reason)`,
   *     `error(number, parameter)`, `end()`, `broken()`, `closed(wasClean)`
   * @param {Boolean} oneAtATime Whether to emit one event in a turn
   */
  constructor(websocket, connection, handlers, oneAtATime) {
    this._websocket = websocket;
    this._connection = connection;
    this._handlers = handlers;
    this._oneAtATime = oneAtATime;
    this._paused = false;
    this._closed = false;
    this._isDue = false;
    // Whether the peer's close frame or its end came in, or it broke the
    // protocol.
    this.isConcluded = false;
    // The lengths of the fragments of the message that comes next, if it has
    // several.
    this._fragments = null;
    // Events that wait: a handler and its arguments each; those before `_next`
    // have been emitted.
    this._waiting = [];
    this._next = 0;
  }

  handleFragments(lengths) {
    this._fragments = lengths;
  }

  handleMessage(data, isBinary) {
    const fragments = this._fragments;

    this._fragments = null;
    this._handleInTurn(this._handlers.message, data, isBinary, fragments);
  }

  handlePing(data) {
    this._handleInTurn(this._handlers.ping, data);
  }

  handlePong(data) {
    this._handleInTurn(this._handlers.pong, data);
  }

  handleClose(code, reason) {
    this.isConcluded = true;
    this._handle(this._handlers.close, code, reason);
  }

  handleError(number, parameter) {
    this.isConcluded = true;
    this._handle(this._handlers.error, number, parameter);
  }

  handleEnd() {
    this.isConcluded = true;
    this._handle(this._handlers.end);
  }

  /**
   * Another connection goes on in place of the one before.
   *
   * @param {Connection} connection Where the events come from
   */
  moveTo(connection) {
    this._connection = connection;
  }

  handleClosed(wasClean) {
    // Nothing more can come: a pause has no meaning any longer, and what was
    // received before is delivered.
    this._closed = true;
    this._paused = false;
    this._handle(this._handlers.closed, wasClean);
  }

  /**
   * Lets events wait, and stops reading.
   */
  pause() {
    if (this._closed) return;

    this._paused = true;
    this._connection.pause(PAUSED);
  }

  /**
   * Emits what has waited, later, and reads on.
   */
  resume() {
    this._paused = false;
    if (this._length > 0) this._schedule(nextTick);
    this._connection.resume(PAUSED);
  }

  get _length() {
    return this._waiting.length - this._next;
  }

  /**
   * The socket has failed.
   */
  handleBroken() {
    this._handlers.broken(this._websocket);
  }

  _handle(handler, a, b) {
    if (!this._paused && this._length === 0) handler(this._websocket, a, b);
    else this._wait(handler, a, b);
  }

  /**
   * For events of which there may be only one in a turn.
   *
   * @private
   */
  _handleInTurn(handler, a, b, c) {
    if (!this._paused && !this._oneAtATime && this._length === 0) {
      handler(this._websocket, a, b, c);
    } else {
      this._wait(handler, a, b, c);
    }
  }

  _wait(handler, a, b, c) {
    this._waiting.push([handler, a, b, c]);
    if (this._oneAtATime && this._length > MANY_WAITING) {
      this._connection.pause(THROTTLED);
    }
    if (!this._paused) this._schedule(setImmediate);
  }

  _schedule(later) {
    if (this._isDue) return;

    this._isDue = true;
    later(emitWaiting, this);
  }

  _emitWaiting() {
    let left = this._oneAtATime ? 1 : MAX_RUN;

    try {
      while (this._length > 0 && !this._paused && left-- > 0) {
        const [handler, a, b, c] = this._shift();

        handler(this._websocket, a, b, c);
      }
    } finally {
      // Also after a throwing listener.
      if (this._length > 0 && !this._paused) this._schedule(setImmediate);
      if (this._length < MANY_WAITING / 2) this._connection.resume(THROTTLED);
    }
  }

  _shift() {
    const event = this._waiting[this._next];

    this._waiting[this._next++] = undefined;
    if (this._next === this._waiting.length) {
      this._waiting = [];
      this._next = 0;
    }

    return event;
  }
}

function emitWaiting(inbound) {
  inbound._isDue = false;
  inbound._emitWaiting();
}

module.exports = Inbound;
