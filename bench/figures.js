'use strict';

/**
 * What a figure is over rounds, and how it is written.
 */

/** The cell of who has no such figure. */
const NO_FIGURE = '-';

/**
 * @param {Number[]} values One value per round
 * @return {Object} Median, least and greatest
 */
function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? sorted[middle]
      : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/**
 * @param {Number} value Any figure
 * @return {String} With three significant digits, or all of a large one's
 */
function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value === 0 ? '0' : value.toPrecision(3);
}

/**
 * @param {Object} [summary] A summary
 * @param {Boolean} spread Whether to tell half of the range, in percent
 * @return {String} The cell
 */
function cell(summary, spread) {
  if (!summary) return NO_FIGURE;
  const { median, min, max } = summary;
  if (!spread || median === 0) return figure(median);
  const half = Math.round(((max - min) / 2 / median) * 100);
  return `${figure(median)} ±${half}%`;
}

/**
 * @param {Object} summary Summary of a share of one CPU
 * @return {String} The cell
 */
function percent({ median }) {
  return `${Math.round(median * 100)}%`;
}

module.exports = { NO_FIGURE, cell, figure, percent, summary };
