'use strict';

//
// Tests wait for events. A deadline exists only to turn an event that never
// comes into a failure that names it, so it is far longer than any machine
// needs.
//

const DEADLINE = 15_000;
const MANY_TURNS = 2000;

/**
 * Reject if `promise` is still pending when the deadline is over.
 *
 * @param {Promise} promise What is being waited for
 * @param {String} what Its name in the failure message
 * @return {Promise} `promise`, bounded
 */
function deadline(promise, what) {
  const error = new Error(`Waited too long for ${what}`);
  let timer;

  const expired = new Promise((resolve, reject) => {
    timer = setTimeout(reject, DEADLINE, error);
  });

  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

/**
 * Wait for an event.
 *
 * @param {EventEmitter} emitter The emitter
 * @param {String} event The name of the event
 * @return {Promise<Array>} The arguments of the event
 */
function once(emitter, event) {
  return deadline(
    new Promise((resolve) => {
      emitter.once(event, (...args) => resolve(args));
    }),
    `the '${event}' event`
  );
}

/**
 * Wait for a callback.
 *
 * @param {Function} start Called with the callback
 * @param {String} [what='the callback'] Its name in the failure message
 * @return {Promise<Array>} The arguments of the callback
 */
function called(start, what = 'the callback') {
  return deadline(
    new Promise((resolve) => {
      start((...args) => resolve(args));
    }),
    what
  );
}

/**
 * Wait for a number of turns of the event loop. Only for showing that something
 * does not happen, where there is no event to wait for.
 *
 * @param {Number} [count=1] The number of turns
 */
async function turns(count = 1) {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Wait until a condition holds, or it seems that it never will: for what a test
 * goes on after in either case.
 *
 * @param {Function} condition The condition
 */
async function turnsUntil(condition) {
  for (let i = 0; i < MANY_TURNS && !condition(); i++) await turns();
}

/**
 * Wait until a condition holds that no event announces.
 *
 * @param {Function} condition The condition
 * @param {String} what Its name in the failure message
 */
async function until(condition, what) {
  const start = performance.now();

  while (!(await condition())) {
    if (performance.now() - start > DEADLINE) {
      throw new Error(`Waited too long for ${what}`);
    }

    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

module.exports = { called, deadline, once, turns, turnsUntil, until };
