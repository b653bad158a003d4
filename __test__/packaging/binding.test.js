'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { platforms, readManifest, root } = require('../../npm/platforms');
const { cleanup } = require('../support/cleanup');

const { version } = readManifest();
const linuxOnly = process.platform !== 'linux' && 'a matter of Linux alone';

describe('The loader of the addon', () => {
  it('takes the binary that was built beside it', (t) => {
    const oxws = install(t);

    oxws.addPackages();
    oxws.build(`module.exports = { VERSION: '${version}', from: 'build' };`);
    assert.strictEqual(oxws.load().from, 'build');
  });

  it("takes the platform's package if nothing was built", (t) => {
    const oxws = install(t);

    oxws.addPackages();
    assert.match(oxws.load().from, /^oxws-/);
  });

  it('says what to do if the package is not installed', (t) => {
    const { error } = install(t).load();

    assert.match(error.message, /^oxws \S+ has no binary for /);
    assert.match(
      error.message,
      new RegExp(`Install oxws-\\S+@${version} with`)
    );
    assert.match(error.message, /"npm install --include=optional"/);
    assert.match(
      error.message,
      /"npm run setup" in \S+oxws, .* Rust toolchain/
    );
    assert.strictEqual(error.cause, undefined);
  });

  it('says only how to build it where there is no package', (t) => {
    for (const published of [true, false]) {
      const oxws = install(t, { published });
      const { error } = oxws.load(
        published ? "define(process, 'platform', 'aix');" : ''
      );

      assert.match(error.message, /^oxws \S+ has no binary for /);
      assert.match(error.message, /"npm run setup" in /);
      assert.doesNotMatch(error.message, /Install/);
    }
  });

  for (const place of ['build', 'addPackages']) {
    it(`says why a binary cannot be loaded (${place})`, (t) => {
      const oxws = install(t);

      oxws[place]('not a library');
      const { error } = oxws.load('', { addons: true });
      assert.match(
        error.message,
        /^The binary of oxws for \S+ cannot be loaded: ./
      );
      assert.strictEqual(error.cause, 'ERR_DLOPEN_FAILED');
    });
  }

  for (const other of ["VERSION: '0.0.1'", 'name: 1']) {
    it(`refuses a binary of another version {${other}}`, (t) => {
      const oxws = install(t);

      oxws.addPackages(`module.exports = { ${other} };`);
      const { error } = oxws.load();
      assert.ok(
        error.message.startsWith(
          `This is oxws ${version}, but ${oxws.folder}${path.sep}node_modules`
        ),
        error.message
      );
      assert.match(
        error.message,
        /is the binary of oxws (0\.0\.1|\(unknown version\))\. /
      );
      assert.match(
        error.message,
        new RegExp(`Install oxws-\\S+@${version} with`)
      );
    });
  }

  it('refuses a binary that was built before an upgrade', (t) => {
    const oxws = install(t, { published: false });

    oxws.build("module.exports = { VERSION: '0.0.1' };");
    const { error } = oxws.load();
    assert.match(
      error.message,
      /oxws\.\S+\.node is the binary of oxws 0\.0\.1\./
    );
    assert.match(error.message, /"npm run setup" in /);
  });

  it('takes the file that NAPI_RS_NATIVE_LIBRARY_PATH names', (t) => {
    const oxws = install(t);
    const file = path.join(oxws.folder, 'other.js');

    oxws.addPackages();
    fs.writeFileSync(
      file,
      `module.exports = { VERSION: '${version}', from: 1 }`
    );
    const env = { NAPI_RS_NATIVE_LIBRARY_PATH: file };
    assert.strictEqual(oxws.load('', { env }).from, 1);

    fs.rmSync(file);
    const { error } = oxws.load('', { env });
    assert.match(error.message, /^NAPI_RS_NATIVE_LIBRARY_PATH names no binary/);
    assert.ok(error.message.includes(file));
  });

  describe('by the C library of the process', { skip: linuxOnly }, () => {
    const interpreters = {
      gnu: '/lib64/ld-linux-x86-64.so.2',
      musl: '/lib/ld-musl-x86_64.so.1'
    };
    const noReport = "define(process, 'report', undefined);";

    for (const [libc, interpreter] of Object.entries(interpreters)) {
      it(`is ${libc} by the interpreter ${interpreter}`, (t) => {
        const oxws = install(t);

        // What a report would say must not matter.
        const header =
          libc === 'gnu' ? '{}' : '{ glibcVersionRuntime: "2.36" }';

        oxws.addPackages();
        const { from } = oxws.load(
          `${oxws.runsOn(interpreter)}
           process.report.getReport = () => ({ header: ${header} });`
        );
        assert.match(from, new RegExp(`-${libc}$`));
      });

      it(`is ${libc} by the report if the program does not say`, (t) => {
        const oxws = install(t);
        const header = {
          glibcVersionRuntime: libc === 'gnu' ? '2.36' : undefined
        };

        oxws.addPackages();
        const { from, networkLeftIn } = oxws.load(
          `${oxws.runsOn('/lib/ld.so')}
           const { report } = process;
           report.getReport = () => {
             result.networkLeftIn = !report.excludeNetwork;
             return { header: ${JSON.stringify(header)} };
           };`
        );
        assert.match(from, new RegExp(`-${libc}$`));
        assert.strictEqual(networkLeftIn, false);
      });
    }

    it('is gnu if nothing says', (t) => {
      const oxws = install(t);

      oxws.addPackages();
      const setup = `process.execPath = '/nowhere/node'; ${noReport}`;
      assert.match(oxws.load(setup).from, /-gnu$/);
    });

    it('is what the program of this process says', (t) => {
      const oxws = install(t);
      const { header } = process.report.getReport();

      oxws.addPackages();
      assert.match(
        oxws.load(noReport).from,
        header.glibcVersionRuntime ? /-gnu$/ : /-musl$/
      );
    });

    it('leaves what reports contain as it was', (t) => {
      const oxws = install(t);

      oxws.addPackages();
      const { excludeNetwork } = oxws.load("process.execPath = '/nowhere';");
      assert.strictEqual(excludeNetwork, process.report.excludeNetwork);
    });
  });
});

