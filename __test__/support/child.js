'use strict';

const { spawn } = require('node:child_process');

const { cleanup } = require('./cleanup');
const { deadline } = require('./deadline');

/**
 * Run a script in a process of its own. It reports with
 * `process.send({ type, … })`.
 *
 * @param {TestContext} t The test that owns the process
 * @param {String} script The path of the script
 * @param {Object} [options] Options object
 * @param {String[]} [options.args=[]] Its arguments
 * @param {String[]} [options.execArgv=[]] Arguments for node itself
 * @param {Number} [options.openFiles] The number of descriptors it may have
 * @return {Object} `message(type)`, `exit()`, `send(message)`, the process, and
 *     what it wrote to stderr
 */
function startChild(t, script, { args = [], execArgv = [], openFiles } = {}) {
  const command = [process.execPath, ...execArgv, script, ...args];

  if (openFiles !== undefined) {
    command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`);
  }

  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc']
  });
  const messages = [];
  const waiting = new Set();
  let stderr = '';
  let status;

  function notify() {
    for (const resolve of waiting) resolve();
    waiting.clear();
  }

  function change(what) {
    return deadline(
      new Promise((resolve) => {
        waiting.add(resolve);
      }),
      `${what} of ${script}; stderr: ${stderr}`
    );
  }

  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.on('message', (message) => {
    messages.push(message);
    notify();
  });
  child.on('close', (code, signal) => {
    status = { code, signal };
    notify();
  });

  cleanup(t, async () => {
    if (status === undefined) {
      child.kill('SIGKILL');
      while (status === undefined) await change('the end');
    }
  });

  return {
    child,
    messages,
    get stderr() {
      return stderr;
    },
    send(message) {
      child.send(message);
    },
    /**
     * @param {String} type The type of the awaited message
     * @return {Promise<Object>} The message
     */
    async message(type) {
      for (;;) {
        const index = messages.findIndex((message) => message.type === type);

        if (index !== -1) return messages.splice(index, 1)[0];
        if (status !== undefined) {
          throw new Error(
            `${script} ended (${status.code ?? status.signal}) before ` +
              `'${type}'; stderr: ${stderr}`
          );
        }

        await change(`'${type}'`);
      }
    },
    /**
     * @return {Promise<Object>} The exit code and the signal
     */
    async exit() {
      while (status === undefined) await change('the exit');
      return status;
    }
  };
}

module.exports = { startChild };
