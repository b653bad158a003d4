'use strict';

/**
 * Runs the Autobahn Testsuite against an echo server: `npm run conformance`.
 * See `--help`, and judge.js for what passes.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { parseArgs } = require('node:util');

const { ALL, QUICK, select } = require('./cases');
const { kill, start } = require('./child');
const judge = require('./judge');
const { prepare } = require('./testsuite');

const USAGE = `Usage: npm run conformance -- [options]

Runs cases of the Autobahn Testsuite against an echo server, which has the
limits on fragments switched off: with the default ones 9.3.1, 9.3.2, 9.4.1 and
9.4.2 fail by design. The suite is installed on the first run.

  --quick                 the ${QUICK.length} cases that need no extension (the default)
  --all                   all ${ALL.length} cases, many minutes
  --cases <list>          ids, groups and patterns: 6.4.1,9.3,12.*.1
  --implementation <name> oxws (the default), ws, or the path of a module
  --url <url>             test a server that is already listening
  --role server           the side that is tested
  --strict                NON-STRICT is a failure too
  --keep                  keep the suite's reports and print where they are
  --python <source>       pyenv, debian or auto (the default): where the
                          suite's Python 2.7 comes from
  --help                  print this

OXWS_AUTOBAHN is the folder to install the suite into; the default is
node_modules/.cache/oxws-autobahn.`;

const AGENT = 'implementation';

// Its standard input ends with this process, however that ends; without this
// the suite would wait forever for someone to read what it prints.
const WSTEST = `
import os, threading
def end_with_parent():
    os.read(0, 1)
    os._exit(1)
watch = threading.Thread(target=end_with_parent)
watch.daemon = True
watch.start()
from autobahntestsuite import wstest
wstest.run()
`;

const LISTEN_TIMEOUT = 10_000;
// The longest case takes some 10 s on an idle machine.
const SILENCE_TIMEOUT = 180_000;
const PROGRESS_INTERVAL = 25;

/**
 * A mistake in the command line.
 */
class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @param {String[]} args The arguments
 * @return {Object} The options, and `ids`: the selected cases
 * @throws {UsageError} if they make no sense
 */
function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        all: { type: 'boolean', default: false },
        cases: { type: 'string' },
        help: { type: 'boolean', default: false },
        implementation: { type: 'string', default: 'oxws' },
        keep: { type: 'boolean', default: false },
        python: { type: 'string', default: 'auto' },
        quick: { type: 'boolean', default: false },
        role: { type: 'string', default: 'server' },
        strict: { type: 'boolean', default: false },
        url: { type: 'string' }
      }
    });
    const { all, cases, python, quick, role } = values;

    if ([all, quick, cases !== undefined].filter(Boolean).length > 1) {
      throw new RangeError('--quick, --all and --cases exclude each other');
    }
    if (role !== 'server') {
      throw new RangeError(`--role ${role} is not supported`);
    }
    if (!['auto', 'debian', 'pyenv'].includes(python)) {
      throw new RangeError(`--python ${python} is not supported`);
    }

    let ids = all ? ALL : QUICK;

    if (cases !== undefined) ids = select(cases.split(','));

    return { ...values, ids };
  } catch (err) {
    throw new UsageError(err.message);
  }
}

/**
 * Finds the module of an implementation.
 *
 * @param {String} name `oxws`, `ws`, or a path
 * @return {String} Its absolute path
 */
function resolveImplementation(name) {
  if (name === 'oxws') return path.resolve(__dirname, '../..');
  if (/^[./]/.test(name)) return path.resolve(name);

  return require.resolve(name);
}

/**
 * Starts the echo server and waits until it listens.
 *
 * @param {String} implementation The path of the implementation
 * @return {Promise<{server: ChildProcess, url: String}>} It and its address
 */
function startServer(implementation) {
  const server = start(
    process.execPath,
    [path.join(__dirname, 'echo-server.js'), implementation],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }
  );

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      kill(server);
      reject(new Error('The echo server does not listen'));
    }, LISTEN_TIMEOUT);

    server.once('message', ({ port }) => {
      clearTimeout(timer);
      resolve({ server, url: `ws://127.0.0.1:${port}` });
    });
    server.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`The echo server ended (${signal ?? code})`));
    });
  });
}

/**
 * Tells whether a process has ended.
 *
 * @param {ChildProcess} child The process
 * @return {Boolean} Whether it has
 */
function hasEnded({ exitCode, signalCode }) {
  return exitCode !== null || signalCode !== null;
}

/**
 * Prints how far the run is: on one line in a terminal, else now and then.
 *
 * @param {Number} total The number of cases
 * @return {Function} To be called with the id of each case that begins
 */
function createProgress(total) {
  let count = 0;

  return (id) => {
    count++;

    const text = `${String(count).padStart(String(total).length)}/${total}`;

    if (process.stdout.isTTY) {
      readline.clearLine(process.stdout, 0);
      readline.cursorTo(process.stdout, 0);
      process.stdout.write(`${text}  ${id}`);
      if (count === total) process.stdout.write('\n');
    } else if (count % PROGRESS_INTERVAL === 0 || count === total) {
      console.log(`${text}  ${id}`);
    }
  };
}

