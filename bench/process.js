'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const readline = require('node:readline');

/**
 * The processes of a measurement: started on chosen CPUs, read from outside,
 * and gone when the runner is.
 */

/** How long a program may be silent beyond what it was asked to take: s. */
const PATIENCE = 20;

/** Raises the limit of open files, and becomes the program in its arguments. */
const RAISE_FILES = `
  hard=$(ulimit -Hn)
  if [ "$hard" != unlimited ] && [ "$hard" -lt "$1" ]; then
    ulimit -n "$1" 2>/dev/null || ulimit -Sn "$hard"
  elif [ "$(ulimit -Sn)" != unlimited ] && [ "$(ulimit -Sn)" -lt "$1" ]; then
    ulimit -Sn "$1"
  fi
  shift
  exec "$@"`;

const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * A child process that speaks in lines of JSON.
 */
class Process {
  /**
   * @param {String[]} command The command line
   * @param {Object} [options]
   * @param {String} [options.cpus] CPUs to run on, as taskset wants them
   * @param {Object} [options.env] Variables on top of the runner's
   * @param {Number} [options.files] How many files it may have to open; where
   *     that is not allowed, it may open as many as is
   */
  constructor(command, { cpus, env, files } = {}) {
    // The shell and taskset become the program, so that the process id is the
    // program's.
    const [file, ...args] = [
      ...(files ? ['sh', '-c', RAISE_FILES, 'sh', `${files}`] : []),
      ...(cpus ? ['taskset', '-c', cpus] : []),
      ...command
    ];

    this.name = command.slice(0, 2).join(' ');
    this.child = spawn(file, args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit']
    });
    running.add(this.child);
    // A write to a process that has ended is no news: its exit is.
    this.child.stdin.on('error', () => {});
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        running.delete(this.child);
        resolve(error.message);
      });
      this.child.once('exit', (code, signal) => {
        running.delete(this.child);
        resolve(signal ?? code);
      });
    });
    const lines = readline.createInterface({ input: this.child.stdout });
    this.lines = lines[Symbol.asyncIterator]();
  }

  get pid() {
    return this.child.pid;
  }

  /**
   * @param {Number} seconds How long to wait at most
   * @return {Promise<Object>} The next line
   */
  async line(seconds) {
    const { value, done } = await within(seconds, this.lines.next(), this.name);
    if (!done) return JSON.parse(value);
    const outcome = await within(seconds, this.exited, this.name);
    throw new Error(`${this.name} ended too early (${outcome})`);
  }

  /**
   * @param {Number} seconds How long to wait at most
   * @return {Promise<void>} Rejected unless the process ends with code 0
   */
  async success(seconds) {
    const outcome = await within(seconds, this.exited, this.name);
    if (outcome !== 0) throw new Error(`${this.name} failed (${outcome})`);
  }

  /**
   * Ends standard input, which all programs here take as the request to exit,
   * and kills the process if it does not.
   *
   * @return {Promise<Number|String>} Exit code, or what else ended the process
   */
  async stop() {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 2000);
    const outcome = await this.exited;
    clearTimeout(timer);
    return outcome;
  }
}

/**
 * @param {Number} seconds How long to wait at most
 * @param {Promise} promise What to wait for
 * @param {String} name Who is waited for
 */
async function within(seconds, promise, name) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${name} said nothing for ${seconds} s`));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads how long each thread of a process has been on a CPU.
 *
 * @param {Number} pid Process id
 * @return {Object} Time of reading and nanoseconds by thread id
 */
function sample(pid) {
  const threads = new Map();
  const at = process.hrtime.bigint();
  for (const tid of fs.readdirSync(`/proc/${pid}/task`)) {
    const directory = `/proc/${pid}/task/${tid}`;
    try {
      // The first number of schedstat, in nanoseconds; stat has ticks of 10 ms.
      const schedstat = fs.readFileSync(`${directory}/schedstat`, 'latin1');
      const name = fs.readFileSync(`${directory}/comm`, 'latin1').trimEnd();
      threads.set(Number(tid), { name, cpu: Number(schedstat.split(' ')[0]) });
    } catch (error) {
      // The thread ended since the directory was listed.
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return { at, pid, threads };
}

/**
 * What a process used between two samples, in CPU seconds per second. The main
 * thread, whose thread id is the process id, is where JavaScript runs. What a
 * thread used that ended in between cannot be told from outside; such threads
 * are counted.
 *
 * @param {Object} before Earlier sample
 * @param {Object} after Later sample
 * @return {Object} `main`, `others`, `total`, `byName`, and the number of
 *     threads `ended`
 */
function usage(before, after) {
  const elapsed = Number(after.at - before.at);
  const byName = {};
  let main = 0;
  let others = 0;
  for (const [tid, { name, cpu }] of after.threads) {
    const used = (cpu - (before.threads.get(tid)?.cpu ?? 0)) / elapsed;
    if (tid === after.pid) {
      main = used;
    } else {
      others += used;
      byName[name] = (byName[name] ?? 0) + used;
    }
  }
  const ended = [...before.threads.keys()].filter(
    (tid) => !after.threads.has(tid)
  ).length;
  return { main, others, total: main + others, byName, ended };
}

/**
 * @param {Number} pid Process id
 * @return {Number} Its resident memory in KiB
 */
function residentKiB(pid) {
  // The figure in status may lag behind by some pages for each thread.
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Rss:\s*(\d+) kB/m.exec(rollup)[1]);
}

/**
 * @param {Number} pid Process id
 * @return {Number} How many files it may have open
 */
function openFilesLimit(pid) {
  const limits = fs.readFileSync(`/proc/${pid}/limits`, 'latin1');
  const [, soft] = /^Max open files\s+(\w+)/m.exec(limits);
  return soft === 'unlimited' ? Infinity : Number(soft);
}

module.exports = {
  PATIENCE,
  Process,
  openFilesLimit,
  residentKiB,
  sample,
  usage
};
