'use strict';

/**
 * Loads the addon; the only module that may. It stands beside this file where
 * it was built from source, or else in the package of its platform.
 */

const name = `oxws.${platformName()}`;

module.exports = load();

/**
 * @return {Object} The addon's exports
 * @throws {Error} If it is in neither place, saying what to do
 * @private
 */
function load() {
  const reasons = [];

  for (const path of [`./${name}.node`, `oxws-${platformName()}`]) {
    try {
      return require(path);
    } catch (err) {
      reasons.push(err);
    }
  }

  const err = new Error(
    `oxws has no binary for this platform (${platformName()}). Reinstall it ` +
      'with optional dependencies, or build it in its folder with ' +
      '"npm run build", which needs a Rust toolchain.'
  );
  err.cause = reasons.find((reason) => reason.code !== 'MODULE_NOT_FOUND');
  throw err;
}

/**
 * @return {String} The platform's name, as napi-rs names binaries
 * @private
 */
function platformName() {
  const base = `${process.platform}-${process.arch}`;

  if (process.platform === 'win32') return `${base}-msvc`;
  if (process.platform !== 'linux') return base;

  const { glibcVersionRuntime } = process.report.getReport().header;
  return `${base}-${glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
}
