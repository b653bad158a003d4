'use strict';

/**
 * The options of `npm run conformance`.
 */

const { parseArgs } = require('node:util');

const { ALL, COMPRESSION, QUICK, select } = require('./cases');
const { UsageError } = require('../support/command');

/**
 * How each side can be tested, by role; the first mode is the default.
 */
const MODES = {
  server: ['port', 'server', 'tls'],
  client: ['tcp', 'tls']
};

const USAGE = `Usage: npm run conformance -- [options]

Runs cases of the Autobahn Testsuite against an echo server or an echo client,
which have the limits on fragments switched off: with a server's default ones
9.3.1, 9.3.2, 9.4.1 and 9.4.2 fail by design. The suite is installed on the
first run.

  --quick                 the ${QUICK.length} cases that need no extension (the default)
  --compression           ${COMPRESSION.length} cases of permessage-deflate, a minute
  --all                   all ${ALL.length} cases, many minutes
  --cases <list>          ids, groups and patterns: 6.4.1,9.3,12.*.1
                          These add up, but for --all
  --implementation <name> oxws (the default), ws, or the path of a module
  --role <side>           the side that is tested: server (the default), client
  --mode <mode>           of a server: port (the default), which listens by
                          itself; server, on an http.Server of Node; tls, on an
                          https.Server. Of a client: tcp (the default), tls
  --url <url>             test a server that is already listening
  --strict                NON-STRICT is a failure too
  --keep                  keep the suite's reports and print where they are
  --python <source>       pyenv, debian or auto (the default): where the
                          suite's Python 2.7 comes from
  --help                  print this

OXWS_AUTOBAHN is the folder to install the suite into; the default is
node_modules/.cache/oxws-autobahn.`;

/**
 * @param {Object} options The options that select cases
 * @return {String[]} Their ids, in the suite's order
 * @throws {RangeError} if a pattern matches no case
 */
function selected({ all, cases, compression, quick }) {
  if (all) return ALL;
  if (!compression && !quick && cases === undefined) return QUICK;

  const ids = new Set([
    ...(quick ? QUICK : []),
    ...(compression ? COMPRESSION : []),
    ...(cases === undefined ? [] : select(cases.split(',')))
  ]);

  return ALL.filter((id) => ids.has(id));
}

/**
 * Reads the command line.
 *
 * @param {String[]} args The arguments
 * @return {Object} The options, and `ids`: the selected cases
 * @throws {UsageError} if they make no sense
 */
function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        all: { type: 'boolean', default: false },
        cases: { type: 'string' },
        compression: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        implementation: { type: 'string', default: 'oxws' },
        keep: { type: 'boolean', default: false },
        mode: { type: 'string' },
        python: { type: 'string', default: 'auto' },
        quick: { type: 'boolean', default: false },
        role: { type: 'string', default: 'server' },
        strict: { type: 'boolean', default: false },
        url: { type: 'string' }
      }
    });
    const { all, cases, compression, python, quick, role, url } = values;

    if (all && (quick || compression || cases !== undefined)) {
      throw new RangeError('--all excludes other selections');
    }
    if (!Object.hasOwn(MODES, role)) {
      throw new RangeError(`--role ${role} is not supported`);
    }
    if (url !== undefined && (role === 'client' || values.mode !== undefined)) {
      throw new RangeError('--url is for a server of any kind, without --mode');
    }

    const { mode = MODES[role][0] } = values;

    if (!MODES[role].includes(mode)) {
      throw new RangeError(`--role ${role} has no --mode ${mode}`);
    }
    if (!['auto', 'debian', 'pyenv'].includes(python)) {
      throw new RangeError(`--python ${python} is not supported`);
    }

    return { ...values, mode, ids: selected(values) };
  } catch (err) {
    throw new UsageError(err.message);
  }
}

module.exports = { USAGE, parse };
