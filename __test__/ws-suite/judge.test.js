'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const judge = require('./judge');

const KNOWN = [{ file: 'sender', title: 'a', reason: 'it reads _queue' }];

function report({ failed = {}, missing = 0, passed = [], whole = true }) {
  return {
    file: 'sender',
    failed: new Map(Object.entries(failed)),
    missing,
    passed,
    whole
  };
}

describe('judge', () => {
  it('expects all tests to pass', () => {
    const judgement = judge([report({ passed: ['a', 'b'] })], []);

    assert.strictEqual(judgement.ok, true);
    assert.strictEqual(judgement.passed, 2);
    assert.strictEqual(judgement.failed, 0);
  });

  it('is not content with a failure that is not listed', () => {
    const reports = [report({ failed: { a: 'Error: x', b: 'Error: y' } })];
    const { failed, failures, ok } = judge(reports, KNOWN);

    assert.strictEqual(ok, false);
    assert.strictEqual(failed, 2);
    assert.deepStrictEqual(failures, [
      {
        file: 'sender',
        title: 'a',
        message: 'Error: x',
        reason: 'it reads _queue'
      },
      { file: 'sender', title: 'b', message: 'Error: y', reason: undefined }
    ]);
  });

  it('is content with a failure that is listed', () => {
    assert.ok(judge([report({ failed: { a: 'Error: x' } })], KNOWN).ok);
  });

  it('does not take the list of one file for another', () => {
    const other = { ...report({ failed: { a: 'Error: x' } }), file: 'stream' };

    assert.ok(!judge([other], KNOWN).ok);
  });

  it('is not content if a listed test passes', () => {
    const { ok, surprises } = judge([report({ passed: ['a'] })], KNOWN);

    assert.strictEqual(ok, false);
    assert.deepStrictEqual(surprises, [{ file: 'sender', title: 'a' }]);
  });

  it('is not content if a listed test is not there', () => {
    assert.ok(!judge([report({ passed: ['b'] })], KNOWN).ok);
  });

  it('does not miss tests that were not selected', () => {
    assert.ok(judge([report({ passed: ['b'], whole: false })], KNOWN).ok);
    assert.ok(judge([], KNOWN).ok);
  });

  it('counts tests that did not run as failed', () => {
    const judgement = judge([report({ missing: 3, passed: ['b'] })], []);

    assert.strictEqual(judgement.ok, false);
    assert.strictEqual(judgement.failed, 3);
    assert.strictEqual(judgement.missing, 3);
  });
});
