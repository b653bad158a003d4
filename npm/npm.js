'use strict';

const { execFileSync } = require('node:child_process');

/**
 * Runs npm, the one that runs this script if it is by `npm run`.
 *
 * @param {String[]} args Its arguments
 * @param {Object} [options] Options of `child_process.execFileSync()`
 * @return {(Buffer|String)} What it wrote to stdout, if that is a pipe
 * @throws {Error} If it fails
 */
function npm(args, options) {
  const { npm_execpath: script } = process.env;

  return script
    ? execFileSync(process.execPath, [script, ...args], options)
    : execFileSync('npm', args, options);
}

module.exports = { npm };
