'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const contenders = require('./contenders');
const { Process, allowedCpus, sample, usage } = require('./process');
const { figure, render, summarise } = require('./report');
const scenarios = require('./scenarios');

const USAGE = `Usage: npm run bench -- [options]

  --rounds N          rounds; each measures all contenders in all scenarios (5)
  --seconds S         length of a measurement (2)
  --warmup S          load before each measurement (1)
  --scenario NAME     repeatable, or "all":
${list(scenarios)}
  --contender NAME    repeatable, or "all":
${list(contenders)}
  --pin SERVER:LOAD   CPUs of server and load generator, such as 0:1 or 0-1:2,
                      or "off" (the first two CPUs, if there are two)
  --verify            compare every payload; costs the load generator time
  --json FILE         write all figures to FILE
  --markdown          print the tables for a page
  --help`;

/** Beyond what a program was asked to take, in seconds. */
const PATIENCE = 20;

function list(rows) {
  return rows
    .map(({ name, title, standard }) => {
      const mark = standard ? '*' : ' ';
      return `                      ${mark} ${name.padEnd(18)}${title}`;
    })
    .join('\n');
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
      scenario: { type: 'string', multiple: true },
      contender: { type: 'string', multiple: true },
      pin: { type: 'string', default: 'auto' },
      verify: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  });
  return {
    ...values,
    rounds: number(values.rounds, '--rounds', 1, 1000, Number.isInteger),
    seconds: number(values.seconds, '--seconds', 0.1, 600),
    warmup: number(values.warmup, '--warmup', 0, 600),
    scenario: choose(scenarios, values.scenario, '--scenario'),
    contender: choose(contenders, values.contender, '--contender'),
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

/**
 * Builds the load generator, which takes a moment only if something changed.
 *
 * @return {String} Path of the binary
 */
function buildLoad() {
  const { status, stdout, error } = spawnSync(
    'cargo',
    ['build', '--release', '--message-format=json-render-diagnostics'],
    {
      cwd: path.join(__dirname, 'load'),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'inherit']
    }
  );
  if (error) throw error;
  if (status !== 0) throw new Error('The load generator does not build');
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line).executable)
    .findLast((executable) => executable);
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

/**
 * Measures one contender in one scenario, with a fresh server.
 *
 * @return {Promise<Object>} What the server said of itself, and the figures
 */
async function measure(scenario, contender, loadBinary, options) {
  const server = new Process(contender.command(scenario.handler, loadBinary), {
    cpus: options.pin?.server,
    env: contender.env
  });
  let load;
  try {
    const { port, ...facts } = await server.line(PATIENCE);
    for (const [name, value] of Object.entries(contender.expect ?? {})) {
      if (facts[name] !== value) {
        throw new Error(`${contender.name}: ${name} is ${facts[name]}`);
      }
    }
    const { warmup, seconds, verify } = options;
    load = new Process(
      [
        loadBinary,
        scenario.role,
        ...toArguments({
          port,
          warmup,
          seconds,
          verify,
          ...scenario.load,
          ...contender.load
        })
      ],
      { cpus: options.pin?.load }
    );

    await load.line(warmup + PATIENCE);
    const before = [sample(server.pid), sample(load.pid)];
    const end = await load.line(seconds + PATIENCE);
    const after = [sample(server.pid), sample(load.pid)];
    await load.success(PATIENCE);
    const outcome = await server.stop();
    if (outcome !== 0) {
      throw new Error(`${contender.name} did not exit properly (${outcome})`);
    }

    const perSecond = end.messages / end.seconds;
    const used = usage(before[0], after[0]);
    // A rate over a rate: the load is steady, so it does not matter that the
    // samples were taken a moment after the lines were written.
    const perMessageUs = (rate) => (rate / perSecond) * 1e6;
    return {
      facts,
      figures: {
        perSecond,
        latencyUs: end.latencyUs,
        cpuUs: {
          total: perMessageUs(used.total),
          main: perMessageUs(used.main),
          others: perMessageUs(used.others),
          byName: Object.fromEntries(
            Object.entries(used.byName).map(([name, rate]) => [
              name,
              perMessageUs(rate)
            ])
          )
        },
        serverCpu: used.total,
        loadCpu: usage(before[1], after[1]).total,
        threadsEnded: used.ended
      }
    };
  } finally {
    load?.child.kill('SIGKILL');
    await Promise.all([server.stop(), load?.exited]);
  }
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

  const loadBinary = buildLoad();
  const pairs = options.scenario.map((scenario) => ({
    scenario,
    results: options.contender
      .filter(({ handlers }) => handlers.includes(scenario.handler))
      .map(({ name, title }) => ({ name, title, rounds: [] }))
  }));

  const count =
    options.rounds *
    pairs.reduce((sum, { results }) => sum + results.length, 0);
  const minutes = (count * (options.warmup + options.seconds + 0.4)) / 60;
  console.error(`${count} measurements, about ${minutes.toFixed(1)} minutes`);

  for (let round = 0; round < options.rounds; round++) {
    for (const { scenario, results } of pairs) {
      // Everyone goes first in turn: what the machine does in the meantime
      // hits nobody by position.
      for (let turn = 0; turn < results.length; turn++) {
        const result = results[(round + turn) % results.length];
        const contender = contenders.find(({ name }) => name === result.name);
        const { facts, figures } = await measure(
          scenario,
          contender,
          loadBinary,
          options
        );
        result.facts = facts;
        result.rounds.push(figures);
        progress(round, options.rounds, scenario, contender, figures);
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
      pin: options.pin,
      verify: options.verify
    },
    reference,
    scenarios: pairs.map(({ scenario, results }) => ({
      ...scenario,
      results: summarise(results, reference)
    }))
  };
  if (options.json) {
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  console.log(`\n${render(report, options.markdown)}`);
}

function progress(round, rounds, scenario, contender, figures) {
  const { cpuUs, perSecond, latencyUs, loadCpu } = figures;
  console.error(
    `round ${round + 1}/${rounds}  ${scenario.name.padEnd(17)}` +
      `${contender.name.padEnd(7)}${figure(cpuUs.total).padStart(6)} us/msg ` +
      `(main ${figure(cpuUs.main)}, others ${figure(cpuUs.others)})  ` +
      `${figure(perSecond)} msg/s  p50 ${figure(latencyUs.p50)} us  ` +
      `p99 ${figure(latencyUs.p99)} us  load ${Math.round(loadCpu * 100)}%`
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
