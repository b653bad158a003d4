'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const {
  platforms,
  readManifest,
  root,
  version
} = require('../../npm/platforms');
const { cleanup } = require('../support/cleanup');

const FILES = ['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock'];

describe('The packages', () => {
  it('have the version of package.json in every file', () => {
    assert.strictEqual(version(), readManifest().version);
  });

  for (const changed of FILES) {
    it(`are not packed with another version in ${changed}`, (t) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-versions-'));
      cleanup(t, () => fs.rmSync(folder, { recursive: true }));

      for (const file of FILES) {
        let text = fs.readFileSync(path.join(root, file), 'utf8');
        if (file === changed) {
          text = text.replace(
            /((?:"name": |name = )"oxws",?\s+"?version"?(?::| =) )"[^"]+"/g,
            '$1"9.9.9"'
          );
        }
        fs.writeFileSync(path.join(folder, file), text);
      }

      assert.throws(
        () => version(folder),
        /^Error: Versions differ: .*9\.9\.9/s
      );
    });
  }

  it('of the platforms are named as napi-rs names them', () => {
    assert.deepStrictEqual(
      platforms().map(({ packageName }) => packageName),
      [
        'oxws-linux-x64-gnu',
        'oxws-linux-arm64-gnu',
        'oxws-linux-x64-musl',
        'oxws-linux-arm64-musl',
        'oxws-darwin-x64',
        'oxws-darwin-arm64',
        'oxws-win32-x64-msvc'
      ]
    );
  });

  it('of the platforms are named in a packed package.json alone', () => {
    assert.strictEqual(readManifest().optionalDependencies, undefined);
  });
});
