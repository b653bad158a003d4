'use strict';

/**
 * What a run of ws's suite amounts to, held against the list of tests that are
 * known to fail.
 */

/**
 * @typedef {Object} FileReport What happened in a test file
 * @property {String} file Its name without `.test.js`
 * @property {String[]} passed The titles of the tests that passed
 * @property {Map<String, String>} failed The titles of those that failed, and
 *     one line about each
 * @property {Number} missing The number of tests that did not run
 * @property {Boolean} whole Whether all tests of the file ran
 */

/**
 * @typedef {Object} Judgement
 * @property {Number} passed The number of tests that passed
 * @property {Number} failed The number of tests that failed or did not run
 * @property {Number} missing The number of those that did not run
 * @property {Array<{file: String, title: String, message: String,
 *     reason: (String|undefined)}>} failures Those that failed; `reason` if it is
 *     known why
 * @property {Array<{file: String, title: String}>} surprises Known ones that
 *     passed, or that are not in the suite
 * @property {Boolean} ok Whether the run is as expected
 */

/**
 * @param {FileReport[]} reports What happened
 * @param {Array<{file: String, title: String, reason: String}>} known The tests
 *     that are expected to fail
 * @return {Judgement} What it amounts to
 */
function judge(reports, known) {
  const failures = [];
  const surprises = [];
  let missing = 0;
  let passed = 0;

  for (const report of reports) {
    const expected = known.filter(({ file }) => file === report.file);

    missing += report.missing;
    passed += report.passed.length;

    for (const [title, message] of report.failed) {
      const reason = expected.find((entry) => entry.title === title)?.reason;

      failures.push({ file: report.file, title, message, reason });
    }

    for (const { file, title } of expected) {
      const ran = report.whole || report.passed.includes(title);

      if (ran && !report.failed.has(title)) surprises.push({ file, title });
    }
  }

  return {
    failed: failures.length + missing,
    failures,
    missing,
    ok:
      missing === 0 &&
      surprises.length === 0 &&
      failures.every(({ reason }) => reason !== undefined),
    passed,
    surprises
  };
}

module.exports = judge;
