'use strict';

/**
 * The events of one WebSocket on their way from the core to its listeners:
 * where they wait while the WebSocket is paused, or while only one of them may
 * be emitted in a turn of the event loop.
 */

class Inbound {
  /**
   * @param {WebSocket} websocket The WebSocket
   * @param {Object} handlers What to call for each kind of event, with the
   *     WebSocket as the first argument: `message(data, isBinary)`,
   *     `ping(data)`, `pong(data)`, `close(code, reason)`,
   *     `error(number, parameter)`, `end()`, `closed(wasClean)`
   * @param {Boolean} oneAtATime Whether to emit one event in a turn
   */
  constructor(websocket, handlers, oneAtATime) {
    this._websocket = websocket;
    this._handlers = handlers;
    this._oneAtATime = oneAtATime;
    this._paused = false;
    this._isDue = false;
    // Events that wait: a handler and its two arguments each.
    this._waiting = [];
  }

  handleMessage(data, isBinary) {
    this._handle(this._handlers.message, data, isBinary);
  }

  handlePing(data) {
    this._handle(this._handlers.ping, data);
  }

  handlePong(data) {
    this._handle(this._handlers.pong, data);
  }

  handleClose(code, reason) {
    this._handle(this._handlers.close, code, reason);
  }

  handleError(number, parameter) {
    this._handle(this._handlers.error, number, parameter);
  }

  handleEnd() {
    this._handle(this._handlers.end);
  }

  handleClosed(wasClean) {
    // Nothing more can come: a pause has no meaning any longer, and what was
    // received before is delivered.
    this._paused = false;
    this._handle(this._handlers.closed, wasClean);
    if (!this._oneAtATime) this._emitWaiting();
  }

  /**
   * Lets events wait.
   */
  pause() {
    this._paused = true;
  }

  /**
   * Emits what has waited, from the next tick on.
   */
  resume() {
    this._paused = false;
    if (this._waiting.length > 0) this._schedule();
  }

  _handle(handler, a, b) {
    if (!this._paused && !this._oneAtATime && this._waiting.length === 0) {
      handler(this._websocket, a, b);
      return;
    }

    this._waiting.push([handler, a, b]);
    if (!this._paused) this._schedule();
  }

  _schedule() {
    if (this._isDue) return;

    this._isDue = true;
    if (this._oneAtATime) setImmediate(emitWaiting, this);
    else process.nextTick(emitWaiting, this);
  }

  _emitWaiting() {
    while (this._waiting.length > 0 && !this._paused) {
      const [handler, a, b] = this._waiting.shift();

      try {
        handler(this._websocket, a, b);
      } finally {
        // Also after a throwing listener.
        if (this._waiting.length > 0 && !this._paused) this._schedule();
      }

      if (this._oneAtATime) return;
    }
  }
}

function emitWaiting(inbound) {
  inbound._isDue = false;
  inbound._emitWaiting();
}

module.exports = Inbound;
