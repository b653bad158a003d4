'use strict';

//
// What a process holds of the system, read from /proc.
//

const { readFileSync, readdirSync } = require('node:fs');

/**
 * @param {(Number|String)} [pid='self'] The process
 * @return {Number} The number of its open descriptors
 */
function openDescriptors(pid = 'self') {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * @param {(Number|String)} [pid='self'] The process
 * @return {Number} The number of its threads
 */
function threads(pid = 'self') {
  return readdirSync(`/proc/${pid}/task`).length;
}

/**
 * @param {(Number|String)} [pid='self'] The process
 * @return {Number} Its resident memory in bytes
 */
function residentBytes(pid = 'self') {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');

  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
}

/**
 * @return {Number} The most bytes that the kernel keeps between two ends of a
 *     TCP connection
 */
function socketBufferBytes() {
  return ['tcp_rmem', 'tcp_wmem']
    .map((name) => readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8'))
    .map((limits) => Number(limits.trim().split(/\s+/)[2]))
    .reduce((a, b) => a + b);
}

/**
 * @param {(Number|String)} pid The process
 * @return {Number} How often its I/O threads have gone to sleep; 0 where that is
 *     not known, and under ws
 */
function ioSwitches(pid) {
  if (process.platform !== 'linux') return 0;

  let sum = 0;

  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');

    if (/^Name:\s+oxws-io-/.test(status)) {
      sum += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)[1]);
    }
  }

  return sum;
}

module.exports = {
  ioSwitches,
  linuxOnly: {
    skip: process.platform === 'linux' ? false : 'reads /proc'
  },
  openDescriptors,
  residentBytes,
  socketBufferBytes,
  threads
};
