'use strict';

const roles = require('./roles');

/**
 * One figure of each scenario for each contender: what the summary and the
 * chart show.
 *
 * @typedef {Object} Headline
 * @property {String} label Name of the scenario
 * @property {String} unit What the figures are
 * @property {Boolean} more Whether more is better
 * @property {Object<String, Object>} figures By the contender's name, the
 *     `value`, and the `ratio` to the reference's if both were measured
 */

/**
 * @param {Object} report The whole report
 * @return {Headline[]} One per scenario
 */
function headlines({ scenarios }) {
  return scenarios.map(({ label, role, shows, results }) => {
    const { headlines: known } = roles[role];
    const metric = shows ?? Object.keys(known)[0];
    const { unit, ratio, more = false } = known[metric];
    const figures = results.map(({ name, summary }) => [
      name,
      { value: summary[metric].median, ratio: summary[ratio]?.median }
    ]);
    return { label, unit, more, figures: Object.fromEntries(figures) };
  });
}

/**
 * @param {Object} report The whole report
 * @return {Object[]} `name` and `title` of all who were measured
 */
function measured({ scenarios }) {
  const titles = new Map();
  for (const { results } of scenarios) {
    for (const { name, title } of results) titles.set(name, title);
  }
  return Array.from(titles, ([name, title]) => ({ name, title }));
}

module.exports = { headlines, measured };
