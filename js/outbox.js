'use strict';

/**
 * What JavaScript tells its connections, on its way to the core.
 *
 * Commands are collected in one block of memory and handed over together: at
 * the end of the tick in which the first was written, or of the drain, or when
 * the block is full. Their layout is that of `src/bridge/command.rs`.
 */

const addon = require('./binding');
const { OPCODE_BINARY, OPCODE_TEXT, nextTick } = require('./constants');

const BLOCK_SIZE = 64 * 1024;
const HEAD_SIZE = 16;
// Payloads from this length on are not copied into the block.
const LARGE_PAYLOAD = 16 * 1024;

const block = Buffer.from(new ArrayBuffer(BLOCK_SIZE));
const words = new Uint32Array(block.buffer);

let length = 0;
let flushIsDue = false;
let draining = false;
let environment = null;
let onOwnEvents = null;

/**
 * Connects the outbox with the core.
 *
 * @param {Environment} core The core of this thread
 * @param {Function} eventsAreWaiting Called when handing over gave rise to
 *     events
 */
function open(core, eventsAreWaiting) {
  environment = core;
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
  } else if (typeof payload === 'string') {
    writeString(connection, flags, payload);
  } else if (payload.length >= LARGE_PAYLOAD) {
    writeLarge(connection, flags, payload);
  } else {
    reserve(payload.length);
    block.set(payload, length + HEAD_SIZE);
    writeHead(connection, flags, payload.length);
  }
}

function writeString(connection, flags, string) {
  // UTF-8 takes at most three bytes for a UTF-16 code unit.
  const most = string.length * 3;

  if (most >= LARGE_PAYLOAD) {
    const payload = Buffer.from(string);

    if (payload.length >= LARGE_PAYLOAD) {
      writeLarge(connection, flags, payload);
    } else {
      write(connection, flags, payload);
    }

    return;
  }

  reserve(most);
  writeHead(connection, flags, block.write(string, length + HEAD_SIZE));
}

/**
 * Hands over a command whose payload stays where it is.
 *
 * @private
 */
function writeLarge(connection, flags, payload) {
  flush(false);

  const { index, generation } = connection;
  if (environment.send(index, generation, flags, payload)) onOwnEvents();
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
  // The next command begins at a multiple of four.
  length += HEAD_SIZE + ((payloadLength + 3) & ~3);
}

/**
 * Makes room for a payload and sees to it that it will be handed over.
 *
 * @private
 */
function reserve(payloadLength) {
  if (length + HEAD_SIZE + payloadLength + 3 > BLOCK_SIZE) flush(false);

  if (!flushIsDue && !draining) {
    flushIsDue = true;
    nextTick(flushInTick);
  }
}

function flushInTick() {
  flushIsDue = false;
  flush(false);
}

/**
 * Hands over what has been collected.
 *
 * @param {Boolean} now Whether to write it on this thread if order allows it
 */
function flush(now) {
  if (length === 0) return;

  const end = length;
  length = 0;
  if (environment.flush(block, end, now)) onOwnEvents();
}

/**
 * While events are drained the drain does the flushing.
 *
 * @param {Boolean} value Whether a drain begins, or ends
 */
function setDraining(value) {
  draining = value;
}

module.exports = {
  BINARY_FLAGS: frameFlags(OPCODE_BINARY),
  TEXT_FLAGS: frameFlags(OPCODE_TEXT),
  flush,
  frameFlags,
  open,
  setDraining,
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
