'use strict';

/**
 * Packs what is to be published: the root package, and a package for each
 * platform that there is a binary for.
 *
 *     node npm/pack.js [--binaries FOLDER] [--destination FOLDER]
 *
 * Without --binaries it makes a release build, which is for this machine's
 * platform alone. The tarballs go to target/packages.
 */

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { npm } = require('./npm');
const { platforms, root, version } = require('./platforms');

const { values } = parseArgs({
  options: {
    binaries: { type: 'string' },
    destination: { type: 'string' }
  }
});
const destination = path.resolve(
  values.destination ?? path.join(root, 'target/packages')
);
const folders = path.join(root, 'target/npm');

version();
// Debug information is most of a binary, and of use only where it was built.
process.env.CARGO_PROFILE_RELEASE_STRIP ??= 'debuginfo';
if (values.binaries === undefined) run('run', 'build');
const binaries = path.resolve(values.binaries ?? path.join(root, 'js'));

fs.rmSync(folders, { recursive: true, force: true });
fs.mkdirSync(destination, { recursive: true });
run('exec', '--', 'napi', 'create-npm-dirs', '--npm-dir', folders);

const all = platforms();
const found = all.filter(({ binary }) =>
  fs.existsSync(path.join(binaries, binary))
);
if (found.length === 0) throw new Error(`There is no binary in ${binaries}`);

for (const { name, packageName, binary } of found) {
  const folder = path.join(folders, name);
  fs.copyFileSync(path.join(binaries, binary), path.join(folder, binary));
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  pack(folder, packageName);
}
pack(root, 'oxws');

const missing = all.filter((platform) => !found.includes(platform));
if (missing.length > 0) {
  console.log(`No binary for ${missing.map(({ name }) => name).join(', ')}.`);
}

function pack(folder, name) {
  // Scripts whatever the user's configuration says: `prepack` names the packages
  // of the platforms.
  run(
    ...['pack', folder, '--silent', '--ignore-scripts=false'],
    ...['--pack-destination', destination]
  );
  console.log(path.join(destination, `${name}-${version()}.tgz`));
}

function run(...args) {
  // What npm prints is not the list of packages.
  npm(args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
}
