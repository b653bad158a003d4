'use strict';

/**
 * The reports that the suite writes: reading them, and putting into words what
 * they say about a case.
 */

const fs = require('node:fs');
const path = require('node:path');

const { AGENT } = require('./wstest');

const LONGEST_LINE = 300;

/**
 * Reads the suite's index.
 *
 * @param {String} folder The folder of its reports
 * @return {Object} One report for each case; none if the suite wrote nothing
 */
function readIndex(folder) {
  const index = path.join(folder, 'index.json');

  if (!fs.existsSync(index)) return {};

  return JSON.parse(fs.readFileSync(index, 'utf8'))[AGENT] ?? {};
}

/**
 * Puts a verdict into one line.
 *
 * @param {Verdict} verdict The verdict
 * @return {String} The line
 */
function describe({ id, behavior, behaviorClose }) {
  const close = behaviorClose === behavior ? '' : `, close: ${behaviorClose}`;

  return `${id.padEnd(8)} ${behavior}${close}`;
}

/**
 * Tells what the suite says about a failed case.
 *
 * @param {String} folder The folder of its reports
 * @param {Verdict} verdict The verdict
 * @return {String} Some indented lines, or nothing
 */
function explain(folder, { reportfile }) {
  if (reportfile === undefined) return '';

  const file = path.join(folder, reportfile);

  if (!fs.existsSync(file)) return '';

  const report = JSON.parse(fs.readFileSync(file, 'utf8'));

  return [
    report.description,
    report.result,
    `expected: ${JSON.stringify(report.expected)}`,
    `received: ${JSON.stringify(report.received)}`,
    report.resultClose,
    `close frame received: ${report.remoteCloseCode} ${report.remoteCloseReason ?? ''}`
  ]
    .map((text) => `         ${text.replace(/\s+/g, ' ')}`)
    .map((line) => `${line.slice(0, LONGEST_LINE).trimEnd()}\n`)
    .join('');
}

module.exports = { describe, explain, readIndex };
