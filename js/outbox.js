'use strict';

/**
 * What JavaScript tells its connections, on its way to the core.
 *
 * Commands are collected in one block of memory and handed over together: at
 * the end of the tick in which the first was written, or of the drain, or when
 * the block is full. Their layout is that of `src/bridge/command.rs`.
 *
 * Messages that are neither masked nor compressed are framed here, behind each
 * other as long as they are for one connection: the core has nothing to do for
 * one of them. What is sent to many connections stands in the block once.
 */

const { Buffer } = require('buffer');

const addon = require('./binding');
const { OPCODE_BINARY, OPCODE_TEXT, nextTick } = require('./constants');
const { headerLength, writeHeader } = require('./frame-header');

// As constants of this module: the addon's exports are a dictionary to V8.
const { BESIDE_BLOCK, BLOCK_SIZE, COMMAND_FRAMES, FLAG_SHARED } = addon;

const HEAD_SIZE = 16;
// A payload from this length on is written from where it is if it is likely to be the only
// one of a tick or a drain, or longer than 16 bits can tell. To write one takes longer than
// to copy it, so where there are more they are copied, and the I/O threads write them.
const LARGE_PAYLOAD = 16 * 1024;
const MOST_COLLECTED = 0xffff;
// As far as the numbers of blocks go before they begin again.
const MOST_BLOCK_NUMBERS = 0x3fffffff;

// Bytes before the payload of a frame that is framed here, at most.
const MAX_FRAME_HEADER = 4;
// In front of frames: the word that says how long their payloads are.
const WORD_SIZE = 4;

const BINARY_FLAGS = frameFlags(OPCODE_BINARY);
const TEXT_FLAGS = frameFlags(OPCODE_TEXT);

// The memory for blocks, by the numbers that the core has for it. There is one as
// long as blocks are short.
const blocks = [Buffer.from(new ArrayBuffer(BLOCK_SIZE))];

// The memory that is written to, how much of it is, and that for the next command.
let number = 0;
let next = 0;
let block = blocks[0];
let words = new Uint32Array(block.buffer);
let length = 0;
// Which block this is, of all that there have been.
let blockNumber = 0;
// How many large payloads there were in this tick, or drain, and whether there were
// several in the last one that had any.
let largeOnes = 0;
let wereSeveral = false;
let flushIsDue = false;
let draining = false;
let core = null;
let onOwnEvents = null;

// Whose messages the last record holds, if further ones can be appended to it,
// where it begins and where it ends.
let receiver = null;
let recordStart = 0;
let recordEnd = 0;

// The payload that the record at `knownPlace` holds alone, and by which flags it
// was sent: what is sent alike refers to it.
let known = null;
let knownFlags = 0;
let knownPlace = 0;
// The bytes that nobody changes at present, and those that the core keeps beside
// the block.
let shared = null;
let kept = null;

/**
 * Connects the outbox with the core.
 *
 * @param {Object} calls The calls of the core, see `src/binding/exchange.rs`
 * @param {Function} eventsAreWaiting Called when handing over gave rise to
 *     events
 */
function open(calls, eventsAreWaiting) {
  core = calls;
  onOwnEvents = eventsAreWaiting;
}

/**
 * Adds a command.
 *
 * @param {Connection} connection Whom it is for
 * @param {Number} flags Its kind, with flags
 * @param {(Buffer|String|null)} payload What to send, if anything
 */
function write(connection, flags, payload) {
  if (payload === null || payload.length === 0) {
    reserve(0);
    writeHead(connection, flags, 0);
  } else if (flags === knownFlags && payload === known) {
    writeReference(connection);
  } else if (typeof payload === 'string') {
    writeString(connection, flags, payload);
  } else if (payload.length >= LARGE_PAYLOAD && !isCollected(payload)) {
    writeLarge(connection, flags, payload);
  } else if (flags === BINARY_FLAGS || flags === TEXT_FLAGS) {
    writeMessage(connection, flags, payload, payload.length);
  } else {
    reserve(payload.length);
    block.set(payload, length + HEAD_SIZE);
    if (payload === shared) know(payload, flags, length);
    writeHead(connection, flags, payload.length);
  }
}

