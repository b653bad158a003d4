'use strict';

/**
 * Packs the binary that was built, and installs the packages as a stranger does:
 * into an empty project, without a Rust toolchain, and without any network.
 */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');

const { npm } = require('../../../npm/npm');
const { platforms, readManifest, root } = require('../../../npm/platforms');
const { startRegistry } = require('./registry');

const { version } = readManifest();
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');

const execute = promisify(execFile);
const run = (command, args, options) =>
  execute(command, args, { timeout: 60_000, ...options });

describe('The packages', { timeout: 120_000 }, () => {
  let folder;
  let tarballs;
  let registry;
  let ownPackage;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-packages-'));
    tarballs = pack(path.join(folder, 'tarballs'));

    const loaded = await run(process.execPath, [
      ...['-p', 'Object.keys(require.cache).find((f) => f.endsWith(".node"))'],
      ...['-r', root]
    ]);
    ownPackage = platforms().find(({ binary }) =>
      loaded.stdout.trim().endsWith(path.sep + binary)
    ).packageName;

    registry = await startRegistry(await published(tarballs));
  });

  after(async () => {
    await registry?.close();
    fs.rmSync(folder, { recursive: true });
  });

  it('hold the binary in the package of the platform alone', async () => {
    const names = await contents(tarballs.oxws);

    assert.ok(names.includes('package/js/binding.js'));
    assert.deepStrictEqual(
      names.filter((name) => /\.node$|^package\/(__test__|npm)\//.test(name)),
      []
    );
    assert.match((await contents(tarballs[ownPackage])).join(), /\.node/);
  });

  it('are named by the root package, at its own version', async () => {
    const { optionalDependencies, scripts } = await manifestIn(tarballs.oxws);

    assert.deepStrictEqual(
      optionalDependencies,
      Object.fromEntries(
        platforms().map(({ packageName }) => [packageName, version])
      )
    );
    assert.ok(!('install' in scripts || 'postinstall' in scripts));
    assert.strictEqual(readManifest().optionalDependencies, undefined);
  });

  it('come by name, those of other platforms not', async () => {
    const project = await install('by-name', { oxws: `^${version}` });

    assert.deepStrictEqual(installed(project), [ownPackage, 'oxws'].sort());
    await useIn(project);
  });

  it('work as files, without a registry', async () => {
    const project = await install(
      'as-files',
      {
        oxws: `file:${tarballs.oxws}`,
        [ownPackage]: `file:${tarballs[ownPackage]}`
      },
      { flags: ['--offline'] }
    );

    await useIn(project);
  });

  it('stand in for ws under other packages, by overrides', async () => {
    const project = await install(
      'overridden',
      { 'depends-on-ws': '^1.0.0' },
      { overrides: { ws: `npm:oxws@^${version}` } }
    );

    const script = "console.log(require('depends-on-ws') === require('ws'))";
    assert.strictEqual(await node(project, script), 'true\n');
    assert.strictEqual(
      readJSON(path.join(project, 'node_modules/ws/package.json')).name,
      'oxws'
    );
    await useIn(project, 'ws');
  });

  it('say what to do when optional dependencies were left out', async () => {
    const project = await install(
      'omitted',
      { oxws: `^${version}` },
      { flags: ['--omit=optional'] }
    );

    assert.deepStrictEqual(installed(project), ['oxws']);
    await assert.rejects(node(project, "require('oxws')"), ({ stderr }) => {
      assert.match(stderr, new RegExp(`Install ${ownPackage}@${version} with`));
      return true;
    });
  });

  it('bring their types', async () => {
    const project = await install('typed', { oxws: `^${version}` });

    fs.mkdirSync(path.join(project, 'node_modules/@types'));
    for (const dependency of ['@types/node', 'undici-types']) {
      fs.symlinkSync(
        path.join(root, 'node_modules', dependency),
        path.join(project, 'node_modules', dependency)
      );
    }
    fs.writeFileSync(
      path.join(project, 'server.mts'),
      `import { WebSocket, WebSocketServer, type RawData } from 'oxws';
       const wss: WebSocketServer = new WebSocketServer({ port: 0 });
       wss.on('connection', (ws: WebSocket) => {
         ws.on('message', (data: RawData) => ws.send(data.toString()));
       });
       // @ts-expect-error A port is a number.
       export const wrong = () => new WebSocketServer({ port: '0' });
       wss.close();`
    );
    const flags = ['--strict', '--module', 'nodenext', '--types', 'node'];
    await run(process.execPath, [tsc, ...flags, 'server.mts'], {
      cwd: project
    }).catch(({ stdout }) => assert.fail(stdout));
    await run(process.execPath, ['server.mjs'], { cwd: project });
  });

  async function install(name, dependencies, { flags = [], overrides } = {}) {
    const project = path.join(folder, name);

    fs.mkdirSync(project);
    fs.writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', dependencies, overrides })
    );
    // Not synchronously: the registry is in this process.
    const [command, ...args] = process.env.npm_execpath
      ? [process.execPath, process.env.npm_execpath]
      : ['npm'];
    await run(
      command,
      [
        ...[...args, 'install', '--no-audit', '--no-fund', ...flags],
        ...['--registry', registry.url, '--cache', path.join(folder, 'cache')]
      ],
      { cwd: project, env: { ...process.env, ...withoutRust() } }
    );
    return project;
  }

  // Nothing but what a script of a package might run, thus no cargo.
  function withoutRust() {
    const bin = path.join(folder, 'bin');

    if (!fs.existsSync(bin)) {
      fs.mkdirSync(bin);
      fs.symlinkSync(process.execPath, path.join(bin, 'node'));
    }
    return process.platform === 'win32' ? {} : { PATH: bin, CARGO_HOME: bin };
  }
});

