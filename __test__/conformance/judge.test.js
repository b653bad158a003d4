'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const judge = require('./judge');

const OK = { behavior: 'OK', behaviorClose: 'OK' };

/**
 * @param {Object} outcome What `judge()` returned
 * @return {String[]} The ids of the cases that failed
 */
function failed({ failures }) {
  return failures.map(({ id }) => id);
}

describe('judge', () => {
  it('passes what is OK', () => {
    const outcome = judge(['1.1.1', '1.1.2'], { '1.1.1': OK, '1.1.2': OK });

    assert.deepStrictEqual(failed(outcome), []);
    assert.deepStrictEqual(outcome.notes, []);
    assert.strictEqual(outcome.passed, 2);
    assert.deepStrictEqual([...outcome.counts], [['OK', 2]]);
  });

  it('fails a case without a report', () => {
    const outcome = judge(['1.1.1', '1.1.2'], { '1.1.1': OK });

    assert.deepStrictEqual(failed(outcome), ['1.1.2']);
    assert.strictEqual(outcome.passed, 1);
  });

  it('fails every case if there are no reports at all', () => {
    const outcome = judge(['1.1.1', '1.1.2'], {});

    assert.deepStrictEqual(failed(outcome), ['1.1.1', '1.1.2']);
    assert.strictEqual(outcome.passed, 0);
  });

  it('judges what there is of a run that broke off', () => {
    const reports = {
      '1.1.1': OK,
      '1.1.2': { behavior: 'FAILED', behaviorClose: 'OK' }
    };
    const outcome = judge(['1.1.1', '1.1.2', '1.1.3', '1.1.4'], reports);

    assert.deepStrictEqual(failed(outcome), ['1.1.2', '1.1.3', '1.1.4']);
    assert.strictEqual(outcome.passed, 1);
    assert.deepStrictEqual(
      [...outcome.counts],
      [
        ['OK', 1],
        ['FAILED', 1],
        ['MISSING', 2]
      ]
    );
  });

  it('fails a report that says nothing of the messages or of the close', () => {
    for (const behavior of ['behavior', 'behaviorClose']) {
      const report = { ...OK };

      delete report[behavior];
      assert.deepStrictEqual(
        failed(judge(['1.1.1'], { '1.1.1': report })),
        ['1.1.1'],
        behavior
      );
    }
  });

  it('names the file with the details of what it fails and notes', () => {
    const reportfile = 'implementation_case_6_4_1.json';
    const { failures } = judge(['6.4.1'], {
      '6.4.1': { behavior: 'FAILED', behaviorClose: 'OK', reportfile }
    });
    const { notes } = judge(['6.4.1'], {
      '6.4.1': { behavior: 'NON-STRICT', behaviorClose: 'OK', reportfile }
    });

    assert.strictEqual(failures[0].reportfile, reportfile);
    assert.strictEqual(notes[0].reportfile, reportfile);
  });

  it('fails a report of a case that was not asked for', () => {
    const outcome = judge(['1.1.1'], { '1.1.1': OK, '1.1.2': OK });

    assert.deepStrictEqual(failed(outcome), ['1.1.2']);
    assert.strictEqual(outcome.passed, 1);
  });

  it('fails any behavior that it does not know to be good', () => {
    for (const behavior of ['FAILED', 'UNIMPLEMENTED', 'UNCLEAN', 'NEW']) {
      const outcome = judge(['1.1.1'], { '1.1.1': { ...OK, behavior } });

      assert.deepStrictEqual(failed(outcome), ['1.1.1'], behavior);
    }
  });

  it('fails a bad close after good messages', () => {
    for (const behaviorClose of ['FAILED', 'WRONG CODE', 'UNCLEAN']) {
      const outcome = judge(['1.1.1'], { '1.1.1': { ...OK, behaviorClose } });

      assert.deepStrictEqual(failed(outcome), ['1.1.1'], behaviorClose);
    }
  });

  it('passes and names what is NON-STRICT, unless told to be strict', () => {
    const reports = { '6.4.1': { ...OK, behavior: 'NON-STRICT' } };
    const outcome = judge(['6.4.1'], reports);

    assert.deepStrictEqual(failed(outcome), []);
    assert.strictEqual(outcome.notes[0].id, '6.4.1');
    assert.deepStrictEqual(failed(judge(['6.4.1'], reports, true)), ['6.4.1']);
  });

  it('passes and names what is INFORMATIONAL, also when strict', () => {
    const report = {
      behavior: 'INFORMATIONAL',
      behaviorClose: 'INFORMATIONAL'
    };
    const outcome = judge(['7.1.6'], { '7.1.6': report }, true);

    assert.deepStrictEqual(failed(outcome), []);
    assert.strictEqual(outcome.notes[0].id, '7.1.6');
  });
});