function writeString(connection, flags, string) {
  // UTF-8 takes at most three bytes for a UTF-16 code unit.
  const most = string.length * 3;

  if (most > MOST_COLLECTED) {
    write(connection, flags, Buffer.from(string));
  } else if (flags === BINARY_FLAGS || flags === TEXT_FLAGS) {
    writeMessage(connection, flags, string, most);
  } else {
    reserve(most);
    know(string, flags, length);
    writeHead(connection, flags, block.utf8Write(string, length + HEAD_SIZE));
  }
}

/**
 * Adds a message that goes out as it is, to the last record if that holds
 * messages for the same connection.
 *
 * @param {Connection} connection Whom it is for
 * @param {Number} flags `BINARY_FLAGS` or `TEXT_FLAGS`
 * @param {(Buffer|String)} payload The message
 * @param {Number} most How many bytes it may take
 * @private
 */
function writeMessage(connection, flags, payload, most) {
  if (
    connection !== receiver ||
    recordEnd + MAX_FRAME_HEADER + most > BLOCK_SIZE
  ) {
    reserve(WORD_SIZE + MAX_FRAME_HEADER + most);
    recordStart = length;
    writeHead(connection, COMMAND_FRAMES, WORD_SIZE);
    words[(recordStart + HEAD_SIZE) >>> 2] = 0;
    receiver = connection;
    recordEnd = length;
    if (payload === shared || typeof payload === 'string') {
      know(payload, flags, recordStart);
    }
  } else if (knownPlace === recordStart) {
    // It is not alone any more.
    known = null;
  }

  const start = recordEnd;
  const payloadLength = writeFrame(flags, payload);
  const word = recordStart >>> 2;

  words[word + 3] += recordEnd - start;
  words[word + 4] += payloadLength;
  length = (recordEnd + 3) & ~3;
}

/**
 * Writes a frame where the last record ends.
 *
 * @return {Number} The length of its payload
 * @private
 */
function writeFrame(flags, payload) {
  const start = recordEnd;
  // Of a string that is the least.
  let header = headerLength(payload.length);
  let payloadLength = payload.length;

  if (typeof payload === 'string') {
    payloadLength = block.utf8Write(payload, start + header);

    if (headerLength(payloadLength) > header) {
      block.copyWithin(start + 4, start + 2, start + 2 + payloadLength);
      header = 4;
    }
  } else {
    block.set(payload, start + header);
  }

  const opcode = flags === TEXT_FLAGS ? OPCODE_TEXT : OPCODE_BINARY;

  writeHeader(block, start, opcode, payloadLength);
  recordEnd = start + header + payloadLength;
  return payloadLength;
}

/**
 * Whether a large payload is copied into the block: the core then writes it without
 * this thread. One that is likely to be the only one is written sooner from where it
 * is.
 *
 * @private
 */
function isCollected(payload) {
  if (payload.length > MOST_COLLECTED || payload === shared) return false;

  largeOnes++;
  if (length > 0 || largeOnes > 1 || wereSeveral) return true;

  scheduleFlush();
  return false;
}

/**
 * Hands over a command whose payload stays where it is.
 *
 * @private
 */
function writeLarge(connection, flags, payload) {
  if (payload === shared) {
    keep(payload);
    know(payload, flags, BESIDE_BLOCK);
    writeReference(connection);
    return;
  }

  flush(false);

  const { index, generation } = connection;
  if (core.send(index, generation, flags, payload)) onOwnEvents();
}

/**
 * Lets the core have a copy of a payload that is shared, or of none any more.
 *
 * @private
 */
function keep(payload) {
  if (payload === kept) return;

  // What has been collected refers to what is kept now.
  flush(false);
  kept = payload;
  core.share(payload);
}

/**
 * Adds a command with the flags and the payload that are known.
 *
 * @private
 */
function writeReference(connection) {
  const payload = known;
  const flags = knownFlags;

  reserve(0);

  // Not if that has been handed over.
  if (known === null) {
    write(connection, flags, payload);
    return;
  }

  const place = knownPlace;

  writeHead(
    connection,
    (place === BESIDE_BLOCK ? flags : words[(place >>> 2) + 2]) | FLAG_SHARED,
    0
  );
  words[(length >>> 2) - 1] = place;
}