/** Runs code in a project, and returns what it prints. */
async function node(project, script, type = 'commonjs') {
  const flags = [`--input-type=${type}`, '--eval', script];
  const { stdout } = await run(process.execPath, flags, { cwd: project });
  return stdout;
}

/** Has a server and a client speak with each other, in both module systems. */
async function useIn(project, name = 'oxws') {
  const echo = `
    const wss = new WebSocketServer({ port: 0 }, () => {
      const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
      ws.on('open', () => ws.send('hello'));
      ws.on('message', (data) => {
        console.log(String(data));
        ws.close();
        wss.close();
      });
    });
    wss.on('connection', (ws) => {
      ws.on('message', (data) => ws.send(data + ' there'));
    });`;

  const required = `const { WebSocket, WebSocketServer } = require('${name}');`;
  assert.strictEqual(await node(project, required + echo), 'hello there\n');

  const imported = `import WebSocket, { WebSocketServer } from '${name}';`;
  const output = await node(project, imported + echo, 'module');
  assert.strictEqual(output, 'hello there\n');
}

/** Packs what was built, and returns the tarballs' paths by package. */
function pack(destination) {
  npm(
    ['run', '--silent', 'pack:all', '--'].concat(
      ...['--binaries', path.join(root, 'js'), '--destination', destination]
    ),
    { cwd: root, stdio: 'pipe' }
  );

  return Object.fromEntries(
    fs
      .readdirSync(destination)
      .map((file) => [
        file.slice(0, -`-${version}.tgz`.length),
        path.join(destination, file)
      ])
  );
}

/** The packages as a registry has them, and one that depends on ws. */
async function published(tarballs) {
  const manifests = [await manifestIn(tarballs.oxws)];
  for (const { name } of platforms()) {
    manifests.push(
      readJSON(path.join(root, 'target/npm', name, 'package.json'))
    );
  }

  const folder = path.dirname(tarballs.oxws);
  const dependent = path.join(folder, 'package');
  fs.mkdirSync(dependent);
  fs.writeFileSync(
    path.join(dependent, 'index.js'),
    "module.exports = require('ws');"
  );
  manifests.push({
    name: 'depends-on-ws',
    version: '1.0.0',
    dependencies: { ws: '^8.18.0' }
  });
  fs.writeFileSync(
    path.join(dependent, 'package.json'),
    JSON.stringify(manifests.at(-1))
  );
  const tarball = path.join(folder, 'depends-on-ws.tgz');
  await run('tar', ['czf', tarball, '-C', folder, 'package']);

  const files = { ...tarballs, 'depends-on-ws': tarball };
  return manifests.map((manifest) => ({
    manifest,
    tarball: files[manifest.name] && fs.readFileSync(files[manifest.name])
  }));
}

function installed(project) {
  return fs
    .readdirSync(path.join(project, 'node_modules'))
    .filter((name) => !name.startsWith('.'))
    .sort();
}

async function contents(tarball) {
  const { stdout } = await run('tar', ['tzf', tarball]);
  return stdout.trim().split('\n');
}

async function manifestIn(tarball) {
  const flags = ['xzOf', tarball, 'package/package.json'];
  return JSON.parse((await run('tar', flags)).stdout);
}

function readJSON(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
