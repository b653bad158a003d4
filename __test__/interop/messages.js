'use strict';

//
// Messages that show whether compression and its contexts work: of all sizes,
// text and binary, that repeat themselves, what was sent before, or nothing.
//

const KiB = 1024;
const SIZES = [
  0,
  1,
  125,
  126,
  1023,
  1024,
  4000,
  32 * KiB,
  65_535,
  65_536,
  KiB * KiB
];

const WORDS = 'price volume symbol open high low close market 0 1 42 é € 😀';

/**
 * @param {Number} seed Where the sequence begins
 * @return {Function} Returns the next pseudo-random integer of 32 bits
 */
function generator(seed) {
  let state = seed >>> 0;

  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state ^ (state >>> 15);
  };
}

/**
 * @param {Number} length The number of bytes
 * @param {Number} seed What it is made from
 * @return {Buffer} Bytes that nothing compresses
 */
function noise(length, seed) {
  const next = generator(seed);
  const data = Buffer.alloc(length);

  for (let i = 0; i < length; i++) data[i] = next() >>> 8;
  return data;
}

/**
 * @param {Number} length The number of bytes in UTF-8
 * @param {Number} seed What it is made from
 * @return {String} Text in which words repeat
 */
function prose(length, seed) {
  const next = generator(seed);
  const words = WORDS.split(' ');
  let text = '';

  while (text.length < length) {
    text += `${words[(next() >>> 4) % words.length]} `;
  }

  const data = Buffer.from(text);
  let end = length;

  // Not within a character.
  while ((data[end] & 0xc0) === 0x80) end--;
  return data.toString('utf8', 0, end) + ' '.repeat(length - end);
}

/**
 * @param {Number[]} [sizes] The sizes of the messages
 * @return {(Buffer|String)[]} One of each kind of each size
 */
function messages(sizes = SIZES) {
  return sizes.flatMap((size, index) => [
    prose(size, index),
    Buffer.from(prose(size, index)),
    noise(size, index),
    // The same once more: in the window of a context, if there is one.
    noise(Math.min(size, 200), index)
  ]);
}

/**
 * Sizes around the limits of length fields and the default threshold, without
 * the large ones.
 */
const SMALL = SIZES.filter((size) => size < 10_000).concat(40_000);

module.exports = { SMALL, messages, generator, noise, prose };
