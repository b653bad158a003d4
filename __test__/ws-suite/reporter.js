'use strict';

/**
 * A reporter for mocha that writes what happens to descriptor 3, a line of JSON
 * for each event. It writes at once, so that nothing is lost if the process is
 * killed or crashes.
 */

const fs = require('node:fs');

const DESCRIPTOR = 3;

/**
 * @param {Object} event What happened
 */
function report(event) {
  const line = Buffer.from(`${JSON.stringify(event)}\n`);

  for (let written = 0; written < line.length;) {
    try {
      written += fs.writeSync(DESCRIPTOR, line, written);
    } catch (err) {
      if (err.code !== 'EAGAIN') throw err;
    }
  }
}

/**
 * @param {*} err What a test failed with
 * @return {String} One line about it
 */
function summarize(err) {
  const text = String(err?.message ?? err);
  // The first line of an AssertionError often says only that values differ,
  // and the next one which.
  const [first, second] = text.split('\n').filter((line) => line.trim() !== '');
  const more = /:$/.test(first ?? '') && second !== undefined;

  return `${err?.name ?? 'Error'}: ${more ? `${first} ${second}` : first}`;
}

class Reporter {
  /**
   * @param {EventEmitter} runner mocha's runner
   */
  constructor(runner) {
    runner.once('start', () => report({ type: 'start', total: runner.total }));
    runner.on('test', (test) =>
      report({ type: 'test', title: test.fullTitle() })
    );
    runner.on('pass', (test) =>
      report({ type: 'pass', title: test.fullTitle() })
    );
    runner.on('pending', (test) =>
      report({ type: 'pending', title: test.fullTitle() })
    );
    runner.on('fail', (test, err) =>
      report({
        type: 'fail',
        title: test.fullTitle(),
        message: summarize(err)
      })
    );
    runner.once('end', () => report({ type: 'end' }));
  }
}

module.exports = Reporter;
