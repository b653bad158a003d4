'use strict';

/**
 * Where a Python 2.7 comes from, the only line that runs the Autobahn
 * Testsuite: from pyenv, or from Debian bullseye's packages unpacked into a
 * folder, since no later release has it.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { run } = require('./child');

const DEBIAN_RELEASE = 'bullseye';
const DEBIAN_PACKAGES = [
  'python2.7',
  'python2.7-minimal',
  'libpython2.7-minimal',
  'libpython2.7-stdlib',
  'libpython2.7-dev',
  'libffi7',
  'libssl1.1'
];
const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const DOWNLOAD_TIMEOUT = 300_000;
const LOCAL_TIMEOUT = 60_000;

/**
 * @typedef {Object} Interpreter
 * @property {String} executable Its path
 * @property {Object} env The variables that it needs
 */

/**
 * Looks for a Python 2.7 of pyenv.
 *
 * @return {Interpreter|undefined} The interpreter
 */
function findPyenv() {
  const root = process.env.PYENV_ROOT || path.join(os.homedir(), '.pyenv');
  const versions = path.join(root, 'versions');

  if (!fs.existsSync(versions)) return undefined;

  for (const version of fs.readdirSync(versions)) {
    const executable = path.join(versions, version, 'bin', 'python2.7');

    if (version.startsWith('2.7.') && fs.existsSync(executable)) {
      return { executable, env: {} };
    }
  }

  return undefined;
}

/**
 * Finds the archives that the system's apt is configured to use.
 *
 * @return {Promise<String[]>} Their addresses
 */
async function archives() {
  const uris = await run('apt-get', ['update', '--print-uris'], {
    timeout: LOCAL_TIMEOUT
  });
  const found = new Set();

  for (const [, archive, suite] of uris.matchAll(
    /^'(\S+?)\/dists\/(\S+)\/InRelease'/gm
  )) {
    // An archive of security updates only has no whole release.
    if (!/security/.test(suite)) found.add(archive);
  }

  return [...found];
}

/**
 * Writes a configuration that keeps apt inside a folder. Of the system's own
 * it takes how to reach the network, and leaves out the hooks, which belong to
 * the system's state.
 *
 * @param {String} folder The folder
 * @return {Promise<Object>} The variables that make apt use it
 */
async function configureApt(folder) {
  const dump = await run('apt-config', ['dump'], { timeout: LOCAL_TIMEOUT });
  const network = dump
    .split('\n')
    .filter((line) => /^Acquire::(https?|ftp|proxy|retries)\b/i.test(line));
  const config = path.join(folder, 'apt.conf');

  for (const name of ['lists/partial', 'archives/partial', 'empty']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }

  fs.writeFileSync(path.join(folder, 'status'), '');
  fs.writeFileSync(
    config,
    [
      ...network,
      `Dir::Etc::sourcelist "${folder}/sources.list";`,
      `Dir::Etc::sourceparts "${folder}/empty";`,
      `Dir::Etc::parts "${folder}/empty";`,
      `Dir::Etc::preferences "${folder}/none";`,
      `Dir::Etc::preferencesparts "${folder}/empty";`,
      `Dir::State "${folder}";`,
      `Dir::State::lists "${folder}/lists";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}";`,
      `Dir::Cache::archives "${folder}/archives";`,
      'Acquire::Languages "none";',
      // The release is old, its index is no longer renewed.
      'Acquire::Check-Valid-Until "false";',
      // The folder need not be open to apt's own user.
      `APT::Sandbox::User "${os.userInfo().username}";`,
      ''
    ].join('\n')
  );

  return { APT_CONFIG: config };
}

/**
 * Unpacks Debian's packages into a folder.
 *
 * @param {String} folder The folder
 * @param {Function} note Called with what is being done
 * @return {Promise<Interpreter>} The interpreter
 */
async function installDebian(folder, note) {
  const apt = path.join(folder, 'apt');
  const root = path.join(folder, 'root');

  fs.mkdirSync(root, { recursive: true });

  const env = await configureApt(apt);
  const candidates = await archives();
  const signedBy = fs.existsSync(DEBIAN_KEYRING)
    ? `[signed-by=${DEBIAN_KEYRING}] `
    : '';
  const options = { cwd: path.join(apt, 'archives'), env };
  let error = new Error('The system has no apt sources');

  for (const archive of candidates) {
    fs.writeFileSync(
      path.join(apt, 'sources.list'),
      `deb ${signedBy}${archive} ${DEBIAN_RELEASE} main\n`
    );

    try {
      note(`downloading Debian ${DEBIAN_RELEASE}'s Python 2.7`);
      await run('apt-get', ['update'], {
        ...options,
        timeout: DOWNLOAD_TIMEOUT
      });
      await run('apt-get', ['download', ...DEBIAN_PACKAGES], {
        ...options,
        timeout: DOWNLOAD_TIMEOUT
      });
      error = undefined;
      break;
    } catch (err) {
      error = err;
    }
  }

  if (error !== undefined) throw error;

  const packages = fs
    .readdirSync(options.cwd)
    .filter((name) => name.endsWith('.deb'));

  for (const name of packages) {
    await run('dpkg', ['-x', path.join(options.cwd, name), root], {
      timeout: LOCAL_TIMEOUT
    });
  }

  fs.rmSync(apt, { recursive: true });

  const libraries = ['lib', 'usr/lib']
    .map((name) => path.join(root, name))
    .filter((directory) => fs.existsSync(directory))
    .flatMap((directory) =>
      fs
        .readdirSync(directory)
        .filter((name) => name.includes('-linux-gnu'))
        .map((name) => path.join(directory, name))
    );
  const include = path.join(root, 'usr/include');

  return {
    executable: path.join(root, 'usr/bin/python2.7'),
    env: {
      LD_LIBRARY_PATH: libraries.join(':'),
      CPATH: [include, path.join(include, 'python2.7')].join(':')
    }
  };
}

module.exports = { findPyenv, installDebian };
