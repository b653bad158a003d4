'use strict';

/**
 * Work for a handler: JavaScript that takes a known time and does nothing.
 * How many rounds of it that is, is measured in the process that does it.
 */

/** What a message takes where the handler works, in microseconds. */
const BURN_US = 10;

/** How long JavaScript is busy, and then not, in milliseconds. */
const SLICE_MS = 20;

/** What comes of it, so that no engine leaves the work out. */
let state = 1;

function work(rounds) {
  // Each round waits for the one before: a chain that is as slow however well
  // the loop is compiled.
  let value = state;
  for (let i = 0; i < rounds; i++) {
    value = (Math.imul(value, 1664525) + 1013904223) | 0;
  }
  state = value;
}

/** The least of so many samples is the one that nothing disturbed. */
const SAMPLES = 100;

const SAMPLE_ROUNDS = 200_000;

/**
 * @param {Number} us CPU time to take, in microseconds
 * @return {Function} Takes that time
 */
function burner(us) {
  let least = Infinity;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = performance.now();
    work(SAMPLE_ROUNDS);
    least = Math.min(least, performance.now() - start);
  }
  const rounds = Math.round((SAMPLE_ROUNDS / (least * 1000)) * us);
  return () => work(rounds);
}

/**
 * Keeps JavaScript busy half of the time, in slices that nothing interrupts.
 *
 * @param {Number} ms Length of a slice, and of the rest after it
 */
function burnInSlices(ms) {
  const burn = burner(100);
  setTimeout(function slice() {
    const end = performance.now() + ms;
    while (performance.now() < end) burn();
    setTimeout(slice, ms);
  }, ms);
}

module.exports = { BURN_US, SLICE_MS, burnInSlices, burner };
