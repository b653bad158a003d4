'use strict';

const { Duplex } = require('node:stream');

const kOther = Symbol('kOther');
const kWritten = Symbol('kWritten');

/**
 * One of two streams of which each reads what is written to the other. It has
 * no member of a socket.
 */
class PairedDuplex extends Duplex {
  constructor() {
    super({ allowHalfOpen: true });
    this[kWritten] = null;
  }

  readableFull() {
    return this.readableLength >= this.readableHighWaterMark;
  }

  _read() {
    const written = this[kWritten];

    this[kWritten] = null;
    if (written !== null) written();
  }

  _write(chunk, encoding, callback) {
    const other = this[kOther];

    // As on a network the other side sees it later.
    setImmediate(() => {
      if (other.destroyed) {
        callback();
        return;
      }

      other[kWritten] = callback;

      try {
        other.push(chunk);
      } finally {
        // Also if a listener throws.
        if (!other.readableFull()) other._read();
      }
    });
  }

  _writev(chunks, callback) {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', callback);
  }

  _final(callback) {
    setImmediate(() => {
      if (!this[kOther].destroyed) this[kOther].push(null);
      callback();
    });
  }

  _destroy(err, callback) {
    setImmediate(() => {
      const other = this[kOther];

      if (!other.destroyed && !other.readableEnded) other.push(null);
      callback(err);
    });
  }
}

/**
 * @return {Duplex[]} The two ends
 */
function createDuplexPair() {
  const ends = [new PairedDuplex(), new PairedDuplex()];

  ends[0][kOther] = ends[1];
  ends[1][kOther] = ends[0];
  return ends;
}

module.exports = { createDuplexPair };
