'use strict';

/**
 * Child processes that are bounded in time and never outlive the runner.
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');

const live = new Set();

/**
 * Starts a program in a process group of its own, which ends with the runner.
 *
 * @param {String} command The program
 * @param {String[]} args Its arguments
 * @param {Object} [options] Options of `child_process.spawn()`
 * @return {ChildProcess} The process
 */
function start(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });

  live.add(child);
  child.once('exit', () => {
    // What the program itself started, a compiler for instance.
    kill(child);
    live.delete(child);
  });
  child.once('error', () => live.delete(child));

  return child;
}

/**
 * Ends a process and all that it started.
 *
 * @param {ChildProcess} child The process
 */
function kill(child) {
  if (child.pid === undefined) return;

  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (err) {
    if (err.code !== 'ESRCH') throw err;
  }
}

/**
 * Runs a program to its end.
 *
 * @param {String} command The program
 * @param {String[]} args Its arguments
 * @param {Object} options Options
 * @param {String} [options.cwd] Its working directory
 * @param {Object} [options.env] Variables beside those of this process
 * @param {Number} options.timeout The time it may take, in milliseconds
 * @return {Promise<String>} What it printed to standard output
 * @throws {Error} if it fails, with the end of what it printed
 */
async function run(command, args, { cwd, env, timeout }) {
  const child = start(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let stdout = '';
  let output = '';
  let timedOut = false;

  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => (output += chunk));

  const timer = setTimeout(() => {
    timedOut = true;
    kill(child);
  }, timeout);

  try {
    const [code, signal] = await once(child, 'close');

    if (code === 0) return stdout;

    const line = [command, ...args].join(' ');
    const outcome = timedOut
      ? `took more than ${timeout / 1000} s`
      : `ended with ${signal ?? `exit code ${code}`}`;

    throw new Error(`${line}\n${outcome}\n${output.slice(-2000)}`);
  } finally {
    clearTimeout(timer);
  }
}

function killAll() {
  for (const child of live) kill(child);
}

process.once('exit', killAll);

for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15]
]) {
  process.once(signal, () => process.exit(128 + number));
}

module.exports = { kill, run, start };