/**
 * The loader in an installed package, without a binary. Binaries are stood in
 * for by JavaScript.
 *
 * @param {TestContext} t The test
 * @param {Object} [options] Options object
 * @param {Boolean} [options.published=true] Whether it came from a registry
 * @return {Object} The installation
 */
function install(t, { published = true } = {}) {
  const folder = fs.realpathSync(
    fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-binding-'))
  );
  cleanup(t, () => fs.rmSync(folder, { recursive: true }));

  const oxws = path.join(folder, 'node_modules/oxws');
  const manifest = readManifest();

  if (published) {
    manifest.optionalDependencies = Object.fromEntries(
      platforms().map(({ packageName }) => [packageName, version])
    );
  }
  write(path.join(oxws, 'package.json'), JSON.stringify(manifest));
  write(
    path.join(oxws, 'js/binding.js'),
    fs.readFileSync(path.join(root, 'js/binding.js'))
  );

  return {
    folder,

    /** Puts a binary for every platform beside the loader. */
    build(content) {
      for (const { binary } of platforms()) {
        write(path.join(oxws, 'js', binary), content);
      }
    },

    /** Installs the packages of all platforms. */
    addPackages(content) {
      for (const { binary, packageName } of platforms()) {
        const to = path.join(folder, 'node_modules', packageName);
        const exported = `{ VERSION: '${version}', from: '${packageName}' }`;

        write(path.join(to, 'package.json'), JSON.stringify({ main: binary }));
        write(
          path.join(to, binary),
          content ?? `module.exports = ${exported};`
        );
      }
    },

    /** Code that makes a process run on another interpreter. */
    runsOn(interpreter) {
      const executable = path.join(folder, 'node');
      write(executable, `\x7fELF${'\0'.repeat(850)}${interpreter}\0`);
      return `process.execPath = ${JSON.stringify(executable)};`;
    },

    /** Loads it in a process of its own, after `setup`. */
    load(setup = '', { addons = false, env = {} } = {}) {
      const script = `
        const result = {};
        const define = (object, name, value) =>
          Object.defineProperty(object, name, { value });
        if (!${addons}) require.extensions['.node'] = require.extensions['.js'];
        ${setup}
        try {
          Object.assign(result, require('./node_modules/oxws/js/binding.js'));
        } catch ({ message, cause }) {
          result.error = { message, cause: cause?.code };
        }
        result.excludeNetwork = process.report?.excludeNetwork;
        console.log(JSON.stringify(result));`;
      const file = path.join(folder, 'load.js');
      write(file, script);

      const child = spawnSync(process.execPath, [file], {
        encoding: 'utf8',
        env: { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: '', ...env }
      });
      assert.strictEqual(child.stderr, '');
      return JSON.parse(child.stdout);
    }
  };
}

function write(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}
