'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const { parseArgs } = require('node:util');

const { LOAD, build } = require('./build');
const contenders = require('./contenders');
const { measure } = require('./measure');
const { allowedCpus } = require('./process');
const { render, summarise } = require('./report');
const roles = require('./roles');
const scenarios = require('./scenarios');

/** Of the first role in which a contender is standard. */
const MARKS = { echo: '*', idle: '+' };

const USAGE = `Usage: npm run bench -- [options]

  --rounds N          rounds; each measures all contenders in all scenarios (5)
  --seconds S         length of a measurement (2)
  --warmup S          load before each measurement (1)
  --connections N     connections that are kept idle (10000)
  --scenario NAME     repeatable, or "all" (*: if not given)
${list(scenarios, ({ standard }) => (standard ? '*' : ' '))}
  --contender NAME    repeatable, or "all" (*: if not given, +: then where
                      connections are idle)
${list(contenders, ({ standard: [role] }) => MARKS[role] ?? ' ')}
  --mode MODE         port, server or both: the modes in which the contenders
                      are measured (port; of those named, what is named)
  --pin SERVER:LOAD   CPUs of server and load generator, such as 0:1 or 0-1:2,
                      or "off" (the first two CPUs, if there are two)
  --verify            compare every payload; costs the load generator time
  --json FILE         write all figures to FILE
  --markdown          print the tables for a page
  --help`;

/**
 * @param {Object[]} rows Scenarios or contenders
 * @param {Function} mark Given the row, says when it runs
 * @return {String} Their names and titles
 */
function list(rows, mark) {
  const width = longestName(rows);
  return rows
    .map((row) => `    ${mark(row)} ${row.name.padEnd(width)}  ${row.title}`)
    .join('\n');
}

/**
 * @param {Object[]} rows Scenarios or contenders
 * @return {Number} Length of the longest name
 */
function longestName(rows) {
  return Math.max(...rows.map(({ name }) => name.length));
}

/**
 * @return {Object} Checked options
 */
function parseOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      warmup: { type: 'string', default: '1' },
      connections: { type: 'string', default: '10000' },
      scenario: { type: 'string', multiple: true },
      contender: { type: 'string', multiple: true },
      mode: { type: 'string' },
      pin: { type: 'string', default: 'auto' },
      verify: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  });
  const connections = number(
    values.connections,
    '--connections',
    1,
    1_000_000,
    Number.isInteger
  );
  return {
    ...values,
    rounds: number(values.rounds, '--rounds', 1, 1000, Number.isInteger),
    seconds: number(values.seconds, '--seconds', 0.1, 600),
    warmup: number(values.warmup, '--warmup', 0, 600),
    connections,
    scenario: choose(scenarios, values.scenario, '--scenario').map(
      (scenario) =>
        scenario.role === 'idle'
          ? { ...scenario, load: { ...scenario.load, connections } }
          : scenario
    ),
    contender: inMode(
      choose(contenders, values.contender, '--contender'),
      values
    ),
    contenderAsked: values.contender !== undefined,
    pin: pin(values.pin)
  };
}

function number(text, option, least, most, accepts = Number.isFinite) {
  const value = Number(text);
  if (!accepts(value) || value < least || value > most) {
    throw new Error(`${option} must be ${least} to ${most}`);
  }
  return value;
}

function choose(rows, names, option) {
  if (!names) return rows.filter(({ standard }) => standard);
  if (names.includes('all')) return rows;
  const known = rows.map(({ name }) => name);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new Error(`${option} must be one of ${known.join(', ')}, all`);
    }
  }
  return rows.filter(({ name }) => names.includes(name));
}

function inMode(chosen, { contender: names, mode: wanted }) {
  if (![undefined, 'port', 'server', 'both'].includes(wanted)) {
    throw new Error('--mode must be port, server or both');
  }
  if (names && !names.includes('all') && !wanted) return chosen;
  const base = ({ name, portMode }) => portMode ?? name;
  const bases = chosen.map(base);
  const modes = wanted === 'both' ? ['port', 'server'] : [wanted ?? 'port'];
  return contenders
    .filter((row) => bases.includes(base(row)))
    .filter(({ mode }) => mode === undefined || modes.includes(mode));
}

function pin(text) {
  if (text === 'off') return null;
  const taskset = spawnSync('taskset', ['--version']).status === 0;
  if (text === 'auto') {
    const [server, load] = allowedCpus();
    if (!taskset || load === undefined) return null;
    return { server: `${server}`, load: `${load}` };
  }
  if (!taskset) throw new Error('--pin needs taskset (util-linux)');
  const match = /^([\d,-]+):([\d,-]+)$/.exec(text);
  if (!match) throw new Error('--pin must be SERVER:LOAD or off');
  return { server: match[1], load: match[2] };
}

async function main() {
  const options = parseOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (process.platform !== 'linux') {
    throw new Error('CPU time is read from /proc: this needs Linux');
  }

  const pairs = options.scenario.map((scenario) => ({
    scenario,
    results: options.contender
      .filter(({ handlers }) => handlers.includes(scenario.handler))
      .filter(
        ({ standard }) =>
          options.contenderAsked || standard.includes(scenario.role)
      )
      .map(({ name, title, portMode }) => ({
        name,
        title,
        portMode,
        rounds: []
      }))
  }));
  const named = (wanted) => contenders.find(({ name }) => name === wanted);

  const builds = { [LOAD]: build(LOAD) };
  for (const { name } of pairs.flatMap(({ results }) => results)) {
    const { package: needed } = named(name);
    if (needed) builds[needed] ??= build(needed);
  }

  const seconds =
    options.rounds *
    pairs.reduce(
      (sum, { scenario, results }) =>
        sum + results.length * roles[scenario.role].duration(scenario, options),
      0
    );
  console.error(`about ${(seconds / 60).toFixed(1)} minutes`);

  const widths = [options.scenario, options.contender].map(longestName);
  for (let round = 0; round < options.rounds; round++) {
    for (const { scenario, results } of pairs) {
      // Everyone goes first in turn: what the machine does in the meantime
      // hits nobody by position.
      for (let turn = 0; turn < results.length; turn++) {
        const result = results[(round + turn) % results.length];
        const { facts, figures } = await measure(
          scenario,
          named(result.name),
          builds,
          options
        );
        result.facts = facts;
        result.rounds.push(figures);
        console.error(
          `round ${round + 1}/${options.rounds}  ` +
            `${scenario.name.padEnd(widths[0])}  ` +
            `${result.name.padEnd(widths[1])}  ` +
            roles[scenario.role].progress(figures)
        );
      }
    }
  }

  const reference = options.contender.find((one) => one.reference)?.name;
  const report = {
    date: new Date().toISOString(),
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
    scenarios: pairs.map(({ scenario, results }) => ({
      ...scenario,
      results: summarise(results, reference, roles[scenario.role])
    }))
  };
  if (options.json) {
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  console.log(`\n${render(report, options.markdown)}`);
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
