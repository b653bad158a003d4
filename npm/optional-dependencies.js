'use strict';

/**
 * Names the packages of the platforms in package.json while npm packs it:
 *
 *     node npm/optional-dependencies.js add|remove
 *
 * They are not there otherwise. Nobody can install them before they are
 * published, so a clone that named them could not have a lock file, and the
 * first `npm ci` after each change of version would fail.
 */

const fs = require('node:fs');
const path = require('node:path');

const { platforms, readManifest, root, version } = require('./platforms');

const manifest = readManifest();

switch (process.argv[2]) {
  case 'add':
    manifest.optionalDependencies = Object.fromEntries(
      platforms().map(({ packageName }) => [packageName, version()])
    );
    break;
  case 'remove':
    delete manifest.optionalDependencies;
    break;
  default:
    throw new Error('Usage: node npm/optional-dependencies.js add|remove');
}

fs.writeFileSync(
  path.join(root, 'package.json'),
  `${JSON.stringify(manifest, null, 2)}\n`
);
