'use strict';

const sleep = require('node:timers/promises').setTimeout;

/**
 * Reject if `promise` is still pending after a time.
 *
 * @param {Promise} promise What is waited for
 * @param {Number} milliseconds The time
 * @param {String} what Its name in the error message
 * @return {Promise} `promise`, bounded
 */
function within(promise, milliseconds, what) {
  const error = new Error(`Waited ${milliseconds / 1000} s for ${what}`);
  let timer;

  const expired = new Promise((resolve, reject) => {
    timer = setTimeout(reject, milliseconds, error);
  });

  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

/**
 * Ask again and again until a condition holds or the time is over.
 *
 * @param {Function} condition The condition
 * @param {Number} [milliseconds=10000] The time
 * @return {Promise<Boolean>} Whether it came to hold
 */
async function comesToHold(condition, milliseconds = 10_000) {
  const end = performance.now() + milliseconds;

  while (!(await condition())) {
    if (performance.now() > end) return false;
    await sleep(50);
  }

  return true;
}

module.exports = { comesToHold, sleep, within };
