'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { draw } = require('./chart');
const { allowedCpus, placement } = require('./cpus');
const { measure } = require('./measure');
const { USAGE, longestName, parseOptions } = require('./options');
const { plan, prepare } = require('./plan');
const { render, summarise } = require('./report');
const roles = require('./roles');

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (process.platform !== 'linux') {
    throw new Error('CPU time is read from /proc: this needs Linux');
  }

  // Before anything is measured that could not be kept.
  for (const file of [options.json, options.svg]) {
    if (file) fs.mkdirSync(path.dirname(file), { recursive: true });
  }
  const report = options.from
    ? JSON.parse(fs.readFileSync(options.from, 'utf8'))
    : await measureAll(options);
  if (options.json) {
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (options.svg) fs.writeFileSync(options.svg, await draw(report));
  console.log(`\n${render(report, options.markdown)}`);
  if (report.failures.length > 0) process.exitCode = 1;
}

/**
 * @return {Promise<Object>} The report
 */
async function measureAll(options) {
  const pairs = plan(options);
  const { builds, missing } = prepare(pairs, options);
  for (const note of missing) console.error(note);
  console.error(`about ${minutes(pairs, options).toFixed(1)} minutes`);
  const failures = [];
  for (let round = 0; round < options.rounds; round++) {
    failures.push(...(await measureRound(pairs, round, builds, options)));
  }
  return summariseAll(pairs, { missing, failures }, options);
}

function minutes(pairs, options) {
  const seconds = pairs.map(
    ({ scenario, results }) =>
      results.length * roles[scenario.role].duration(scenario, options)
  );
  return (options.rounds * seconds.reduce((sum, one) => sum + one, 0)) / 60;
}

/**
 * Measures all once. Who fails in a scenario is left out of it from then on.
 *
 * @return {Promise<String[]>} What failed
 */
async function measureRound(pairs, round, builds, options) {
  const widths = [options.scenario, options.contender].map(longestName);
  const failures = [];
  for (const pair of pairs) {
    const { scenario, results } = pair;
    // Everyone goes first in turn: what the machine does in the meantime
    // hits nobody by position.
    for (let turn = 0; turn < results.length; turn++) {
      const result = results[(round + turn) % results.length];
      const { contender } = result;
      let outcome;
      try {
        outcome = await measure(scenario, contender, builds, options);
      } catch (error) {
        const failure = `${contender.title} failed in ${scenario.name}: ${error.message}`;
        console.error(failure);
        failures.push(failure);
        pair.results = pair.results.filter((other) => other !== result);
        continue;
      }
      result.facts = outcome.facts;
      result.rounds.push(outcome.figures);
      console.error(
        `round ${round + 1}/${options.rounds}  ` +
          `${scenario.name.padEnd(widths[0])}  ` +
          `${contender.name.padEnd(widths[1])}  ` +
          roles[scenario.role].progress(outcome.figures)
      );
    }
  }
  return failures;
}

/**
 * @return {Object} The report, as it is written with --json
 */
function summariseAll(pairs, { missing, failures }, options) {
  const reference = options.contender.find((one) => one.reference)?.name;
  return {
    date: new Date().toISOString(),
    command: commandLine(),
    machine: {
      cpu: os.cpus()[0].model,
      cpus: allowedCpus().length,
      kernel: os.release(),
      node: process.version
    },
    options: {
      rounds: options.rounds,
      seconds: options.seconds,
      warmup: options.warmup,
      connections: options.connections,
      pin: options.pin,
      verify: options.verify
    },
    reference,
    missing,
    failures,
    scenarios: pairs
      .filter(({ results }) => results.length > 0)
      .map(({ scenario, results }) => ({
        ...scenario,
        placement: placement(options.pin, scenario),
        results: summarise(
          results.map(({ contender: { name, title, portMode }, ...rest }) => ({
            name,
            title,
            portMode,
            ...rest
          })),
          reference,
          roles[scenario.role]
        )
      }))
  };
}

function commandLine() {
  const given = process.argv.slice(2);
  return ['npm run bench', ...(given.length > 0 ? ['--'] : []), ...given].join(
    ' '
  );
}

// Exiting kills what runs: see process.js.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129]
]) {
  process.on(signal, () => process.exit(code));
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exit(1);
});
