'use strict';

/**
 * What counts as conforming in the reports that the Autobahn Testsuite writes.
 * The suite itself exits with 0 whatever it found, and leaves out of its
 * reports what it could not run, so the reports are held against a list.
 */

const PASSING = new Set(['OK', 'NON-STRICT', 'INFORMATIONAL']);

/**
 * @typedef {Object} Verdict
 * @property {String} id The case
 * @property {String} behavior What the suite says about the messages
 * @property {String} behaviorClose What it says about the close of the
 *     connection
 * @property {String} [reportfile] The name of the file with all details
 */

/**
 * Judges the reports of one agent.
 *
 * @param {String[]} expected The ids of the cases that must be there
 * @param {Object} reports What the suite's index.json says about the agent
 * @param {Boolean} [strict] Whether NON-STRICT fails too
 * @return {{counts: Map<String, Number>, failures: Verdict[],
 *     notes: Verdict[], passed: Number}} How often each behavior was seen,
 *     the cases that fail, those that pass without being OK, and the number of
 *     those that pass
 */
function judge(expected, reports, strict = false) {
  const counts = new Map();
  const failures = [];
  const notes = [];

  const known = new Set(expected);
  const unexpected = Object.keys(reports).filter((id) => !known.has(id));

  for (const id of [...expected, ...unexpected]) {
    const report = reports[id];
    const verdict = {
      id,
      behavior: known.has(id) ? (report?.behavior ?? 'MISSING') : 'UNEXPECTED',
      behaviorClose: report?.behaviorClose ?? 'MISSING',
      reportfile: report?.reportfile
    };
    const behaviors = [verdict.behavior, verdict.behaviorClose];

    counts.set(verdict.behavior, (counts.get(verdict.behavior) ?? 0) + 1);

    if (
      !behaviors.every((behavior) => PASSING.has(behavior)) ||
      (strict && behaviors.includes('NON-STRICT'))
    ) {
      failures.push(verdict);
    } else if (behaviors.some((behavior) => behavior !== 'OK')) {
      notes.push(verdict);
    }
  }

  const total = expected.length + unexpected.length;

  return { counts, failures, notes, passed: total - failures.length };
}

module.exports = judge;
