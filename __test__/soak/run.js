'use strict';

/**
 * Runs the endurance checks: `npm run soak`. See `--help`.
 */

const { parseArgs } = require('node:util');

const { Check } = require('./check');
const { MODES, setMode } = require('./mode');
const { within } = require('./waiting');
const { UsageError, command } = require('../support/command');

const NAMES = [
  'cycles',
  'blocked',
  'flood',
  'dead-peer',
  'workers',
  'exit',
  'emfile',
  'garbage',
  'bomb'
];
const LONGEST = 20 * 60_000;

const USAGE = `Usage: npm run soak -- [options]

Runs checks that take minutes and judge memory, descriptors, threads and times
of servers in processes of their own. Linux only; dead-peer needs root and
iproute2 for network namespaces.

  --only <name>  one check, may be repeated: ${NAMES.slice(0, 4).join(', ')},
                 ${NAMES.slice(4).join(', ')}
  --mode <name>  who listens: ${MODES.join(', ')} (the first is the default);
                 server is an http.Server, tls an https.Server
  --quick        a shorter form of each
  --help         print this

OXWS_TEST_IMPLEMENTATION names another implementation: ws, or a path.`;

/**
 * Reads the command line.
 *
 * @param {String[]} args The arguments
 * @return {Object} The options
 * @throws {UsageError} if they make no sense
 */
function parse(args) {
  let values;

  try {
    ({ values } = parseArgs({
      args,
      options: {
        help: { type: 'boolean', default: false },
        mode: { type: 'string', default: MODES[0] },
        only: { type: 'string', multiple: true, default: NAMES },
        quick: { type: 'boolean', default: false }
      }
    }));
  } catch (err) {
    throw new UsageError(err.message);
  }

  for (const name of values.only) {
    if (!NAMES.includes(name)) throw new UsageError(`No check named ${name}`);
  }

  if (!MODES.includes(values.mode)) {
    throw new UsageError(`No mode named ${values.mode}`);
  }

  return values;
}

/**
 * Runs one check.
 *
 * @param {Check} check The check
 * @return {Promise<Boolean>} Whether it passed
 */
async function run(check) {
  const start = performance.now();

  console.log(check.name);

  try {
    const body = require(`./checks/${check.name}`);

    await within(body(check), LONGEST, `the check ${check.name}`);
  } catch (err) {
    check.judge('no error', false, err.stack);
  }

  await check.tidyUp();

  // A check that judged nothing has shown nothing.
  const passed = check.failed === 0 && check.passed > 0;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);

  console.log(`${passed ? 'passed' : 'FAILED'}: ${check.name}, ${seconds} s\n`);
  return passed;
}

async function main({ mode, only, quick }) {
  let current;
  let passed = 0;

  setMode(mode);

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, async () => {
      await current?.tidyUp();
      process.exit(1);
    });
  }

  for (const name of only) {
    current = new Check(name, { quick });
    if (await run(current)) passed++;
  }

  console.log(`${passed} passed, ${only.length - passed} failed`);
  // What a failed check left pending must not keep the process.
  process.exit(passed === only.length ? 0 : 1);
}

command(USAGE, parse, main);
