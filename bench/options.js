'use strict';

const { parseArgs } = require('node:util');

const contenders = require('./contenders');
const { checkedPin } = require('./cpus');
const scenarios = require('./scenarios');

/**
 * The command line: what it says of itself, and what is asked for there.
 */

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
    pin: checkedPin(values.pin)
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

module.exports = { USAGE, longestName, parseOptions };
