'use strict';

const path = require('node:path');

const { LOAD } = require('./build');

/**
 * Who is measured. `handlers` are those that the server knows; a scenario
 * with another handler leaves the contender out. A contender with a `driver`
 * has the API of ws and runs in both modes: what is written here is the one in
 * port mode.
 *
 * @typedef {Object} Contender
 * @property {String} name Name on the command line and in JSON
 * @property {String} title Name in tables
 * @property {String[]} standard Roles of the load generator (roles/index.js)
 *     whose scenarios it runs in when no contender is asked for
 * @property {Boolean} [reference] What the others are compared with
 * @property {Object} [expect] What the server must say of itself
 * @property {String[]} handlers Names of handlers that the server knows
 * @property {String} [package] Package of the Cargo workspace that is the
 *     server
 * @property {String} [runtime] What runs the server instead of Node.js:
 *     see install.js
 * @property {String} [library] The crate that is measured, if the server does
 *     not say so itself
 * @property {String} [driver] File name in servers/
 * @property {Function} [command] Given the handler and the binary of the
 *     package or runtime, returns the server's command line
 * @property {String} [mode] `port`: the WebSocketServer listens by itself;
 *     `server`: it is given an `http.Server`
 * @property {Object} [inServerMode] What is different in server mode, which
 *     is standard nowhere unless it is said here
 * @property {Number} [filesPerConnection] How many files the server opens for
 *     a connection, if not one
 * @property {String} [portMode] Of a contender in server mode: the name of the
 *     same one in port mode
 * @property {Object} [env] Environment of the server, on top of the runner's;
 *     `undefined` removes a variable
 * @property {Object} [load] Options of the load generator that this server
 *     needs
 */

/** All of servers/handlers.js. */
const HANDLERS = Object.keys(require('./servers/handlers'));

/** @type {Contender[]} */
const contenders = [
  {
    name: 'oxws',
    title: 'oxws',
    standard: ['echo', 'paced', 'push', 'ping', 'connect', 'idle'],
    handlers: HANDLERS,
    driver: 'oxws.js',
    // Node keeps the descriptor, and the core has a duplicate.
    inServerMode: {
      filesPerConnection: 2,
      standard: ['echo', 'paced', 'push', 'connect']
    }
  },
  {
    name: 'ws',
    title: 'ws + bufferutil',
    standard: ['echo', 'paced', 'push', 'ping', 'connect', 'idle'],
    reference: true,
    handlers: HANDLERS,
    expect: { bufferutil: true },
    driver: 'ws.js',
    env: { WS_NO_BUFFER_UTIL: undefined }
  },
  {
    name: 'ws-js',
    title: 'ws without bufferutil',
    standard: [],
    handlers: HANDLERS,
    expect: { bufferutil: false },
    driver: 'ws.js',
    env: { WS_NO_BUFFER_UTIL: '1' }
  },
  {
    name: 'bun',
    title: 'Bun',
    standard: ['echo', 'paced', 'push', 'ping', 'connect', 'idle'],
    handlers: [
      'echo',
      'echo-burn',
      'pong-busy',
      'burst',
      'broadcast',
      'broadcast-native'
    ],
    runtime: 'bun',
    command: (handler, binary) => [binary, server('bun/server.js'), handler]
  },
  {
    name: 'deno',
    title: 'Deno',
    standard: [],
    handlers: ['echo', 'echo-burn', 'pong-busy', 'burst', 'broadcast'],
    runtime: 'deno',
    command: (handler, binary) => [
      binary,
      'run',
      '--quiet',
      '--allow-net',
      '--allow-read',
      server('deno/server.mjs'),
      handler
    ]
  },
  {
    name: 'raw',
    title: 'raw TCP',
    standard: ['echo', 'paced', 'push', 'ping', 'connect', 'idle'],
    handlers: ['echo', 'burst', 'broadcast', 'broadcast-native'],
    package: LOAD,
    command: (handler, binary) => [binary, 'raw-server', handler],
    load: { raw: true }
  },
  {
    name: 'tokio-tungstenite',
    title: 'tokio-tungstenite, no JS',
    standard: [],
    handlers: ['echo', 'burst', 'broadcast'],
    package: 'oxws-bench-tokio-tungstenite',
    library: 'tokio-tungstenite',
    command: (handler, binary) => [binary, handler]
  },
  {
    name: 'fastwebsockets',
    title: 'fastwebsockets, no JS',
    standard: [],
    handlers: ['echo', 'burst', 'broadcast'],
    package: 'oxws-bench-fastwebsockets',
    library: 'fastwebsockets',
    command: (handler, binary) => [binary, handler]
  }
];

module.exports = contenders.flatMap((contender) =>
  contender.driver
    ? [inMode(contender, 'port'), inMode(contender, 'server')]
    : [contender]
);

function server(file) {
  return path.join(__dirname, 'servers', file);
}

/**
 * @param {Contender} contender One with a driver
 * @param {String} mode The mode
 * @return {Contender} The contender in that mode
 */
function inMode(contender, mode) {
  const driver = server(contender.driver);
  const command = (handler) => [process.execPath, driver, handler, mode];
  if (mode === 'port') return { ...contender, mode, command };
  return {
    ...contender,
    standard: [],
    ...contender.inServerMode,
    name: `${contender.name}-${mode}`,
    title: `${contender.title}, {${mode}}`,
    mode,
    command,
    portMode: contender.name
  };
}
