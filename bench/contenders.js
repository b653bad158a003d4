'use strict';

const path = require('node:path');

/**
 * Who is measured. `handlers` are those that the server knows; a scenario
 * with another handler leaves the contender out.
 *
 * @typedef {Object} Contender
 * @property {String} name Name on the command line and in JSON
 * @property {String} title Name in tables
 * @property {Boolean} [standard] Run when no contender is asked for
 * @property {Boolean} [reference] What the others are compared with
 * @property {Object} [expect] What the server must say of itself
 * @property {String[]} handlers Names of handlers that the server knows
 * @property {Function} command Given the handler and the load generator's
 *     binary, returns the server's command line
 * @property {Object} [env] Environment of the server, on top of the runner's;
 *     `undefined` removes a variable
 * @property {Object} [load] Options of the load generator that this server
 *     needs
 */

/** @type {Contender[]} */
module.exports = [
  {
    name: 'oxws',
    title: 'oxws',
    standard: true,
    handlers: ['echo'],
    command: (handler) => node('oxws.js', handler)
  },
  {
    name: 'ws',
    title: 'ws + bufferutil',
    standard: true,
    reference: true,
    handlers: ['echo'],
    expect: { bufferutil: true },
    command: (handler) => node('ws.js', handler),
    env: { WS_NO_BUFFER_UTIL: undefined }
  },
  {
    name: 'ws-js',
    title: 'ws without bufferutil',
    handlers: ['echo'],
    expect: { bufferutil: false },
    command: (handler) => node('ws.js', handler),
    env: { WS_NO_BUFFER_UTIL: '1' }
  },
  {
    name: 'raw',
    title: 'raw TCP echo',
    standard: true,
    handlers: ['echo'],
    command: (handler, loadBinary) => [loadBinary, 'raw-server'],
    load: { raw: true }
  }
];

/**
 * @param {String} driver File name in servers/
 * @param {String} handler Name of the handler
 * @return {String[]} The command line
 */
function node(driver, handler) {
  return [process.execPath, path.join(__dirname, 'servers', driver), handler];
}
