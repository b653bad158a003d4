'use strict';

/**
 * A WebSocket as a stream: messages are what is read and what is written. It
 * uses nothing of a WebSocket but the interface of ws, so it takes whatever has
 * that.
 */

const { Duplex } = require('stream');

const { nextTick } = require('./constants');

/**
 * What a stream over a WebSocket decides itself. It is over when the connection
 * is, not when both of its sides are, and text is text only on the readable side.
 */
const fixedOptions = {
  autoDestroy: false,
  emitClose: false,
  objectMode: false,
  writableObjectMode: false
};

/**
 * Wraps a WebSocket in a stream. A chunk that is written is sent as a message;
 * writing waits for the connection to be open. Messages are read as they come;
 * while nobody reads, the WebSocket is paused. Destroying the stream terminates
 * the connection.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {Object} [options] Options of `stream.Duplex`. With
 *     `readableObjectMode` text is read as strings. `autoDestroy`, `emitClose`,
 *     `objectMode` and `writableObjectMode` have no effect
 * @return {Duplex} The stream
 */
function createWebSocketStream(websocket, options) {
  const stream = new Duplex({ ...options, ...fixedOptions });
  // A WebSocket that failed closes the connection itself, with a close frame that
  // terminating it could keep from being sent.
  let closesItself = false;

  websocket.on('message', (data, isBinary) => {
    const isText = stream.readableObjectMode && !isBinary;

    if (!stream.push(isText ? data.toString() : data)) websocket.pause();
  });

  websocket.once('error', (err) => {
    if (stream.destroyed) return;

    closesItself = true;
    stream.destroy(err);
  });

  websocket.once('close', () => {
    if (!stream.destroyed) stream.push(null);
  });

  stream._read = () => {
    if (websocket.isPaused) websocket.resume();
  };

  stream._write = (chunk, encoding, callback) => {
    if (websocket.readyState === websocket.CONNECTING) {
      websocket.once('open', () => stream._write(chunk, encoding, callback));
    } else {
      websocket.send(chunk, callback);
    }
  };

  stream._final = (callback) => {
    if (websocket.readyState === websocket.CONNECTING) {
      websocket.once('open', () => stream._final(callback));
      return;
    }

    const socket = websocket._socket;

    // A client whose handshake failed. The error that it is about to emit
    // destroys the stream.
    if (socket === null) return;

    // The stream for the socket may be made here, after all is over.
    if (
      socket._writableState.finished ||
      websocket.readyState === websocket.CLOSED
    ) {
      callback();
      if (stream.readableEnded) stream.destroy();
    } else {
      // There is still an 'end' to come, which destroys the stream.
      socket.once('finish', () => callback());
      websocket.close();
    }
  };

  stream._destroy = (err, callback) => {
    const emitClose = () => stream.emit('close');

    if (websocket.readyState === websocket.CLOSED) {
      callback(err);
      nextTick(emitClose);
      return;
    }

    // Of two calls the first counts.
    websocket.once('error', callback);
    websocket.once('close', () => {
      callback(err);
      nextTick(emitClose);
    });

    if (!closesItself) websocket.terminate();
  };

  stream.on('end', streamOnEnd);
  stream.once('error', streamOnError);

  return stream;
}

/**
 * The readable side is over: so is the stream, if the writable side was before.
 *
 * @private
 */
function streamOnEnd() {
  if (!this.destroyed && this.writableFinished) this.destroy();
}

/**
 * An error that nobody listens for is thrown, as it is by every stream, although
 * this is a listener.
 *
 * @private
 */
function streamOnError(err) {
  this.destroy();
  if (this.listenerCount('error') === 0) this.emit('error', err);
}

module.exports = createWebSocketStream;
