'use strict';

const roles = require('./roles');

/**
 * One figure of each scenario for each contender, or more if it says so: what
 * the summary and the chart show.
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
 * @return {Headline[]} Those of each scenario in turn
 */
function headlines({ scenarios }) {
  return scenarios.flatMap((scenario) => {
    const { label, role, results } = scenario;
    return shown(scenario).map((metric) => {
      const { unit, ratio, more = false } = roles[role].headlines[metric];
      const figures = results.map(({ name, summary }) => [
        name,
        { value: summary[metric].median, ratio: summary[ratio]?.median }
      ]);
      return { label, unit, more, figures: Object.fromEntries(figures) };
    });
  });
}

/**
 * @param {Object} scenario Row of scenarios.js
 * @return {String[]} The metrics that stand for it
 */
function shown({ role, shows }) {
  return [shows ?? Object.keys(roles[role].headlines)[0]].flat();
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

module.exports = { headlines, measured, shown };
