'use strict';

/**
 * What stands where ws has its receiver: `ws._receiver`. The core receives; this
 * object shows with which limits, and emits 'conclude'.
 */

const EventEmitter = require('events');

class ReceiverView extends EventEmitter {
  /**
   * @param {WebSocket} websocket The WebSocket
   * @param {Object} options The options of its connection
   */
  constructor(websocket, options) {
    super();

    const { maxBufferedChunks, maxFragments, maxPayload } = options;

    this._allowSynchronousEvents =
      options.allowSynchronousEvents === undefined
        ? true
        : options.allowSynchronousEvents;
    this._binaryType = websocket.binaryType;
    this._extensions = websocket._extensions;
    this._isServer = websocket._isServer;
    this._maxBufferedChunks = maxBufferedChunks | 0;
    this._maxFragments = maxFragments | 0;
    this._maxPayload = maxPayload | 0;
    this._skipUTF8Validation = !!options.skipUTF8Validation;
  }
}

module.exports = ReceiverView;
