'use strict';

/**
 * What a server sends by itself. The load generator knows these messages
 * (load/src/message.rs), and so does its raw server: sixteen hexadecimal
 * digits that tell the number, then a pattern by position.
 */

/** Messages of a burst. */
const BURST = 1000;

/** Octets of a message. */
const SIZE = 128;

const TAG_LENGTH = 16;

/** After which the pattern begins again. */
const PATTERN_PERIOD = 89;

const PATTERN = Array.from({ length: SIZE - TAG_LENGTH }, (_, at) =>
  String.fromCharCode(33 + ((at + TAG_LENGTH) % PATTERN_PERIOD))
).join('');

/**
 * @param {Number} number Number of the message
 * @return {String} Its text, or that of its octets
 */
function message(number) {
  return number.toString(16).padStart(TAG_LENGTH, '0') + PATTERN;
}

module.exports = { BURST, SIZE, message };
