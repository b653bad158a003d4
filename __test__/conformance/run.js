'use strict';

/**
 * Runs the Autobahn Testsuite against an echo server or an echo client: `npm
 * run conformance`. See `--help`, and judge.js for what passes.
 */

const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const { kill, start } = require('./child');
const { USAGE, parse } = require('./command-line');
const judge = require('./judge');
const { describe, explain, readIndex } = require('./reports');
const { command } = require('../support/command');
const { prepare } = require('./testsuite');
const wstest = require('./wstest');

const LISTEN_TIMEOUT = 10_000;
const PROGRESS_INTERVAL = 25;

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
 * Starts the side that is tested.
 *
 * @param {String} program The file with its program
 * @param {String[]} args Arguments of the program
 * @return {ChildProcess} The process
 */
function startTestee(program, args) {
  return start(process.execPath, [path.join(__dirname, program), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  });
}

/**
 * Waits until the echo server listens.
 *
 * @param {ChildProcess} server The process
 * @return {Promise<Number>} Its port
 */
function listening(server) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      kill(server);
      reject(new Error('The echo server does not listen'));
    }, LISTEN_TIMEOUT);

    server.once('message', ({ port }) => {
      clearTimeout(timer);
      resolve(port);
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
 * Has the suite's client test a server.
 *
 * @param {Testsuite} suite The suite
 * @param {Object} options The options of the command line
 * @param {Run} run What to run
 * @return {Promise<String>} What the suite printed beside the cases
 */
async function testServer(suite, { implementation, mode, url }, run) {
  if (url !== undefined) return wstest.runClient(suite, url, run);

  const module = resolveImplementation(implementation);
  const server = startTestee('echo-server.js', [module, mode]);

  try {
    const port = await listening(server);
    const scheme = mode === 'tls' ? 'wss' : 'ws';
    const address = `${scheme}://127.0.0.1:${port}`;
    const remarks = await wstest.runClient(suite, address, run);

    if (hasEnded(server)) {
      console.log('The echo server ended before its time');
    }

    return remarks;
  } finally {
    kill(server);
  }
}

/**
 * Has the suite's server test a client.
 *
 * @param {Testsuite} suite The suite
 * @param {Object} options The options of the command line
 * @param {Run} run What to run
 * @return {Promise<String>} What the suite printed beside the cases
 */
async function testClient(suite, { implementation, mode }, run) {
  let client;
  const server = await wstest.startServer(suite, mode === 'tls', run, () =>
    kill(client)
  );

  try {
    const module = resolveImplementation(implementation);

    client = startTestee('echo-client.js', [
      module,
      server.url,
      wstest.AGENT,
      `${run.ids.length}`
    ]);

    const [code, signal] = await once(client, 'exit');

    if (code !== 0) console.log(`The echo client ended (${signal ?? code})`);

    await wstest.requestReports(server.url);
  } finally {
    kill(server.process);
  }

  return server.remarks;
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

  if (!options.keep) {
    process.once('exit', () => fs.rmSync(reports, { recursive: true }));
  }

  const name =
    options.url ??
    `${options.implementation}, ${options.role}, mode ${options.mode}`;

  console.log(`${ids.length} cases against ${name}`);

  const test = options.role === 'server' ? testServer : testClient;
  const onCase = createProgress(ids.length);
  const remarks = await test(suite, options, { ids, onCase, reports });
  const { counts, failures, notes, passed } = judge(
    ids,
    readIndex(reports),
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
  if (options.keep) console.log(`Reports: ${reports}/index.html`);

  console.log(
    [...counts].map(([behavior, count]) => `${count} ${behavior}`).join(', ')
  );
  console.log(`${passed} passed, ${failures.length} failed`);

  return failures.length === 0;
}

command(USAGE, parse, main);
