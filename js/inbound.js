'use strict';

/**
 * The events of WebSockets on their way from the core to their listeners. Most
 * go straight on. A WebSocket gets an `Inbound`, where events wait, when it is
 * paused first, or if only one of them may be emitted in a turn of the event
 * loop.
 */

const {
  onBroken,
  onClose,
  onClosed,
  onEnd,
  onError,
  onMessage,
  onPing,
  onPong
} = require('./websocket-events');
const {
  PAUSED,
  THROTTLED,
  kConnection,
  kInbound,
  nextTick,
  setImmediate
} = require('./constants');

// With this many events waiting for turns of their own, the core reads no more
// until half of them are gone.
const MANY_WAITING = 64;
// After a pause, events that are emitted in one turn of the event loop.
const MAX_RUN = 64;

class Inbound {
  /**
   * @param {WebSocket} websocket The WebSocket
   * @param {Boolean} oneAtATime Whether to emit one event in a turn
   */
  constructor(websocket, oneAtATime) {
    this._websocket = websocket;
    this._oneAtATime = oneAtATime;
    this._paused = false;
    this._closed = false;
    this._isDue = false;
    // The lengths of the fragments of the message that comes next, if it has
    // several.
    this._fragments = null;
    // Events that wait: a handler and its arguments each; those before `_next`
    // have been emitted.
    this._waiting = [];
    this._next = 0;
  }

  /**
   * @param {Buffer} lengths The lengths of the fragments of the next message
   */
  handleFragments(lengths) {
    this._fragments = lengths;
  }

  handleMessage(data, isBinary) {
    const fragments = this._fragments;

    this._fragments = null;
    this.handleInTurn(onMessage, data, isBinary, fragments);
  }

  handleClosed(wasClean) {
    // Nothing more can come: a pause has no meaning any longer, and what was
    // received before is delivered.
    this._closed = true;
    this._paused = false;
    this.handle(onClosed, wasClean);
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

  /**
   * @param {Function} handler What the event does
   * @param {*} [a] Its argument behind the WebSocket
   * @param {*} [b] The next one
   */
  handle(handler, a, b) {
    if (!this._paused && this._length === 0) handler(this._websocket, a, b);
    else this._wait(handler, a, b);
  }

  /**
   * As `handle()`, for events of which there may be only one in a turn.
   */
  handleInTurn(handler, a, b, c) {
    if (!this._paused && !this._oneAtATime && this._length === 0) {
      handler(this._websocket, a, b, c);
    } else {
      this._wait(handler, a, b, c);
    }
  }

  get _connection() {
    return this._websocket[kConnection];
  }

  get _length() {
    return this._waiting.length - this._next;
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

/**
 * @private
 */
function inboundOf(websocket) {
  if (websocket[kInbound] === null) {
    websocket[kInbound] = new Inbound(websocket, false);
  }

  return websocket[kInbound];
}

/**
 * Lets a WebSocket emit one event in a turn of the event loop.
 *
 * @param {WebSocket} websocket The WebSocket
 */
function emitOneAtATime(websocket) {
  websocket[kInbound] = new Inbound(websocket, true);
}

/**
 * @private
 */
function handle(websocket, handler, a, b) {
  const { [kInbound]: inbound } = websocket;

  if (inbound === null) handler(websocket, a, b);
  else inbound.handle(handler, a, b);
}

/**
 * @private
 */
function handleInTurn(websocket, handler, a, b) {
  const { [kInbound]: inbound } = websocket;

  if (inbound === null) handler(websocket, a, b);
  else inbound.handleInTurn(handler, a, b);
}

function handleFragments(websocket, lengths) {
  inboundOf(websocket).handleFragments(lengths);
}

function handleMessage(websocket, data, isBinary) {
  const { [kInbound]: inbound } = websocket;

  if (inbound === null) onMessage(websocket, data, isBinary, null);
  else inbound.handleMessage(data, isBinary);
}

function handlePing(websocket, data) {
  handleInTurn(websocket, onPing, data);
}

function handlePong(websocket, data) {
  handleInTurn(websocket, onPong, data);
}

function handleClose(websocket, code, reason) {
  handle(websocket, onClose, code, reason);
}

function handleError(websocket, number, parameter) {
  handle(websocket, onError, number, parameter);
}

function handleEnd(websocket) {
  handle(websocket, onEnd);
}

function handleClosed(websocket, wasClean) {
  const { [kInbound]: inbound } = websocket;

  if (inbound === null) onClosed(websocket, wasClean);
  else inbound.handleClosed(wasClean);
}

/**
 * Lets the events of a WebSocket wait, and stops reading.
 *
 * @param {WebSocket} websocket The WebSocket
 */
function pause(websocket) {
  inboundOf(websocket).pause();
}

/**
 * Emits what has waited, later, and reads on.
 *
 * @param {WebSocket} websocket The WebSocket
 */
function resume(websocket) {
  inboundOf(websocket).resume();
}

module.exports = {
  emitOneAtATime,
  handleBroken: onBroken,
  handleClose,
  handleClosed,
  handleEnd,
  handleError,
  handleFragments,
  handleMessage,
  handlePing,
  handlePong,
  pause,
  resume
};
