'use strict';

const { cell, figure, percent } = require('../figures');
const { PATIENCE, sample, usage } = require('../process');

/**
 * A server under steady load: CPU time per message or connection, and latency.
 */

/** Above this share of one CPU the load generator may be what limits. */
const SATURATED = 0.95;

/**
 * @param {String} what What is counted: `message` or `connection`
 * @param {String} short The same, where space is short
 * @return {Object} The role: see index.js
 */
module.exports = (what, short) => ({
  duration: (scenario, { warmup, seconds }) => warmup + seconds + 0.4,

  async measure({ server, startLoad, options }) {
    const { warmup, seconds, verify } = options;
    const load = startLoad({ warmup, seconds, verify });

    await load.line(warmup + PATIENCE);
    const before = [sample(server.pid), sample(load.pid)];
    const end = await load.line(seconds + PATIENCE);
    const after = [sample(server.pid), sample(load.pid)];
    await load.success(PATIENCE);

    const perSecond = end.messages / end.seconds;
    const used = usage(before[0], after[0]);
    // A rate over a rate: the load is steady, so it does not matter that the
    // samples were taken a moment after the lines were written.
    const eachUs = (rate) => (rate / perSecond) * 1e6;
    return {
      perSecond,
      latencyUs: end.latencyUs,
      replyBytes: end.bytes / end.messages,
      cpuUs: {
        total: eachUs(used.total),
        main: eachUs(used.main),
        others: eachUs(used.others),
        byName: Object.fromEntries(
          Object.entries(used.byName).map(([name, rate]) => [
            name,
            eachUs(rate)
          ])
        )
      },
      serverCpu: used.total,
      loadCpu: usage(before[1], after[1]).total,
      threadsEnded: used.ended
    };
  },

  metrics: {
    cpuUs: (round) => round.cpuUs.total,
    mainUs: (round) => round.cpuUs.main,
    othersUs: (round) => round.cpuUs.others,
    perSecond: (round) => round.perSecond,
    p50Us: (round) => round.latencyUs.p50,
    p99Us: (round) => round.latencyUs.p99,
    serverCpu: (round) => round.serverCpu,
    loadCpu: (round) => round.loadCpu,
    replyBytes: (round) => round.replyBytes
  },

  ratios: {
    cpuRatio: ['cpuUs', 'cpuUs'],
    mainRatio: ['mainUs', 'cpuUs'],
    perSecondRatio: ['perSecond', 'perSecond'],
    bytesRatio: ['replyBytes', 'replyBytes']
  },

  modeRatios: {
    cpuModeRatio: ['cpuUs', 'cpuUs'],
    mainModeRatio: ['mainUs', 'mainUs']
  },

  progress: ({ cpuUs, perSecond, latencyUs, serverCpu, loadCpu }) =>
    `${figure(cpuUs.total).padStart(6)} us/${short} ` +
    `(main ${figure(cpuUs.main)}, others ${figure(cpuUs.others)})  ` +
    `${figure(perSecond)} ${short}/s  p50 ${figure(latencyUs.p50)} us  ` +
    `p99 ${figure(latencyUs.p99)} us  server ${Math.round(serverCpu * 100)}%  ` +
    `load ${Math.round(loadCpu * 100)}%`,

  columns: (reference, spread, { load }) => [
    [`CPU us/${short}`, (s) => cell(s.cpuUs, spread)],
    ['JS or main thread', (s) => cell(s.mainUs, spread)],
    ['other threads', (s) => cell(s.othersUs, spread)],
    [`CPU / ${reference}`, (s) => cell(s.cpuRatio, spread)],
    [`main / ${reference}'s CPU`, (s) => cell(s.mainRatio, spread)],
    ['CPU / port', (s) => cell(s.cpuModeRatio, spread)],
    ['main / port', (s) => cell(s.mainModeRatio, spread)],
    // Elsewhere all send the same.
    ...(load.deflate
      ? [
          ['reply B', (s) => cell(s.replyBytes, spread)],
          [`reply / ${reference}`, (s) => cell(s.bytesRatio, spread)]
        ]
      : []),
    [`${what}s/s`, (s) => cell(s.perSecond, spread)],
    [`${what}s/s / ${reference}`, (s) => cell(s.perSecondRatio, spread)],
    ['p50 us', (s) => cell(s.p50Us, spread)],
    ['p99 us', (s) => cell(s.p99Us, spread)],
    ['server CPU', (s) => percent(s.serverCpu)],
    ['load CPU', (s) => percent(s.loadCpu) + (isSaturated(s) ? ' !' : '')]
  ],

  notes
});

function notes({ rounds, seconds, verify }, results) {
  const notes = [
    `CPU time and latency: ${rounds} rounds of ${seconds} s` +
      (verify ? '; every payload compared' : '')
  ];
  if (results.some(({ summary }) => isSaturated(summary))) {
    notes.push(
      '!: the load generator was busy all the time and may have set the pace'
    );
  }
  if (results.some((one) => one.rounds.some((r) => r.threadsEnded > 0))) {
    notes.push('Threads of a server ended while measured: CPU is too low');
  }
  return notes;
}

function isSaturated({ loadCpu }) {
  return loadCpu.median >= SATURATED;
}
