'use strict';

/**
 * A Python environment with the libraries websockets and aiohttp, made once into
 * a cache.
 */

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const REQUIREMENTS = ['websockets==15.0.1', 'aiohttp==3.13.2'];

const FOLDER = path.resolve(
  __dirname,
  '../../node_modules/.cache/oxws-websockets'
);
const COMPLETE = path.join(FOLDER, 'complete');

const INSTALL_TIMEOUT = 180_000;

const exec = promisify(execFile);

/**
 * @return {Boolean} Whether there is a Python 3
 */
function hasPython() {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the environment, unless a complete one is there.
 *
 * @return {Promise<String>} The path of its interpreter
 */
async function prepare() {
  const executable = path.join(FOLDER, 'bin', 'python');
  // An environment works only where it was made.
  const mark = `${FOLDER} ${REQUIREMENTS.join(' ')}`;
  const options = { timeout: INSTALL_TIMEOUT, killSignal: 'SIGKILL' };

  if (
    fs.existsSync(executable) &&
    fs.existsSync(COMPLETE) &&
    fs.readFileSync(COMPLETE, 'utf8') === mark
  ) {
    return executable;
  }

  fs.rmSync(FOLDER, { force: true, recursive: true });
  await exec('python3', ['-m', 'venv', FOLDER], options);
  await exec(
    executable,
    ['-m', 'pip', 'install', '--disable-pip-version-check', ...REQUIREMENTS],
    options
  );
  fs.writeFileSync(COMPLETE, mark);

  return executable;
}

module.exports = { hasPython, prepare };
