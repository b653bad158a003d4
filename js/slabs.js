'use strict';

/**
 * The memory in which payloads come in: a slab of JavaScript's own, to which the
 * core copies small ones, and slabs of the core's, see `src/bridge/slab.rs`.
 */

const { markAsUntransferable } = require('worker_threads');

const outbox = require('./outbox');
const { SLAB_OFFSET_BITS } = require('./binding');
const { EMPTY_BUFFER, FastBuffer } = require('./constants');

const SLAB_SIZE = 64 * 1024;
// V8 is told of as many bytes of the core's memory at a time.
const NOTED_TOGETHER = 512 * 1024;

// Layout of what the core's `take()` returns, and of a record's words, see
// `src/binding/exchange.rs` and `src/bridge/batch.rs`.
const COUNT_MASK = 0x7ff;
const SLAB_FULL = 0x800;
const OFFSET_SHIFT = 12;
const HIGHEST_BIT = 0x7fffffff;
const SHARED_OFFSET_MASK = (1 << SLAB_OFFSET_BITS) - 1;

// Slabs that the core writes, by the slot of the thread that does.
const shared = [];

let environment = null;
let calls = null;
let slab = null;
// The same memory.
let slabView = null;
let slabOffset = 0;
// Bytes of the core's that V8 has not been told of.
let unnoted = 0;

/**
 * @param {Environment} core The core of this thread
 * @param {Object} itsCalls Its calls
 */
function open(core, itsCalls) {
  environment = core;
  calls = itsCalls;
  renewSlab();
}

/**
 * Takes events.
 *
 * @return {Number} How many; if there are none, the core will call
 */
function take() {
  // A user may have transferred a message's memory, and with it the slab, to where
  // nothing keeps it: the core must not write to it any more.
  if (slab.byteLength === 0) renewSlab();

  let taken = calls.take(slabOffset);

  if ((taken & COUNT_MASK) === 0) {
    if ((taken & SLAB_FULL) === 0) {
      // What listeners sent last may have given rise to more.
      outbox.flush(false);
      taken = calls.take(slabOffset);
    }

    if ((taken & (COUNT_MASK | SLAB_FULL)) === SLAB_FULL) {
      renewSlab();
      taken = calls.take(slabOffset);
    }
  }

  slabOffset = taken >>> OFFSET_SHIFT;
  return taken & COUNT_MASK;
}

/**
 * Views of old slabs keep them alive; nobody else does.
 *
 * @private
 */
function renewSlab() {
  slab = new ArrayBuffer(SLAB_SIZE);
  // Transferring one message would detach all others.
  markAsUntransferable(slab);
  slabView = new DataView(slab);
  calls.renewSlab(new Uint8Array(slab));
  slabOffset = 0;
}

/**
 * A thread of the core goes on in another slab. Views of the one before keep it
 * alive; nobody else does.
 *
 * @param {Number} slot The slot of the thread
 * @param {Number} number The number of the slab among those just taken
 */
function openShared(slot, number) {
  // Not the one before, if there is no memory.
  shared[slot] = undefined;

  // Node has marked it itself. To mark it again would abort the process at its end
  // from Node.js 24 on, where that sets a key without which Node can't detach it.
  const memory = calls.slab(number, slot).buffer;

  noteForeignMemory(memory.byteLength);
  shared[slot] = memory;
}

/**
 * V8 looks for garbage among young buffers when it allocates the memory of one
 * itself, and counts those of the core's then, too. Without this it would find
 * them in a collection of all garbage only.
 *
 * @param {Number} bytes How much more of the core's memory there is
 * @private
 */
function noteForeignMemory(bytes) {
  unnoted += bytes;
  if (unnoted < NOTED_TOGETHER) return;

  unnoted = 0;
  new ArrayBuffer(1);
}

/**
 * The numbers that a connection ends with.
 *
 * @param {Number} place Where they are in the slab
 * @return {Number[]} Bytes read, bytes written, and how many commands were dropped
 */
function readCounts(place) {
  // Not even the memory of a user's may keep the end from being told.
  if (slab.byteLength === 0) return [0, 0, 0];

  return [
    slabView.getFloat64(place, true),
    slabView.getFloat64(place + 8, true),
    slabView.getFloat64(place + 16, true)
  ];
}

/**
 * The payload of a record: a view of a slab, or memory of its own.
 *
 * @param {Uint32Array} records What the core wrote
 * @param {Number} base Where the record begins
 * @return {Buffer} The payload
 */
function payloadOf(records, base) {
  const length = records[base + 3];

  if (length === 0) return EMPTY_BUFFER;

  const place = records[base + 2];

  // The highest bit of the first word tells that it is large, that of the third
  // that it is in a slab of the core's.
  if (records[base] <= HIGHEST_BIT) return new FastBuffer(slab, place, length);
  if (place <= HIGHEST_BIT) {
    noteForeignMemory(length);
    return calls.large(place);
  }

  const slot = (place & HIGHEST_BIT) >>> SLAB_OFFSET_BITS;
  const offset = place & SHARED_OFFSET_MASK;
  const memory = shared[slot];

  // A user has transferred it with a message.
  if (memory.byteLength === 0) {
    return environment.slabPayload(slot, offset, length);
  }

  return new FastBuffer(memory, offset, length);
}

module.exports = { open, openShared, payloadOf, readCounts, take };
