'use strict';

const { spawnSync } = require('node:child_process');

/** The package of the load generator, which every measurement needs. */
const LOAD = 'oxws-load';

/**
 * Builds a package of the benchmark's own Cargo workspace, which takes a
 * moment only if something changed.
 *
 * @param {String} name Name of the package
 * @return {Object} Path of the `binary`, and the `versions` of the crates in
 *     it, by name
 */
function build(name) {
  // One package at a time: built together, they would share the features of
  // their dependencies.
  const { status, stdout, error } = spawnSync(
    'cargo',
    [
      'build',
      '--release',
      '--package',
      name,
      '--message-format=json-render-diagnostics'
    ],
    {
      cwd: __dirname,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'inherit']
    }
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} does not build`);

  const artifacts = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ reason }) => reason === 'compiler-artifact');
  return {
    binary: artifacts.findLast(({ executable }) => executable).executable,
    versions: Object.fromEntries(
      artifacts.map(({ package_id: id }) => id.split(/[#@]/).slice(-2))
    )
  };
}

module.exports = { LOAD, build };
