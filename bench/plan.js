'use strict';

const { LOAD, build } = require('./build');
const { install } = require('./install');

/**
 * Who is measured in which scenario, and what has to be there for it.
 */

/**
 * @param {Object} options Options of the run
 * @return {Object[]} Each `scenario`, and a result to be filled for each
 *     contender in it
 */
function plan({ scenario: scenarios, contender: contenders, contenderAsked }) {
  return scenarios.map((scenario) => ({
    scenario,
    results: contenders
      .filter(({ handlers }) => handlers.includes(scenario.handler))
      .filter(
        ({ standard }) => contenderAsked || standard.includes(scenario.role)
      )
      .map((contender) => ({ contender, rounds: [] }))
  }));
}

/**
 * Builds and installs what the measurements need. A contender that cannot be
 * had is left out, unless it was asked for.
 *
 * @param {Object[]} pairs The plan; loses the results of who is left out
 * @param {Object} options Options of the run
 * @return {Object} The `builds` by name, and who is `missing` and why
 */
function prepare(pairs, { contenderAsked }) {
  const builds = { [LOAD]: build(LOAD) };
  const missing = [];
  const needed = pairs.flatMap(({ results }) =>
    results.map(({ contender }) => contender)
  );
  for (const contender of new Set(needed)) {
    const { package: crate, runtime } = contender;
    try {
      if (crate) builds[crate] ??= build(crate);
      if (runtime) builds[runtime] ??= install(runtime);
    } catch (error) {
      if (contenderAsked) throw error;
      missing.push(`${contender.title} is left out: ${error.message}`);
      for (const pair of pairs) {
        pair.results = pair.results.filter(
          (result) => result.contender !== contender
        );
      }
    }
  }
  return { builds, missing };
}

module.exports = { plan, prepare };
