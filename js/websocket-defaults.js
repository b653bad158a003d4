'use strict';

/**
 * What all WebSockets have in common, on their prototype: there may be very many
 * of them.
 */

const { CONNECTION_DEFAULTS } = require('./connection-options');
const {
  ABNORMAL_CLOSURE,
  BINARY_TYPES,
  CLOSED,
  CLOSING,
  CONNECTING,
  EMPTY_BUFFER,
  OPEN,
  kAnswersPings,
  kClosing,
  kInbound,
  kLimits,
  kReceiver,
  kSender
} = require('./constants');

const readyStates = { CONNECTING, OPEN, CLOSING, CLOSED };

/**
 * Defines what is not a method.
 *
 * @param {Function} WebSocket The class
 */
function defineDefaults(WebSocket) {
  const { prototype } = WebSocket;

  // What a WebSocket has of its own only when it is another value.
  for (const [name, value] of [
    ['_autoPong', true],
    ['_binaryType', BINARY_TYPES[0]],
    ['_closeCode', ABNORMAL_CLOSURE],
    ['_closeFrameReceived', false],
    ['_closeFrameSent', false],
    ['_closeMessage', EMPTY_BUFFER],
    ['_closeTimeout', CONNECTION_DEFAULTS.closeTimeout],
    ['_closeTimer', null],
    ['_errorEmitted', false],
    ['_extensions', Object.freeze({})],
    ['_heartbeat', null],
    ['_isServer', true],
    ['_maxPendingAutoPongs', CONNECTION_DEFAULTS.maxPendingAutoPongs],
    ['_paused', false],
    ['_protocol', ''],
    [kAnswersPings, false],
    [kClosing, null],
    [kInbound, null],
    [kLimits, null],
    [kReceiver, null],
    [kSender, null]
  ]) {
    Object.defineProperty(prototype, name, { value, writable: true });
  }

  for (const name of Object.keys(readyStates)) {
    const descriptor = { enumerable: true, value: readyStates[name] };

    Object.defineProperty(WebSocket, name, descriptor);
    Object.defineProperty(prototype, name, descriptor);
  }

  for (const name of [
    'binaryType',
    'bufferedAmount',
    'extensions',
    'isPaused',
    'protocol',
    'readyState',
    'url'
  ]) {
    Object.defineProperty(prototype, name, { enumerable: true });
  }
}

module.exports = defineDefaults;