/**
 * Writes the words of a command whose payload is in place.
 *
 * @private
 */
function writeHead(connection, flags, payloadLength) {
  const word = length >>> 2;

  words[word] = connection.index;
  words[word + 1] = connection.generation;
  words[word + 2] = flags;
  words[word + 3] = payloadLength;
  connection.lastBlock = blockNumber;
  // The next command begins at a multiple of four.
  length += HEAD_SIZE + ((payloadLength + 3) & ~3);
  receiver = null;
}

/**
 * Remembers what a record holds, for others to refer to.
 *
 * @private
 */
function know(payload, flags, place) {
  known = payload;
  knownFlags = flags;
  knownPlace = place;
}

/**
 * Makes room for a payload and sees to it that it will be handed over.
 *
 * @private
 */
function reserve(payloadLength) {
  if (length + HEAD_SIZE + payloadLength + 3 > BLOCK_SIZE) flush(false);
  if (number !== next) changeBlock();

  scheduleFlush();
}

/**
 * Sees to it that what is collected will be handed over.
 *
 * @private
 */
function scheduleFlush() {
  if (!flushIsDue && !draining) {
    nextTick(flushInTick);
    flushIsDue = true;
  }
}

function flushInTick() {
  flushIsDue = false;
  judgeLargeOnes();
  flush(false);
}

/**
 * What there was in a tick, or a drain, is what the next one is taken to have.
 *
 * @private
 */
function judgeLargeOnes() {
  if (largeOnes > 0) wereSeveral = largeOnes > 1;
  largeOnes = 0;
}

/**
 * Hands over what has been collected.
 *
 * @param {Boolean} now Whether to write it on this thread if order allows it
 */
function flush(now) {
  if (length === 0) return;

  // It throws where the stack has no room for it: then nothing has been handed over.
  const result = core.flush(length, now);

  length = 0;
  blockNumber = (blockNumber + 1) & MOST_BLOCK_NUMBERS;
  receiver = null;
  next = result >>> 1;
  // What is kept beside the block stays known.
  if (knownPlace !== BESIDE_BLOCK) known = null;

  if (result & 1) onOwnEvents();
}

/**
 * Payload bytes of a connection's data frames that the kernel has not taken. What has
 * been collected for it is offered to the kernel first.
 *
 * @param {Connection} connection The connection
 * @return {Number} How many
 */
function bufferedAmount(connection) {
  if (connection.lastBlock === blockNumber) flush(true);

  return core.bufferedAmount(connection.index, connection.generation);
}

/**
 * Others read the block: the next one is written elsewhere. Where the stack has no
 * room for this, nothing is written before it was done.
 *
 * @private
 */
function changeBlock() {
  blocks[next] ??= core.block(next);

  const memory = blocks[next];
  const view = new Uint32Array(memory.buffer);

  block = memory;
  words = view;
  number = next;
}

/**
 * Lets commands have a payload in common.
 *
 * @param {Buffer} payload The payload, which does not change meanwhile
 * @param {Function} act What writes the commands
 */
function share(payload, act) {
  const before = shared;

  shared = payload;

  try {
    act();
  } finally {
    shared = before;
    if (typeof known !== 'string') known = null;

    keep(null);
  }
}

/**
 * While events are drained the drain does the flushing.
 *
 * @param {Boolean} value Whether a drain begins, or ends
 */
function setDraining(value) {
  draining = value;
  if (!draining) judgeLargeOnes();
}

module.exports = {
  BINARY_FLAGS,
  TEXT_FLAGS,
  block,
  bufferedAmount,
  flush,
  frameFlags,
  open,
  setDraining,
  share,
  write
};

/**
 * @param {Number} opcode The opcode of a frame
 * @return {Number} The flags of the command that sends it, as a final frame
 */
function frameFlags(opcode) {
  return (
    addon.COMMAND_FRAME | (opcode << addon.FLAG_OPCODE_SHIFT) | addon.FLAG_FIN
  );
}
