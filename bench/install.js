'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * The runtimes that are measured beside Node.js come from npm. They are large,
 * and so each has a package.json of its own, in the folder of its driver, that
 * is installed when the first measurement needs it.
 *
 * @typedef {Object} Runtime
 * @property {String} scope Where its binaries are, one package per platform
 * @property {String} file The binary in such a package
 */

/** @type {Object<String, Runtime>} */
const RUNTIMES = {
  bun: { scope: '@oven', file: 'bin/bun' },
  deno: { scope: '@deno', file: 'deno' }
};

/**
 * @param {String} name Name of the runtime
 * @return {Object} Path of the `binary`
 */
function install(name) {
  const folder = path.join(__dirname, 'servers', name);
  const wanted = require(path.join(folder, 'package.json')).dependencies[name];
  if (installed(folder, name) !== wanted) {
    console.error(`installing ${name} ${wanted}, some 100 MB, in ${folder}`);
    // The binary is in the platform's package, as it is used here; what the
    // scripts would do is to copy it elsewhere.
    const { status, error } = spawnSync(
      'npm',
      [
        'install',
        '--ignore-scripts',
        '--no-package-lock',
        '--no-audit',
        '--no-fund',
        '--loglevel=error'
      ],
      { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }
    );
    if (error || status !== 0) {
      throw new Error(`npm could not install ${name} ${wanted}`);
    }
  }
  return { binary: findBinary(folder, RUNTIMES[name]) };
}

/**
 * @param {String} folder Folder of the driver
 * @param {String} name Name of the runtime
 * @return {String|undefined} Version that is installed there
 */
function installed(folder, name) {
  try {
    const file = path.join(folder, 'node_modules', name, 'package.json');
    return JSON.parse(fs.readFileSync(file, 'utf8')).version;
  } catch {
    return undefined;
  }
}

function findBinary(folder, { scope, file }) {
  const packages = path.join(folder, 'node_modules', scope);
  const binary = fs
    .readdirSync(packages)
    .map((name) => path.join(packages, name, file))
    .find((candidate) => fs.existsSync(candidate));
  if (!binary) throw new Error(`${packages} has nothing for this platform`);
  return binary;
}

module.exports = { install };
