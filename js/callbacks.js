'use strict';

/**
 * Callbacks of users', of whom one that throws costs nobody else his.
 */

const { nextTick } = require('./constants');
const { createSocketDestroyedError } = require('./errors');

/**
 * Calls all callbacks, even if one throws; what is thrown is thrown again in a
 * tick of its own.
 *
 * @param {Function[]} callbacks What to call
 * @param {(Error|null)} err Their argument
 */
function callAll(callbacks, err) {
  for (const callback of callbacks) {
    try {
      callback(err);
    } catch (thrown) {
      throwLater(thrown);
    }
  }
}

/**
 * Calls the callbacks of what was not sent.
 *
 * @param {Function[]} callbacks What to call
 * @param {Number} dropped How many of them, at the end, are about what was
 *     dropped before it was compressed
 */
function failAll(callbacks, dropped) {
  const first = Math.max(callbacks.length - dropped, 0);

  callAll(callbacks.slice(0, first), createSocketDestroyedError());
  callAll(
    callbacks.slice(first),
    new Error('The socket was closed while data was being compressed')
  );
}

/**
 * Throws in a tick of its own.
 *
 * @param {*} err What to throw
 */
function throwLater(err) {
  nextTick(rethrow, err);
}

function rethrow(err) {
  throw err;
}

module.exports = { callAll, failAll, throwLater };