/**
 * Runs the suite's client to its end.
 *
 * @param {Testsuite} suite The suite
 * @param {Object} options Options
 * @param {String[]} options.ids The cases
 * @param {String} options.reports The folder for its reports
 * @param {String} options.url The address of the server
 * @return {Promise<String>} What it printed that is not about a single case
 */
function runClient(suite, { ids, reports, url }) {
  const specification = path.join(reports, 'specification.json');

  fs.writeFileSync(
    specification,
    JSON.stringify({
      outdir: reports,
      servers: [{ agent: AGENT, url }],
      cases: ids,
      'exclude-cases': [],
      'exclude-agent-cases': {}
    })
  );

  const client = start(
    suite.executable,
    ['-c', WSTEST, '--mode', 'fuzzingclient', '--spec', specification],
    {
      cwd: reports,
      env: { ...process.env, ...suite.env, PYTHONUNBUFFERED: '1' },
      stdio: ['pipe', 'pipe', 'pipe']
    }
  );
  const progress = createProgress(ids.length);
  let remarks = '';

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      remarks += `No case began or ended in ${SILENCE_TIMEOUT / 1000} s\n`;
      kill(client);
    }, SILENCE_TIMEOUT);

    const onLine = (line) => {
      const match = /^Running test case ID (\S+)/.exec(line);

      if (match !== null) {
        timer.refresh();
        progress(match[1]);
      } else if (/fail|error|exception|^\s+File /i.test(line)) {
        remarks += `${line}\n`;
      }
    };

    for (const input of [client.stdout, client.stderr]) {
      readline.createInterface({ input }).on('line', onLine);
    }

    client.once('error', reject);
    client.once('close', () => {
      clearTimeout(timer);
      resolve(remarks);
    });
  });
}

/**
 * Reads the suite's reports about the server.
 *
 * @param {String} reports The folder
 * @return {Object} One report for each case; none if the suite wrote nothing
 */
function readReports(reports) {
  const index = path.join(reports, 'index.json');

  if (!fs.existsSync(index)) return {};

  return JSON.parse(fs.readFileSync(index, 'utf8'))[AGENT] ?? {};
}

/**
 * Puts a verdict into one line.
 *
 * @param {Verdict} verdict The verdict
 * @return {String} The line
 */
function describe({ id, behavior, behaviorClose }) {
  const close = behaviorClose === behavior ? '' : `, close: ${behaviorClose}`;

  return `${id.padEnd(8)} ${behavior}${close}`;
}

/**
 * Tells what the suite says about a failed case.
 *
 * @param {String} reports The folder of its reports
 * @param {Verdict} verdict The verdict
 * @return {String} Some indented lines, or nothing
 */
function explain(reports, { reportfile }) {
  if (reportfile === undefined) return '';

  const file = path.join(reports, reportfile);

  if (!fs.existsSync(file)) return '';

  const { result, resultClose, remoteCloseCode, remoteCloseReason } =
    JSON.parse(fs.readFileSync(file, 'utf8'));

  return [
    `         ${result}`,
    `         ${resultClose}`,
    `         close frame received: ${remoteCloseCode} ${remoteCloseReason ?? ''}`
  ]
    .map((line) => `${line.slice(0, 300).trimEnd()}\n`)
    .join('');
}

/**
 * Runs the cases and prints the outcome.
 *
 * @param {Object} options The options of the command line
 * @return {Promise<Boolean>} Whether all is well
 */
async function main(options) {
  const { ids } = options;
  const suite = await prepare({
    cache: process.env.OXWS_AUTOBAHN || undefined,
    python: options.python,
    note: (text) => console.log(`Autobahn Testsuite: ${text}`)
  });
  const reports = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-autobahn-'));
  let server;

  if (!options.keep) {
    process.once('exit', () => fs.rmSync(reports, { recursive: true }));
  }

  try {
    let { url } = options;
    let name = url;

    if (url === undefined) {
      name = options.implementation;
      ({ server, url } = await startServer(resolveImplementation(name)));
    }

    console.log(`${ids.length} cases against ${name}`);

    const remarks = await runClient(suite, { ids, reports, url });
    const { counts, failures, notes, passed } = judge(
      ids,
      readReports(reports),
      options.strict
    );

    for (const verdict of notes) console.log(describe(verdict));
    for (const verdict of failures) {
      if (verdict.behavior === 'MISSING') continue;
      console.log(describe(verdict));
      process.stdout.write(explain(reports, verdict));
    }

    const missing = failures.filter(({ behavior }) => behavior === 'MISSING');

    if (missing.length > 0) {
      console.log(`No report of ${missing.map(({ id }) => id).join(' ')}`);
    }
    if (failures.length > 0) process.stdout.write(remarks);
    if (server !== undefined && hasEnded(server)) {
      console.log('The echo server ended before its time');
    }
    if (options.keep) console.log(`Reports: ${reports}/index.html`);

    console.log(
      [...counts].map(([behavior, count]) => `${count} ${behavior}`).join(', ')
    );
    console.log(`${passed} passed, ${failures.length} failed`);

    return failures.length === 0;
  } finally {
    if (server !== undefined) kill(server);
  }
}

async function command() {
  try {
    const options = parse(process.argv.slice(2));

    if (options.help) console.log(USAGE);
    else if (!(await main(options))) process.exitCode = 1;
  } catch (err) {
    process.exitCode = err instanceof UsageError ? 2 : 1;
    console.error(err instanceof UsageError ? err.message : err.stack);
  }
}

command();
