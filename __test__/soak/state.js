'use strict';

//
// What a process holds, measured from inside after garbage collection or from
// outside while it can't answer.
//

const { readFileSync } = require('node:fs');

const {
  openDescriptors,
  residentBytes,
  threads
} = require('../support/process-state');

const MiB = 1024 * 1024;
const TICKS_PER_SECOND = 100;

/**
 * @return {Promise<Object>} What this process holds, once garbage is collected
 */
async function held() {
  // Finalizers run in turns of their own and may free more.
  for (let i = 0; i < 4; i++) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  const { arrayBuffers, external, heapTotal, heapUsed } = process.memoryUsage();

  return {
    descriptors: openDescriptors(),
    threads: threads(),
    resources: process.getActiveResourcesInfo().sort().join(' '),
    resident: residentBytes(),
    heap: heapUsed,
    heapTotal,
    external: external + arrayBuffers
  };
}

/**
 * @param {Number} pid A process
 * @return {Number} Processor time that it has used, in milliseconds
 */
function processorTime(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is in parentheses and may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');

  return ((+fields[11] + +fields[12]) * 1000) / TICKS_PER_SECOND;
}

/**
 * Watch the resident memory of a process.
 *
 * @param {Number} pid The process
 * @return {Function} Ends the watch and returns the most that was seen
 */
function watchResident(pid) {
  let most = 0;

  function look() {
    try {
      most = Math.max(most, residentBytes(pid));
    } catch {
      // It has ended, which is noticed elsewhere.
    }
  }

  const timer = setInterval(look, 20);

  look();
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}

/**
 * @param {Number} bytes A number of bytes
 * @return {String} It in MiB
 */
function inMiB(bytes) {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}

module.exports = {
  MiB,
  held,
  inMiB,
  openDescriptors,
  processorTime,
  residentBytes,
  watchResident
};
