'use strict';

/**
 * Runs the test suite of npm ws, from a checkout of its repository, on oxws:
 * `npm run test:ws -- PATH-TO-A-WS-CHECKOUT`. See `--help`.
 *
 * Nothing of ws is in this repository and nothing is installed. The suite needs
 * mocha 8, and ws's package.json names it, so the mocha that runs it is the one
 * in the checkout's own `node_modules`: `npm install` there puts it in place.
 *
 * hook.js hands the suite oxws's modules where it requires those of its
 * checkout, adapters.js says which. Each test file runs in a process of its own
 * that ends at the latest when its time is up.
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { parseArgs } = require('node:util');

const judge = require('./judge');
const known = require('./known');
const { UsageError, command } = require('../support/command');

const MAIN = ['websocket', 'websocket-server', 'create-websocket-stream'];
const INTERNAL = [
  'extension',
  'subprotocol',
  'validation',
  'limiter',
  'buffer-util',
  'event-target'
];

/** Test files of modules that oxws does not have, and why it does not. */
const NOT_APPLICABLE = {
  __proto__: null,
  'buffer-util': 'masking and joining of buffers are done in Rust',
  limiter: 'compression runs in Rust, on threads that bound it'
};

const USAGE = `Usage: npm run test:ws -- PATH-TO-A-WS-CHECKOUT [options]

Runs ws's own test suite on oxws. The checkout is a clone of its repository in
which "npm install" was run. It ends with 1 if a test fails that known.js does
not list, or if one passes that it lists.

  --file <name>           a test file, such as websocket-server; may be given
                          several times. The default are
                          ${MAIN.join(', ')},
                          ${INTERNAL.join(', ')}
  --grep <pattern>        only tests whose title matches, as in mocha
  --implementation <name> oxws (the default), the path of another build of it,
                          or ws: the checkout itself, as a control
  --timeout <seconds>     how long a test file may take (the default is 120)
  --help                  print this`;

// How long a process may stay after its last test: what keeps it is a leak.
const EXIT_TIMEOUT = 15_000;

/**
 * Reads the command line.
 *
 * @param {String[]} args The arguments
 * @return {Object} The options
 * @throws {UsageError} If they make no sense
 */
function parse(args) {
  let parsed;

  try {
    parsed = parseArgs({
      allowPositionals: true,
      args,
      options: {
        file: { type: 'string', multiple: true },
        grep: { type: 'string' },
        help: { type: 'boolean', default: false },
        implementation: { type: 'string', default: 'oxws' },
        timeout: { type: 'string', default: '120' }
      }
    });
  } catch (err) {
    throw new UsageError(err.message);
  }

  const { positionals, values } = parsed;
  const { implementation } = values;

  if (values.help) return values;
  if (positionals.length !== 1) throw new UsageError(USAGE);
  if (!(values.timeout > 0)) throw new UsageError('--timeout takes seconds');

  const checkout = realpath(positionals[0]);

  return {
    checkout,
    files: (values.file ?? [...MAIN, ...INTERNAL]).map((name) =>
      path.basename(name).replace(/(\.test)?(\.js)?$/, '')
    ),
    grep: values.grep,
    implementation:
      implementation === 'ws'
        ? null
        : implementation === 'oxws'
          ? path.resolve(__dirname, '../..')
          : realpath(implementation),
    mocha: findMocha(checkout),
    timeout: values.timeout * 1000
  };
}

/**
 * @param {String} folder A path
 * @return {String} It without symbolic links, as modules are named
 * @throws {UsageError} If there is nothing
 */
function realpath(folder) {
  try {
    return fs.realpathSync(folder);
  } catch (err) {
    throw new UsageError(err.message);
  }
}

/**
 * @param {String} checkout The folder of the checkout
 * @return {String} The path of its mocha
 * @throws {UsageError} If there is none
 */
function findMocha(checkout) {
  const mocha = path.join(checkout, 'node_modules/mocha/bin/_mocha');

  if (!fs.existsSync(path.join(checkout, 'test/websocket.test.js'))) {
    throw new UsageError(`${checkout} is no checkout of ws`);
  }
  if (!fs.existsSync(mocha)) {
    throw new UsageError(
      `There is no mocha in ${checkout}: run "npm install" there`
    );
  }

  return mocha;
}

