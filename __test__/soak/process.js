'use strict';

//
// Processes of a check. Whatever is measured runs in one, and so does the load,
// so that neither shares a thread or memory with the other.
//

const { spawn } = require('node:child_process');
const path = require('node:path');

const { within } = require('./waiting');

const CALL_TIMEOUT = 120_000;

/**
 * A process that answers calls, see `answer()`.
 */
class Process {
  /**
   * @param {ChildProcess} child The process
   * @param {String} name Its name in error messages
   */
  constructor(child, name) {
    this.child = child;
    this.name = name;
    this.stderr = '';
    this.isOver = false;
    this.onevent = () => {};
    this._calls = new Map();
    this._next = 0;
    this.over = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.isOver = true;
        for (const { reject } of this._calls.values()) reject(this._ended());
        this._calls.clear();
        resolve({ code, signal });
      });
    });

    child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    child.on('error', (err) => {
      this.stderr += err.stack;
    });
    child.on('message', (message) => {
      if (message.call === undefined) {
        this.onevent(message);
        return;
      }

      const call = this._calls.get(message.call);

      this._calls.delete(message.call);
      if (message.error === undefined) call.resolve(message.result);
      else call.reject(new Error(`${name}: ${message.error}`));
    });
  }

  /**
   * @type {Number}
   */
  get pid() {
    return this.child.pid;
  }

  /**
   * Call a method of the process.
   *
   * @param {String} method The name of the method
   * @param {*} [argument] Its argument
   * @param {Number} [timeout] How long the answer may take
   * @return {Promise<*>} What it returned
   */
  call(method, argument, timeout = CALL_TIMEOUT) {
    const answered = new Promise((resolve, reject) => {
      if (this.isOver) {
        reject(this._ended());
        return;
      }

      const call = this._next++;

      this._calls.set(call, { resolve, reject });
      this.child.send({ call, method, argument }, (err) => {
        if (err) reject(err);
      });
    });

    return within(answered, timeout, `${method}() of ${this.name}`);
  }

  /**
   * End the process, if it has not ended.
   */
  async end() {
    if (!this.isOver) this.child.kill('SIGKILL');
    await this.over;
  }

  _ended() {
    const { exitCode, signalCode } = this.child;

    return new Error(
      `${this.name} ended (${signalCode ?? exitCode}): ${this.stderr}`
    );
  }
}

/**
 * Start a process.
 *
 * @param {Check} check The check that owns it
 * @param {String} name The name of its script in `processes`
 * @param {Object} [options] Options object
 * @param {Object} [options.argument={}] What it gets to know
 * @param {String[]} [options.execArgv=[]] Arguments for node itself
 * @param {String} [options.namespace] The network namespace to run it in
 * @param {Number} [options.openFiles] The number of descriptors it may have
 * @return {Process} The process
 */
function start(
  check,
  name,
  { argument = {}, execArgv = [], namespace, openFiles } = {}
) {
  const command = [
    process.execPath,
    '--expose-gc',
    ...execArgv,
    path.join(__dirname, 'processes', `${name}.js`),
    JSON.stringify(argument)
  ];

  if (openFiles !== undefined) {
    command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`);
  }
  if (namespace !== undefined) {
    command.unshift('ip', 'netns', 'exec', namespace);
  }

  const started = new Process(
    spawn(command[0], command.slice(1), {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc']
    }),
    name
  );

  check.defer(() => started.end());
  return started;
}

/**
 * Answer calls, in a process that was started by `start()`. The process ends
 * with the one that started it.
 *
 * @param {Object} methods The methods by name
 */
function answer(methods) {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ call, method, argument }) => {
    let reply;

    try {
      reply = { call, result: await methods[method](argument) };
    } catch (err) {
      reply = { call, error: err.stack };
    }

    process.send(reply);
  });
}

/**
 * @return {Object} The argument of a process that was started by `start()`
 */
function argument() {
  return JSON.parse(process.argv[2]);
}

module.exports = { answer, argument, start };
