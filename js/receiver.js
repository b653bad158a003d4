'use strict';

/**
 * The receiving half of the protocol as a stream, for those who move the bytes
 * themselves. The WebSockets of this package do not need it.
 */

const { Writable } = require('stream');

const addon = require('./binding');
const decode = require('./decode');
const { configOf } = require('./connection-options');
const { BINARY_TYPES, setImmediate } = require('./constants');
const { closeCodeOf, createProtocolError } = require('./errors');
const { convert } = require('./message-data');

const kStatusCode = Symbol('kStatusCode');

/**
 * Emits 'message' (data, isBinary), 'ping' and 'pong' (data), 'conclude' (code,
 * reason) and 'error'.
 *
 * @extends Writable
 */
class Receiver extends Writable {
  /**
   * @param {Object} [options]
   * @param {Boolean} [options.allowSynchronousEvents=true] Whether several
   *     events may be emitted in one turn of the event loop
   * @param {String} [options.binaryType=nodebuffer] The type of binary data
   * @param {Object} [options.extensions] The negotiated extensions
   * @param {Boolean} [options.isServer=false] Whether we are the server
   * @param {Number} [options.maxBufferedChunks=0] How many chunks one frame may
   *     take, 0 for any number
   * @param {Number} [options.maxFragments=0] How many fragments a message may
   *     have, 0 for any number
   * @param {Number} [options.maxPayload=0] Bytes a message may have, 0 for any
   *     number
   * @param {Boolean} [options.skipUTF8Validation=false] Whether to accept text
   *     that is not UTF-8
   */
  constructor(options = {}) {
    super();

    this._allowSynchronousEvents =
      options.allowSynchronousEvents === undefined ||
      !!options.allowSynchronousEvents;
    this._binaryType = options.binaryType || BINARY_TYPES[0];
    this._extensions = options.extensions || {};
    this._isServer = !!options.isServer;
    this._maxBufferedChunks = options.maxBufferedChunks | 0;
    this._maxFragments = options.maxFragments | 0;
    this._maxPayload = options.maxPayload | 0;
    this._engine = new addon.Engine(
      configOf(options, this._isServer, this._extensions)
    );
    this._fragments = null;
  }

  _write(chunk, encoding, callback) {
    emitAll(this, decode(this._engine, chunk), 0, callback);
  }
}

/**
 * Emits events from one on: all at once, or one in a turn of the event loop.
 *
 * @private
 */
function emitAll(receiver, events, next, callback) {
  while (next < events.length) {
    const event = events[next++];

    if (event.kind === addon.EVENT_ERROR) {
      const err = createProtocolError(event.detail, event.value);

      err[kStatusCode] = closeCodeOf(event.detail);
      callback(err);
      return;
    }

    if (isDeferred(receiver, event)) {
      setImmediate(() => {
        emit(receiver, event);
        emitAll(receiver, events, next, callback);
      });
      return;
    }

    emit(receiver, event);
  }

  callback();
}

function isDeferred(receiver, { kind }) {
  return (
    !receiver._allowSynchronousEvents &&
    kind !== addon.EVENT_CLOSE &&
    kind !== addon.EVENT_FRAGMENTS
  );
}

function emit(receiver, { kind, detail, data }) {
  switch (kind) {
    case addon.EVENT_FRAGMENTS:
      receiver._fragments = data;
      break;
    case addon.EVENT_TEXT:
      receiver.emit('message', data, false);
      break;
    case addon.EVENT_BINARY: {
      const fragments = receiver._fragments;

      receiver._fragments = null;
      receiver.emit(
        'message',
        convert(data, receiver._binaryType, fragments),
        true
      );
      break;
    }
    case addon.EVENT_PING:
      receiver.emit('ping', data);
      break;
    case addon.EVENT_PONG:
      receiver.emit('pong', data);
      break;
    case addon.EVENT_CLOSE:
      receiver.emit('conclude', detail, data);
      receiver.end();
      break;
  }
}

Receiver.kStatusCode = kStatusCode;

module.exports = Receiver;
