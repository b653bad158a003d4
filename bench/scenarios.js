'use strict';

const { BURN_US, SLICE_MS } = require('./servers/burn');
const { BURST, SIZE } = require('./servers/messages');

/**
 * What is measured. A row names the handler that the server runs
 * (servers/handlers.js) and the role of the load generator with its options
 * (load/src/main.rs). Rows with `standard` run unless others are asked for.
 *
 * @typedef {Object} Scenario
 * @property {String} name Name on the command line and in JSON
 * @property {String} label Name in the summary and in the chart
 * @property {String} title What is measured, in a line
 * @property {Boolean} [standard] Run when no scenario is asked for
 * @property {String} handler Name of the server's handler
 * @property {String} role Subcommand of the load generator (roles/index.js)
 * @property {Object} load Options of that subcommand
 * @property {String|String[]} [shows] Which of the role's figures the summary
 *     and the chart show, if not its first
 * @property {Number} [cpus] How many CPUs the server is bound to, if not one
 * @property {Boolean} [sharesCpus] Whether the load generator is bound to the
 *     server's CPUs and not to one of its own
 * @property {Number} [closed] Seconds after which the server is looked at once
 *     more when all connections are closed
 */

/** @type {Scenario[]} */
module.exports = [
  {
    name: 'echo-100x1',
    label: 'echo of 64 B, 100 x 1',
    title: 'echo, 100 connections x 1 in flight, 64 B',
    standard: true,
    handler: 'echo',
    role: 'echo',
    load: { connections: 100, 'in-flight': 1, size: 64 }
  },
  {
    name: 'echo-100x16',
    label: 'echo of 64 B, 100 x 16',
    title: 'echo, 100 connections x 16 in flight, 64 B',
    standard: true,
    handler: 'echo',
    role: 'echo',
    load: { connections: 100, 'in-flight': 16, size: 64 }
  },
  {
    name: 'echo-1000x1-512B',
    label: 'echo of 512 B, 1000 x 1',
    title: 'echo, 1000 connections x 1 in flight, 512 B',
    standard: true,
    handler: 'echo',
    role: 'echo',
    load: { connections: 1000, 'in-flight': 1, size: 512 }
  },
  {
    name: 'echo-64x1-16KiB',
    label: 'echo of 16 KiB, 64 x 1',
    title: 'echo, 64 connections x 1 in flight, 16 KiB',
    standard: true,
    handler: 'echo',
    role: 'echo',
    load: { connections: 64, 'in-flight': 1, size: 16 * 1024 }
  },
  {
    name: 'echo-8x1-1MiB',
    label: 'echo of 1 MiB, 8 x 1',
    title: 'echo, 8 connections x 1 in flight, 1 MiB',
    standard: true,
    handler: 'echo',
    role: 'echo',
    load: { connections: 8, 'in-flight': 1, size: 1024 * 1024 }
  },
  {
    name: 'echo-1x1',
    label: 'echo of 64 B, 1 x 1',
    title: 'echo, 1 connection x 1 in flight, 64 B',
    standard: true,
    shows: 'p50Us',
    handler: 'echo',
    role: 'echo',
    load: { connections: 1, 'in-flight': 1, size: 64 }
  },
  {
    name: 'echo-4x1',
    label: 'echo of 64 B, 4 x 1',
    title: 'echo, 4 connections x 1 in flight, 64 B',
    standard: true,
    shows: 'p50Us',
    handler: 'echo',
    role: 'echo',
    load: { connections: 4, 'in-flight': 1, size: 64 }
  },
  {
    name: 'echo-100x1-2cpus',
    label: 'echo of 64 B, 100 x 1, two CPUs',
    title: 'echo, 100 connections x 1 in flight, 64 B, server on two CPUs',
    cpus: 2,
    standard: true,
    shows: 'mainUs',
    handler: 'echo',
    role: 'echo',
    load: { connections: 100, 'in-flight': 1, size: 64 }
  },
  {
    name: 'echo-100x16-2cpus',
    label: 'echo of 64 B, 100 x 16, two CPUs',
    title: 'echo, 100 connections x 16 in flight, 64 B, server on two CPUs',
    cpus: 2,
    standard: true,
    shows: 'mainUs',
    handler: 'echo',
    role: 'echo',
    load: { connections: 100, 'in-flight': 16, size: 64 }
  },
  {
    name: 'echo-burn-100x1',
    label: `echo after ${BURN_US} us of JS, 100 x 1`,
    title: `echo after ${BURN_US} us of JS, 100 connections x 1 in flight, 64 B`,
    standard: true,
    shows: 'perSecond',
    handler: 'echo-burn',
    role: 'echo',
    load: { connections: 100, 'in-flight': 1, size: 64 }
  },
  {
    name: 'echo-burn-100x1-2cpus',
    label: `echo after ${BURN_US} us of JS, two CPUs`,
    title:
      `echo after ${BURN_US} us of JS, 100 connections x 1 in flight, 64 B, ` +
      'server on two CPUs',
    cpus: 2,
    standard: true,
    shows: 'perSecond',
    handler: 'echo-burn',
    role: 'echo',
    load: { connections: 100, 'in-flight': 1, size: 64 }
  },
  {
    name: 'echo-callback-100x16',
    label: 'echo with a callback, 100 x 16',
    title:
      'echo that asks for a callback for each message, 100 connections x 16 in ' +
      'flight, 64 B',
    standard: true,
    handler: 'echo-callback',
    role: 'echo',
    load: { connections: 100, 'in-flight': 16, size: 64 }
  },
  {
    name: 'echo-paced-100',
    label: 'echo of 64 B, 2,000/s over 100',
    title:
      'echo, one message at a time at random instants, 2,000/s, ' +
      '100 connections, 64 B, server and load on the same two CPUs',
    cpus: 2,
    sharesCpus: true,
    standard: true,
    shows: ['cpuUs', 'p50Us'],
    handler: 'echo',
    role: 'paced',
    load: { connections: 100, rate: 2000, size: 64 }
  },
  {
    name: 'echo-deflate-100x1-1KiB',
    label: 'echo of 1 KiB, deflate, 100 x 1',
    title:
      'echo with permessage-deflate, 100 connections x 1 in flight, ' +
      '1 KiB of JSON',
    handler: 'echo-deflate',
    role: 'echo',
    load: { connections: 100, 'in-flight': 1, size: 1024, deflate: true }
  },
  {
    name: 'burst-10',
    label: 'bursts of 128 B to 10',
    title:
      `the server sends bursts of ${BURST} messages of ${SIZE} B, ` +
      '10 connections',
    standard: true,
    handler: 'burst',
    role: 'push',
    load: { connections: 10, burst: BURST, size: SIZE }
  },
  {
    name: 'broadcast-1000',
    label: 'broadcast of 128 B to 1000, loop',
    title: `broadcast of ${SIZE} B of text to 1000 connections, in a loop`,
    standard: true,
    handler: 'broadcast',
    role: 'push',
    load: { connections: 1000, broadcast: true, size: SIZE, text: true }
  },
  {
    name: 'broadcast-1000-native',
    label: 'broadcast of 128 B to 1000, native',
    title:
      `broadcast of ${SIZE} B of text to 1000 connections, with the ` +
      "library's own broadcast if it has one",
    standard: true,
    handler: 'broadcast-native',
    role: 'push',
    load: { connections: 1000, broadcast: true, size: SIZE, text: true }
  },
  {
    name: 'pong-busy',
    label: 'pong while JS is busy',
    title:
      `pongs while JS is busy for ${SLICE_MS} ms of every ${2 * SLICE_MS}, ` +
      '10 connections with a ping every 5 ms',
    standard: true,
    handler: 'pong-busy',
    role: 'ping',
    load: { connections: 10, interval: 5 }
  },
  {
    name: 'connect',
    label: 'connect, upgrade, close',
    title: 'connect, upgrade and close, 64 connections at a time',
    standard: true,
    handler: 'echo',
    role: 'connect',
    load: { connections: 64 }
  },
  {
    name: 'connect-first-5000',
    label: 'connect: the first 5,000',
    title:
      'connect, upgrade and close, the first 5,000 connections of a fresh ' +
      'server, 64 at a time',
    standard: true,
    handler: 'echo',
    role: 'connect',
    load: { connections: 64, first: 5000 }
  },
  {
    name: 'idle-10000',
    label: 'idle connection',
    title: 'idle connections, after one message of 64 B each',
    standard: true,
    handler: 'echo',
    role: 'idle',
    load: { connections: 10_000, size: 64, settle: 3 }
  },
  {
    name: 'idle-deflate-10000',
    label: 'idle connection, deflate',
    title:
      'idle connections with permessage-deflate, a minute after 100 messages ' +
      'of 1 KiB of JSON each',
    handler: 'echo-deflate',
    role: 'idle',
    load: {
      connections: 10_000,
      deflate: true,
      messages: 100,
      size: 1024,
      settle: 60
    },
    closed: 20
  }
];
