'use strict';

/**
 * The Autobahn Testsuite, installed once into a cache and used from there.
 */

const fs = require('node:fs');
const path = require('node:path');

const { run } = require('./child');
const { findPyenv, installDebian } = require('./python');

const VERSION = '25.10.1';
// The last line that still makes environments of Python 2.7.
const VIRTUALENV = 'virtualenv==20.21.1';
const REQUIREMENTS = [
  `autobahntestsuite==${VERSION}`,
  // The last releases for Python 2.7 of what the suite leaves open.
  'attrs==21.4.0',
  'Automat==22.10.0',
  'cffi==1.15.1',
  'constantly==15.1.0',
  'enum34==1.1.10',
  'hyperlink==21.0.0',
  'idna==2.10',
  'ipaddress==1.0.23',
  'linecache2==1.0.0',
  'pyasn1==0.5.1',
  'pyasn1-modules==0.3.0',
  'pycparser==2.21',
  'PyHamcrest==1.10.1',
  'traceback2==1.4.0',
  'typing==3.10.0.0',
  'ujson==2.0.3',
  'wsaccel==0.6.6'
];

const INSTALL_TIMEOUT = 600_000;
const LOCAL_TIMEOUT = 60_000;

const DEFAULT_CACHE = path.resolve(
  __dirname,
  '../../node_modules/.cache/oxws-autobahn'
);

/**
 * @typedef {Object} Testsuite
 * @property {String} executable The interpreter to run `wstest` with
 * @property {Object} env The variables that it needs
 */

/**
 * Reads what a complete installation left in its folder as the last thing.
 *
 * @param {String} folder The folder
 * @return {Testsuite|undefined} The suite, if its installation is complete
 */
function findInstalled(folder) {
  let record;

  try {
    record = JSON.parse(
      fs.readFileSync(path.join(folder, 'complete.json'), 'utf8')
    );
  } catch {
    return undefined;
  }

  // An environment of Python works only where it was made.
  if (
    record.folder !== folder ||
    record.requirements !== REQUIREMENTS.join(' ') ||
    !fs.existsSync(record.executable)
  ) {
    return undefined;
  }

  return { executable: record.executable, env: record.env };
}

/**
 * Installs the suite into an empty folder.
 *
 * @param {String} folder The folder
 * @param {Object|undefined} interpreter A Python 2.7; Debian's if there is none
 * @param {Function} note Called with what is being done
 * @return {Promise<Testsuite>} The suite
 */
async function install(folder, interpreter, note) {
  const python2 =
    interpreter ?? (await installDebian(path.join(folder, 'python'), note));
  const tools = path.join(folder, 'tools');
  const environment = path.join(folder, 'environment');
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input'];

  note('making an environment of Python 2.7');
  await run(
    'python3',
    [...pip, 'install', '--quiet', '--target', tools, VIRTUALENV],
    { timeout: INSTALL_TIMEOUT }
  );
  await run(
    'python3',
    ['-m', 'virtualenv', '--python', python2.executable, environment],
    {
      env: {
        ...python2.env,
        PYTHONPATH: tools,
        VIRTUALENV_OVERRIDE_APP_DATA: path.join(tools, 'app-data')
      },
      timeout: LOCAL_TIMEOUT
    }
  );

  const executable = path.join(environment, 'bin', 'python');

  note(`installing autobahntestsuite ${VERSION}`);
  await run(executable, [...pip, 'install', ...REQUIREMENTS], {
    env: python2.env,
    timeout: INSTALL_TIMEOUT
  });
  await run(executable, ['-m', 'autobahntestsuite.wstest', '--help'], {
    env: python2.env,
    timeout: LOCAL_TIMEOUT
  });

  fs.rmSync(tools, { recursive: true });

  return { executable, env: python2.env };
}

/**
 * Finds the suite in the cache, or installs it there.
 *
 * @param {Object} options Options
 * @param {String} [options.cache] The folder of the cache
 * @param {String} options.python `pyenv`, `debian`, or `auto`: pyenv's if
 *     there is one, else Debian's
 * @param {Function} options.note Called with what is being done
 * @return {Promise<Testsuite>} The suite
 */
async function prepare({ cache = DEFAULT_CACHE, python, note }) {
  const interpreter = python === 'debian' ? undefined : findPyenv();

  if (python === 'pyenv' && interpreter === undefined) {
    throw new Error('pyenv has no Python 2.7');
  }

  const source = interpreter === undefined ? 'debian' : 'pyenv';
  const folder = path.resolve(cache, `${VERSION}-${source}`);
  const installed = findInstalled(folder);

  if (installed !== undefined) return installed;

  // Whatever is there is out of date, or of an installation that broke off.
  fs.rmSync(folder, { force: true, recursive: true });
  fs.mkdirSync(folder, { recursive: true });

  const suite = await install(folder, interpreter, note);

  fs.writeFileSync(
    path.join(folder, 'complete.json'),
    JSON.stringify({
      ...suite,
      folder,
      requirements: REQUIREMENTS.join(' ')
    })
  );

  return suite;
}

module.exports = { REQUIREMENTS, findInstalled, prepare };
