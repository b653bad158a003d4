'use strict';

/**
 * Values that several modules share.
 */

const { setImmediate } = require('timers');

const { nextTick } = process;
const now = performance.now.bind(performance);

module.exports = {
  BINARY_TYPES: ['nodebuffer', 'arraybuffer', 'fragments', 'blob'],
  CLOSE_TIMEOUT: 30000,
  EMPTY_BUFFER: Buffer.alloc(0),
  FastBuffer: Buffer[Symbol.species],

  // The state of a server that accepts handshakes.
  RUNNING: 0,

  // The states of a WebSocket.
  CONNECTING: 0,
  OPEN: 1,
  CLOSING: 2,
  CLOSED: 3,

  // Why a connection is not read: somebody paused it, or its events wait for
  // turns of their own and are many.
  PAUSED: 1,
  THROTTLED: 2,

  // RFC 6455 §5.2.
  OPCODE_CONTINUATION: 0x0,
  OPCODE_TEXT: 0x1,
  OPCODE_BINARY: 0x2,
  OPCODE_CLOSE: 0x8,
  OPCODE_PING: 0x9,
  OPCODE_PONG: 0xa,

  // RFC 6455 §7.4.1.
  NO_STATUS_RECEIVED: 1005,
  ABNORMAL_CLOSURE: 1006,

  // As they are when this package is loaded: fake timers of a test must not stop
  // what has been sent from leaving.
  nextTick,
  now,
  setImmediate,

  kAccept: Symbol('kAccept'),
  kAnswersPings: Symbol('kAnswersPings'),
  kClosing: Symbol('kClosing'),
  kConnection: Symbol('kConnection'),
  kInbound: Symbol('kInbound'),
  kLimits: Symbol('kLimits'),
  kReceiver: Symbol('kReceiver'),
  kRemoveClient: Symbol('kRemoveClient'),
  kSender: Symbol('kSender'),
  kServer: Symbol('kServer'),
  kWebSocket: Symbol('kWebSocket')
};
