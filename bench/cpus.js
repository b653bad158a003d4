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
  return parseList(list);
}

/**
 * @param {String} list CPUs as taskset and the kernel write them: `0-2,4`
 * @return {Number[]} Their numbers
 */
function parseList(list) {
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
 * @param {Object} [scenario] Row of scenarios.js
 * @return {Object|undefined} CPUs of the `server` and of the `load`, as
 *     taskset wants them, if they are bound to any. A load generator for which
 *     there is no CPU left shares the last one of the server's.
 */
function placement(pin, { cpus: wanted = 1, sharesCpus = false } = {}) {
  if (pin === 'off') return undefined;
  if (pin !== 'auto') {
    const [server, load] = pin.split(':');
    return { server, load };
  }
  const cpus = allowedCpus();
  const server = cpus.slice(0, wanted).join(',');
  const load = sharesCpus ? server : `${cpus[wanted] ?? cpus.at(-1)}`;
  return { server, load };
}

/** Of the kernel's clock in /proc/stat: USER_HZ is 100 everywhere. */
const TICKS_PER_SECOND = 100;

/**
 * @param {Object} [placed] Where server and load generator run, if they are
 *     bound to CPUs
 * @return {Number} For how many seconds any process has run there so far, or
 *     another machine instead of this virtual one
 */
function busySeconds(placed) {
  const cpus = placed
    ? [placed.server, placed.load].flatMap(parseList)
    : allowedCpus();
  const stat = fs.readFileSync('/proc/stat', 'latin1');
  const ticks = Array.from(new Set(cpus), (cpu) => {
    const line = new RegExp(`^cpu${cpu} (.*)$`, 'm').exec(stat)?.[1] ?? '';
    const columns = line.split(' ').map(Number);
    const [user, nice, system, , , , , steal] = columns;
    return user + nice + system + steal;
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

module.exports = {
  allowedCpus,
  busySeconds,
  checkedPin,
  parseList,
  placement
};
