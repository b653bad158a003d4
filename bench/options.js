'use strict';

const { parseArgs } = require('node:util');

const contenders = require('./contenders');
const { checkedPin } = require('./cpus');
const scenarios = require('./scenarios');

/**
 * The command line: what it says of itself, and what is asked for there.
 */

const USAGE = `Usage: npm run bench -- [options]

Measures all rows marked with * for those marked with *, where they have them.

  --scenario NAME    repeatable, or "all"
${list(scenarios)}

  --contender NAME   repeatable, or "all"; in all scenarios that it knows
${list(contenders)}

  --mode MODE        port, server or both: how the contenders are measured of
                     which there are two
  --rounds N         each measures all contenders in all scenarios (3)
  --seconds S        length of a measurement (2)
  --warmup S         load before each measurement (1)
  --connections N    connections that are kept idle (10000)
  --pin SERVER:LOAD  CPUs of server and load generator in all scenarios, such
                     as 0:1 or 0-1:2, or "off" (the first CPU or the first two
                     for the server, the next one for the load generator)
  --verify           compare every payload; costs the load generator time

  --json FILE        write all figures to FILE
  --svg FILE         draw a chart
  --markdown         print the tables for a page
  --from FILE        measure nothing, and show what --json has written
  --help`;

/**
 * @param {Object[]} rows Scenarios or contenders
 * @return {String} Their names and titles
 */
function list(rows) {
  const width = longestName(rows);
  return rows
    .map((row) => {
      const mark = isStandard(row) ? '*' : ' ';
      return `    ${mark} ${row.name.padEnd(width)}  ${row.title}`;
    })
    .join('\n');
}

/**
 * @param {Object} row Scenario or contender
 * @return {Boolean} Whether it is measured if no other is asked for
 */
function isStandard({ standard }) {
  return Array.isArray(standard) ? standard.length > 0 : Boolean(standard);
}

/**
 * @param {Object[]} rows Scenarios or contenders
 * @return {Number} Length of the longest name
 */
function longestName(rows) {
  return Math.max(...rows.map(({ name }) => name.length));
}

/**
 * @param {String[]} args The command line
 * @return {Object} Checked options
 */
function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      warmup: { type: 'string', default: '1' },
      connections: { type: 'string', default: '10000' },
      scenario: { type: 'string', multiple: true },
      contender: { type: 'string', multiple: true },
      mode: { type: 'string' },
      pin: { type: 'string', default: 'auto' },
      verify: { type: 'boolean', default: false },
      json: { type: 'string' },
      svg: { type: 'string' },
      from: { type: 'string' },
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
      values.mode
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
  if (!names) return rows.filter(isStandard);
  if (names.includes('all')) return rows;
  const known = rows.map(({ name }) => name);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new Error(`${option} must be one of ${known.join(', ')}, all`);
    }
  }
  return rows.filter(({ name }) => names.includes(name));
}

function inMode(chosen, wanted) {
  if (![undefined, 'port', 'server', 'both'].includes(wanted)) {
    throw new Error('--mode must be port, server or both');
  }
  if (!wanted) return chosen;
  const base = ({ name, portMode }) => portMode ?? name;
  const bases = chosen.map(base);
  const modes = wanted === 'both' ? ['port', 'server'] : [wanted];
  return (
    contenders
      .filter((row) => bases.includes(base(row)))
      .filter(({ mode }) => mode === undefined || modes.includes(mode))
      // A mode that was asked for is measured where the other one is.
      .map((row) => ({
        ...row,
        standard: contenders.find(({ name }) => name === base(row)).standard
      }))
  );
}

module.exports = { USAGE, longestName, parseOptions };
