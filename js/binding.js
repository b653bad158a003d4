'use strict';

/**
 * Loads the addon; the only module that may. It stands beside this file where
 * it was built from source, or else in the package of its platform. As for every
 * addon of napi-rs, NAPI_RS_NATIVE_LIBRARY_PATH may name another file.
 */

const fs = require('node:fs');
const path = require('node:path');

const { optionalDependencies = {}, version } = require('../package.json');

const platform = platformName();
const platformPackage = `oxws-${platform}`;

module.exports = load();

/**
 * @return {Object} The addon's exports
 * @throws {Error} If there is none that fits, saying what to do
 * @private
 */
function load() {
  const override = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  const places = override
    ? [override]
    : [`./oxws.${platform}.node`, platformPackage];
  let cause;

  for (const place of places) {
    let addon;

    try {
      addon = require(place);
    } catch (err) {
      // That it is in one place but cannot be loaded tells more than that it is
      // not in the other one.
      if (cause === undefined || isMissing(cause)) cause = err;
      continue;
    }

    // Its numbers and shared memory would be misread by other JavaScript.
    if (addon.VERSION !== version) {
      throw new Error(
        `This is oxws ${version}, but ${require.resolve(place)} is the binary ` +
          `of oxws ${addon.VERSION ?? '(unknown version)'}. ${remedy()}`
      );
    }

    return addon;
  }

  throw new Error(
    `${problem(override, cause)} ${remedy()}`,
    isMissing(cause) ? undefined : { cause }
  );
}

/**
 * @param {String} [override] The file that the environment names
 * @param {Error} cause Why the binary could not be loaded
 * @return {String} A sentence
 * @private
 */
function problem(override, cause) {
  if (override) {
    return `NAPI_RS_NATIVE_LIBRARY_PATH names no binary of oxws: ${cause.message}.`;
  }
  if (!isMissing(cause)) {
    return `The binary of oxws for ${platform} cannot be loaded: ${cause.message}.`;
  }
  return (
    `oxws ${version} has no binary for ${platform}: neither ` +
    `${path.join(__dirname, `oxws.${platform}.node`)} nor the package ` +
    `${platformPackage} is there.`
  );
}

/**
 * @param {Error} err Why `require()` failed
 * @return {Boolean} Whether there was nothing, which needs no stack to explain
 * @private
 */
function isMissing(err) {
  return err.code === 'MODULE_NOT_FOUND';
}

/**
 * @return {String} What to do, in sentences
 * @private
 */
function remedy() {
  const build =
    `run "npm run setup" in ${path.dirname(__dirname)}, which needs a Rust ` +
    'toolchain.';

  // Named by a published package only: see npm/optional-dependencies.js.
  return platformPackage in optionalDependencies
    ? `Install ${platformPackage}@${version} with "npm install ` +
        '--include=optional"; if that brings nothing, remove node_modules and ' +
        'package-lock.json first, since they may have been made on another ' +
        `platform. Or build it from source: ${build}`
    : `Build it from source: ${build}`;
}

/**
 * @return {String} The platform's name, as napi-rs names binaries
 * @private
 */
function platformName() {
  const base = `${process.platform}-${process.arch}`;

  if (process.platform === 'win32') return `${base}-msvc`;
  if (process.platform !== 'linux') return base;

  return `${base}-${libcOfExecutable() ?? libcOfReport() ?? 'gnu'}`;
}

/**
 * The C library of this process by the program's interpreter, which an ELF file
 * names near its beginning. Not by what else is installed: a system may have
 * both. Not by a report in the first place: that takes milliseconds, more with
 * many open handles, and may be forbidden.
 *
 * @return {(String|undefined)} `'gnu'`, `'musl'`, or that it is not known
 * @private
 */
function libcOfExecutable() {
  let file;

  try {
    file = fs.openSync(process.execPath);
    const head = Buffer.alloc(4096);
    fs.readSync(file, head);

    if (head.includes('/ld-musl-')) return 'musl';
    if (head.includes('/ld-linux-')) return 'gnu';
  } catch {
    // A report may know.
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
  return undefined;
}

/**
 * @return {(String|undefined)} `'gnu'`, `'musl'`, or that it is not known
 * @private
 */
function libcOfReport() {
  const { report } = process;
  if (typeof report?.getReport !== 'function') return undefined;

  // Otherwise it looks up the names of all peers.
  const { excludeNetwork } = report;
  report.excludeNetwork = true;

  try {
    return report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl';
  } catch {
    return undefined;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
