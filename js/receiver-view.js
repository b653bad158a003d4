'use strict';

/**
 * What stands where ws has its receiver: `ws._receiver`. The core receives; this
 * object shows with which limits, and emits 'conclude'.
 */

const EventEmitter = require('events');

class ReceiverView extends EventEmitter {
  /**
   * @param {WebSocket} websocket The WebSocket
   * @param {Object} limits The limits of its connection
   */
  constructor(websocket, { maxBufferedChunks, maxFragments, maxPayload }) {
    super();

    this._binaryType = websocket.binaryType;
    this._extensions = websocket._extensions;
    this._isServer = websocket._isServer;
    this._maxBufferedChunks = maxBufferedChunks | 0;
    this._maxFragments = maxFragments | 0;
    this._maxPayload = maxPayload | 0;
  }
}

module.exports = ReceiverView;
