'use strict';

//
// The peer's side of permessage-deflate, by Node's zlib.
//

const zlib = require('node:zlib');

const TAIL = Buffer.of(0, 0, 0xff, 0xff);
const finishFlush = zlib.constants.Z_SYNC_FLUSH;

/**
 * @param {(Buffer|String)} data The data of a message
 * @param {Object} [options] Options of zlib
 * @return {Buffer} The payload of its frame
 */
function deflate(data, options) {
  const output = zlib.deflateRawSync(data, { finishFlush, ...options });

  return output.subarray(0, output.length - TAIL.length);
}

/**
 * Inflates messages one after the other.
 */
class Inflater {
  constructor() {
    this.window = Buffer.alloc(0);
  }

  /**
   * @param {Buffer} payload The payload of a message
   * @return {(Buffer|String)} What it says, or what is wrong with it
   */
  inflate(payload) {
    const options = { finishFlush };

    // With a window of its own a message means the same.
    if (this.window.length > 0) options.dictionary = this.window;

    try {
      const data = zlib.inflateRawSync(Buffer.concat([payload, TAIL]), options);

      this.window = Buffer.concat([this.window, data]).subarray(-0x8000);
      return data;
    } catch (err) {
      return err.message;
    }
  }
}

module.exports = { Inflater, deflate };