/**
 * Runs one test file.
 *
 * @param {String} file Its name without `.test.js`
 * @param {Object} options The options of the command line
 * @return {Promise<FileReport>} What happened
 */
function runFile(file, { checkout, grep, implementation, mocha, timeout }) {
  const args = ['--throw-deprecation'];

  if (implementation !== null) {
    args.push('--require', path.join(__dirname, 'hook.js'));
  }

  args.push(mocha, '--reporter', path.join(__dirname, 'reporter.js'));
  if (grep !== undefined) args.push('--grep', grep);
  args.push(`test/${file}.test.js`);

  const child = spawn(process.execPath, args, {
    cwd: checkout,
    env: {
      ...process.env,
      OXWS_SUITE_CHECKOUT: checkout,
      OXWS_SUITE_IMPLEMENTATION: implementation ?? ''
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe']
  });
  const passed = new Set();
  const failed = new Map();
  let seen = 0;
  let total = null;
  let running = null;
  let ended = false;
  let late = null;
  let output = '';

  const kill = (reason) => {
    late = reason;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(kill, timeout, 'its time is up');

  const onEvent = {
    __proto__: null,
    start(event) {
      total = event.total;
    },
    test({ title }) {
      running = title;
    },
    pending() {
      seen++;
    },
    pass({ title }) {
      seen++;
      running = null;
      if (!failed.has(title)) passed.add(title);
    },
    fail({ title, message }) {
      // A test that ended well can still fail by what happens afterwards.
      if (!passed.delete(title) && !failed.has(title)) seen++;
      running = null;
      failed.set(title, message);
    },
    end() {
      ended = true;
      clearTimeout(timer);
      timer = setTimeout(kill, EXIT_TIMEOUT, 'something keeps it alive');
    }
  };

  readline.createInterface({ input: child.stdio[3] }).on('line', (line) => {
    const event = JSON.parse(line);

    onEvent[event.type](event);
  });

  for (const input of [child.stdout, child.stderr]) {
    input.setEncoding('utf8').on('data', (text) => (output += text));
  }

  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);

      const end = late ?? `it ended with ${signal ?? code}`;
      const why = late ?? lastError(output, end);

      if (running !== null) {
        seen++;
        failed.set(running, `The process did not survive it: ${why}`);
      } else if (total === null) {
        failed.set('(the file could not be loaded)', why);
      } else if (!ended || failed.size === 0) {
        // A test that fails may leave its server open, which keeps the process.
        if (!ended || late !== null || signal !== null) {
          failed.set('(the end of the process)', why);
        }
      }

      resolve({
        file,
        failed,
        missing: ended || total === null ? 0 : total - seen,
        passed: [...passed],
        whole: ended && grep === undefined
      });
    });
  });
}

/**
 * @param {String} output What a process printed
 * @param {String} otherwise What to say if it names no error
 * @return {String} A line about its error
 */
function lastError(output, otherwise) {
  const line = output.split('\n').find((text) => /^\S*Error\b.*: /.test(text));

  return line ?? otherwise;
}

/**
 * Runs the files and prints the outcome.
 *
 * @param {Object} options The options of the command line
 * @return {Promise<Boolean>} Whether it is as expected
 */
async function main(options) {
  const control = options.implementation === null;
  const expected = control ? [] : known;
  const reports = [];

  for (const file of options.files) {
    if (!control && file in NOT_APPLICABLE) {
      console.log(`${file}: not applicable: ${NOT_APPLICABLE[file]}`);
      continue;
    }

    const report = await runFile(file, options);
    const { failed, failures, missing, passed } = judge([report], expected);

    reports.push(report);
    console.log(`${file}: ${passed} passed, ${failed} failed`);

    for (const { title, message, reason } of failures) {
      console.log(`  ${title}\n    ${message}`);
      if (reason !== undefined) console.log(`    known: ${reason}`);
    }
    if (missing > 0) console.log(`  ${missing} more tests did not run`);
  }

  const { failed, ok, passed, surprises } = judge(reports, expected);

  for (const { file, title } of surprises) {
    console.log(`known.js lists one that does not fail: ${file}: ${title}`);
  }

  console.log(`${passed} passed, ${failed} failed`);

  return ok;
}

command(USAGE, parse, main);
