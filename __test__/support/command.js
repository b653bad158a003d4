'use strict';

//
// The command line of a program that tests: what it prints, and how it ends.
//

/** The arguments make no sense. */
class UsageError extends Error {}

/**
 * Runs a program. It ends with 1 if it failed and with 2 if its arguments made no
 * sense.
 *
 * @param {String} usage What `--help` prints
 * @param {Function} parse Given the arguments, returns the options, or throws a
 *     `UsageError`
 * @param {Function} main Given the options, resolves with whether all is well
 */
async function command(usage, parse, main) {
  try {
    const options = parse(process.argv.slice(2));

    if (options.help) console.log(usage);
    else if (!(await main(options))) process.exitCode = 1;
  } catch (err) {
    process.exitCode = err instanceof UsageError ? 2 : 1;
    console.error(err instanceof UsageError ? err.message : err.stack);
  }
}

module.exports = { UsageError, command };
