'use strict';

const { setTimeout } = require('node:timers/promises');

const { NO_FIGURE, cell, figure } = require('../figures');
const { PATIENCE, openFilesLimit, residentKiB } = require('../process');

/**
 * Connections that are open and silent: the server's memory for each.
 */

/** Files that a process has open beside its connections, at most. */
const OTHER_FILES = 100;

/** Handshakes, and messages, in a second, at the least. */
const SLOWEST = 500;

module.exports = {
  duration: ({ load, closed = 0 }) =>
    load.settle +
    closed +
    (load.connections * (1 + (load.messages ?? 0) / 5)) / 5000 +
    0.4,

  files: ({ load }, { filesPerConnection = 1 }) =>
    load.connections * filesPerConnection + OTHER_FILES,

  async measure({ server, startLoad, scenario, contender }) {
    const { settle, messages = 0, connections: wanted } = scenario.load;
    const { filesPerConnection = 1 } = contender;
    // Both processes run under the same limit.
    const room = openFilesLimit(server.pid) - OTHER_FILES;
    const connections = Math.min(wanted, Math.floor(room / filesPerConnection));
    if (connections < 1) throw new Error('Too few files may be open');

    const beforeKiB = residentKiB(server.pid);
    const load = startLoad({ connections });
    const exchanges = connections * (1 + messages);
    await load.line(settle + exchanges / SLOWEST + PATIENCE);
    const afterKiB = residentKiB(server.pid);
    const outcome = await load.stop();
    if (outcome !== 0) throw new Error(`${load.name} failed (${outcome})`);

    let closedKiB;
    if (scenario.closed) {
      await setTimeout(scenario.closed * 1000);
      closedKiB = residentKiB(server.pid);
    }
    return {
      connections,
      beforeKiB,
      afterKiB,
      closedKiB,
      perConnectionKiB: (afterKiB - beforeKiB) / connections
    };
  },

  metrics: {
    connections: (round) => round.connections,
    beforeMiB: (round) => round.beforeKiB / 1024,
    afterMiB: (round) => round.afterKiB / 1024,
    closedMiB: (round) => round.closedKiB / 1024,
    perConnectionKiB: (round) => round.perConnectionKiB
  },

  ratios: { memoryRatio: ['perConnectionKiB', 'perConnectionKiB'] },

  modeRatios: { memoryModeRatio: ['perConnectionKiB', 'perConnectionKiB'] },

  headlines: {
    perConnectionKiB: { unit: 'KiB/conn', ratio: 'memoryRatio' }
  },

  progress: ({
    connections,
    beforeKiB,
    afterKiB,
    closedKiB,
    perConnectionKiB
  }) =>
    `${figure(perConnectionKiB).padStart(6)} KiB/connection  ` +
    `(${figure(beforeKiB / 1024)} MiB, with ${connections} connections ` +
    `${figure(afterKiB / 1024)} MiB` +
    `${closedKiB ? `, closed ${figure(closedKiB / 1024)} MiB` : ''})`,

  columns: (reference, spread) => [
    ['KiB/connection', (s) => cell(s.perConnectionKiB, spread)],
    [`memory / ${reference}`, (s) => cell(s.memoryRatio, spread)],
    ['memory / port', (s) => cell(s.memoryModeRatio, spread)],
    ['MiB before', (s) => cell(s.beforeMiB, spread)],
    ['MiB after', (s) => cell(s.afterMiB, spread)],
    [
      'MiB closed',
      (s) => (s.closedMiB.median ? cell(s.closedMiB, spread) : NO_FIGURE)
    ],
    ['connections', (s) => figure(s.connections.min)]
  ],

  notes({ rounds, connections }, results) {
    const notes = [`Idle: ${rounds} rounds; resident memory of the server`];
    const least = Math.min(...results.map((r) => r.summary.connections.min));
    if (least < connections) {
      notes.push(
        `Fewer connections than the ${connections} asked for: a process may ` +
          'not open more files (ulimit -Hn)'
      );
    }
    return notes;
  }
};
