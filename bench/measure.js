'use strict';

const { LOAD } = require('./build');
const { busySeconds, placement } = require('./cpus');
const { PATIENCE, Process } = require('./process');
const roles = require('./roles');

/**
 * Measures one contender in one scenario, with a fresh server.
 *
 * @param {Object} scenario Row of scenarios.js
 * @param {Object} contender Row of contenders.js
 * @param {Object} builds What was built or installed, by name
 * @param {Object} options Options of the run
 * @return {Promise<Object>} What the server said of itself, and the figures
 */
async function measure(scenario, contender, builds, options) {
  const role = roles[scenario.role];
  const cpus = placement(options.pin, scenario);
  const files = role.files?.(scenario, contender);
  const server = new Process(
    contender.command(
      scenario.handler,
      builds[contender.package ?? contender.runtime]?.binary
    ),
    { cpus: cpus?.server, env: contender.env, files }
  );
  let load;
  try {
    const { port, ...facts } = await server.line(PATIENCE);
    for (const [name, value] of Object.entries(contender.expect ?? {})) {
      if (facts[name] !== value) {
        throw new Error(`${contender.name}: ${name} is ${facts[name]}`);
      }
    }

    const startLoad = (more) => {
      const loadOptions = {
        port,
        ...scenario.load,
        ...more,
        ...contender.load
      };
      load = new Process(
        [builds[LOAD].binary, scenario.role, ...toArguments(loadOptions)],
        { cpus: cpus?.load, files }
      );
      return load;
    };
    const figures = await role.measure({
      server,
      startLoad,
      scenario,
      contender,
      options,
      busy: () => busySeconds(cpus)
    });

    const outcome = await server.stop();
    if (outcome !== 0) {
      throw new Error(`${contender.name} did not exit properly (${outcome})`);
    }
    const { library } = contender;
    if (library) {
      const { versions } = builds[contender.package];
      Object.assign(facts, { library, version: versions[library] });
    }
    return { facts, figures };
  } finally {
    load?.child.kill('SIGKILL');
    await Promise.all([server.stop(), load?.exited]);
  }
}

/**
 * @param {Object} options Options of a program by name
 * @return {String[]} Its arguments
 */
function toArguments(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, `${value}`];
  });
}

module.exports = { measure };
