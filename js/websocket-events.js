'use strict';

/**
 * What the events of a connection do to its WebSocket.
 */

const { INTERNAL_ERROR } = require('./binding');
const { startCloseTimer, stopCloseTimer } = require('./close-timer');
const { convert } = require('./message-data');
const { extensionName } = require('./permessage-deflate');
const {
  closeCodeOf,
  createInternalError,
  createProtocolError
} = require('./errors');
const {
  CLOSED,
  CLOSING,
  EMPTY_BUFFER,
  NO_STATUS_RECEIVED,
  OPEN,
  kAnswersPings,
  kConnection,
  kReceiver,
  kRemoveClient,
  kSender,
  kServer
} = require('./constants');

/**
 * @param {WebSocket} websocket The WebSocket
 * @param {Buffer} data The message
 * @param {Boolean} isBinary Whether it is binary
 * @param {(Buffer|null)} fragments The lengths of its fragments, if there are
 *     several
 */
function onMessage(websocket, data, isBinary, fragments) {
  if (isBinary && websocket._binaryType !== 'nodebuffer') {
    data = convert(data, websocket._binaryType, fragments);
  }

  websocket.emit('message', data, isBinary);
}

function onPing(websocket, data) {
  // Unless it has been answered.
  if (websocket[kAnswersPings] && websocket._readyState === OPEN) {
    websocket.pong(data, !websocket._isServer, () => {});
  }

  websocket.emit('ping', data);
}

function onPong(websocket, data) {
  websocket.emit('pong', data);
}

/**
 * The peer's close frame.
 */
function onClose(websocket, code, reason) {
  websocket._closeFrameReceived = true;
  websocket._closeCode = code;
  // A copy of its own, or it would keep a whole slab alive.
  websocket._closeMessage =
    reason.length === 0
      ? EMPTY_BUFFER
      : Buffer.from(Uint8Array.from(reason).buffer);

  if (code === NO_STATUS_RECEIVED) websocket.close();
  else websocket.close(code, websocket._closeMessage);
  endStream(websocket);
  websocket[kReceiver]?.emit('conclude', code, reason);
}

/**
 * Our side ends behind our close frame. The core knows that, a stream that stands
 * for the transport does not.
 *
 * @private
 */
function endStream({ [kConnection]: connection, [kSender]: sender }) {
  if (connection.isRelay || connection.socket === null) return;
  // The close frame waits for a Blob.
  if (sender?._state === 2) return;

  connection.socket.end();
}

/**
 * The peer broke the protocol, or the core has a defect.
 */
function onError(websocket, number, parameter) {
  if (number === INTERNAL_ERROR) {
    // The transport is closed already.
    websocket._readyState = CLOSING;
    emitError(websocket, createInternalError());
    return;
  }

  const err = createProtocolError(number, parameter);

  websocket.close(closeCodeOf(number));
  endStream(websocket);
  emitError(websocket, err);
}

/**
 * The peer ended its side.
 */
function onEnd(websocket) {
  websocket._readyState = CLOSING;
  websocket[kConnection].showEnd();
  websocket[kConnection].end();
}

/**
 * The socket has failed.
 */
function onBroken(websocket) {
  if (websocket._readyState !== CLOSED) websocket._readyState = CLOSING;
}

/**
 * The transport is gone.
 */
function onClosed(websocket, wasClean) {
  stopCloseTimer(websocket);
  websocket._closeFrameSent = wasClean;
  websocket._readyState = CLOSED;
  websocket._extensions[extensionName]?.cleanup();
  // Not by a listener: users may remove all of those.
  if (websocket[kServer] !== null) websocket[kServer][kRemoveClient](websocket);
  websocket.emitClose();
}

/**
 * A Blob could not be read: nothing in order can be sent after it.
 */
function onSendingFailed(websocket, err) {
  if (websocket._readyState === CLOSED) return;
  if (websocket._readyState === OPEN) startCloseTimer(websocket);

  websocket._readyState = CLOSING;
  websocket[kConnection].end();
  emitError(websocket, err);
}

function emitError(websocket, err) {
  if (websocket._errorEmitted) return;

  websocket._errorEmitted = true;
  websocket.emit('error', err);
}

module.exports = {
  onBroken,
  onClose,
  onClosed,
  onEnd,
  onError,
  onMessage,
  onPing,
  onPong,
  onSendingFailed
};
