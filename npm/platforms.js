'use strict';

/**
 * What the packages of the platforms are called, and that all versions agree.
 */

const fs = require('node:fs');
const path = require('node:path');

const { parseTriple } = require('@napi-rs/cli');

const root = path.resolve(__dirname, '..');

/**
 * @return {Object} The root package's package.json as it is on disk
 */
function readManifest() {
  return readJSON(path.join(root, 'package.json'));
}

/**
 * @return {Object[]} `{ name, packageName, binary }` of each platform, by
 *     napi-rs's conventions
 */
function platforms() {
  const { name: rootName, napi } = readManifest();

  return napi.targets.map((target) => {
    const name = parseTriple(target).platformArchABI;
    return {
      name,
      packageName: `${rootName}-${name}`,
      binary: `${napi.binaryName}.${name}.node`
    };
  });
}

/**
 * @param {String} [folder] A clone
 * @return {String} The one version of the JavaScript and of the Rust part
 * @throws {Error} If it is not one
 */
function version(folder = root) {
  const file = (name) => path.join(folder, name);
  const manifest = readJSON(file('package.json'));
  const lock = readJSON(file('package-lock.json'));
  const versions = {
    'package.json': manifest.version,
    'package-lock.json': lock.version,
    'Cargo.toml': cargoVersion(file('Cargo.toml'), manifest.name),
    'Cargo.lock': cargoVersion(file('Cargo.lock'), manifest.name)
  };

  if (new Set(Object.values(versions)).size > 1) {
    throw new Error(`Versions differ: ${JSON.stringify(versions, null, 2)}`);
  }
  return manifest.version;
}

function readJSON(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function cargoVersion(file, name) {
  const lines = fs.readFileSync(file, 'utf8').split(/\r?\n/);
  const line = lines[lines.indexOf(`name = "${name}"`) + 1];
  return line.match(/^version = "(.+)"$/)?.[1];
}

module.exports = { platforms, readManifest, root, version };
