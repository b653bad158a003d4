'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

/**
 * On which CPUs server and load generator run.
 */

/**
 * @return {Number[]} The CPUs that the runner may use
 */
function allowedCpus() {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  const [, list] = /^Cpus_allowed_list:\s*(\S+)/m.exec(status);
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/**
 * @param {String} text Of the option --pin
 * @return {String} The same if it can be done, or `off` if it was not asked
 *     for and cannot be
 */
function checkedPin(text) {
  if (text === 'off') return text;
  const taskset = spawnSync('taskset', ['--version']).status === 0;
  if (text === 'auto') {
    return taskset && allowedCpus().length > 1 ? text : 'off';
  }
  if (!taskset) throw new Error('--pin needs taskset (util-linux)');
  if (!/^[\d,-]+:[\d,-]+$/.test(text)) {
    throw new Error('--pin must be SERVER:LOAD or off');
  }
  return text;
}

/**
 * @param {String} pin A checked option
 * @param {Number} [wanted] How many CPUs the server is to have
 * @return {Object|undefined} CPUs of the `server` and of the `load`, as
 *     taskset wants them, if they are bound to any. A load generator for which
 *     there is no CPU left shares the last one of the server's.
 */
function placement(pin, wanted = 1) {
  if (pin === 'off') return undefined;
  if (pin !== 'auto') {
    const [server, load] = pin.split(':');
    return { server, load };
  }
  const cpus = allowedCpus();
  return {
    server: cpus.slice(0, wanted).join(','),
    load: `${cpus[wanted] ?? cpus.at(-1)}`
  };
}

module.exports = { allowedCpus, checkedPin, placement };
