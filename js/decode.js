'use strict';

/**
 * Decoding by an engine of the core, on this thread.
 */

const addon = require('./binding');
const { EMPTY_BUFFER, FastBuffer } = require('./constants');

// Layout of a record, see `src/binding/engine.rs`.
const WORDS = addon.EVENT_RECORD_WORDS;
const KIND_MASK = 0xff;
const DETAIL_SHIFT = 8;
const IN_INPUT = 0;

// Records of one call; nothing else runs before they are read.
const records = new Uint32Array(256 * WORDS);

/**
 * @param {Engine} engine An engine
 * @param {Buffer} chunk What was received; it is unmasked where it is
 * @return {{kind: Number, detail: Number, value: Number, data: Buffer}[]} The
 *     events in order. Payloads are views of the chunk where they lie in it
 */
function decode(engine, chunk) {
  const events = [];

  for (
    let count = engine.receive(chunk, records);
    count > 0;
    count = engine.take(records)
  ) {
    for (let base = 0; base < count * WORDS; base += WORDS) {
      events.push({
        kind: records[base] & KIND_MASK,
        detail: records[base] >>> DETAIL_SHIFT,
        value: records[base + 2],
        data: payloadOf(engine, chunk, base)
      });
    }
  }

  return events;
}

function payloadOf(engine, chunk, base) {
  const length = records[base + 3];

  if (length === 0) return EMPTY_BUFFER;
  if (records[base + 1] !== IN_INPUT) return engine.payload(records[base + 2]);

  return new FastBuffer(
    chunk.buffer,
    chunk.byteOffset + records[base + 2],
    length
  );
}

module.exports = decode;
