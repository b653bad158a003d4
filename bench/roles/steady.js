'use strict';

const { cell, figure, percent } = require('../figures');
const { PATIENCE, sample, usage } = require('../process');

/**
 * A server under steady load: CPU time per message or connection, and latency.
 */

/** Above this share of one CPU the load generator may be what limits. */
const SATURATED = 0.95;

/** Above this share of one CPU other processes are worth a word. */
const DISTURBED = 0.1;

module.exports = { steady, whoRan };

/**
 * @param {String} what What is counted: `message` or `connection`
 * @param {String} short The same, where space is short
 * @return {Object} The role: see index.js
 */
function steady(what, short) {
  return {
    duration: (scenario, { warmup, seconds }) => warmup + seconds + 0.4,

    async measure({ server, startLoad, options, busy }) {
      const { warmup, seconds, verify } = options;
      const load = startLoad({ warmup, seconds, verify });

      await load.line(warmup + PATIENCE);
      const before = [sample(server.pid), sample(load.pid), busy()];
      const end = await load.line(seconds + PATIENCE);
      const after = [sample(server.pid), sample(load.pid), busy()];
      await load.success(PATIENCE);

      const perSecond = end.messages / end.seconds;
      const used = usage(before[0], after[0]);
      const loadCpu = usage(before[1], after[1]).total;
      const elapsed = Number(after[0].at - before[0].at) / 1e9;
      const allCpu = (after[2] - before[2]) / elapsed;
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
        loadCpu,
        otherCpu: Math.max(0, allCpu - used.total - loadCpu),
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
      p50Ratio: ['p50Us', 'p50Us'],
      bytesRatio: ['replyBytes', 'replyBytes']
    },

    modeRatios: {
      cpuModeRatio: ['cpuUs', 'cpuUs'],
      mainModeRatio: ['mainUs', 'mainUs']
    },

    headlines: {
      cpuUs: { unit: `CPU us/${short}`, ratio: 'cpuRatio' },
      mainUs: { unit: `JS thread us/${short}`, ratio: 'mainRatio' },
      perSecond: { unit: `${short}/s`, ratio: 'perSecondRatio', more: true },
      p50Us: { unit: 'p50 us', ratio: 'p50Ratio' }
    },

    progress: ({ cpuUs, perSecond, latencyUs, ...shares }) =>
      `${figure(cpuUs.total).padStart(6)} us/${short} ` +
      `(main ${figure(cpuUs.main)}, others ${figure(cpuUs.others)})  ` +
      `${figure(perSecond)} ${short}/s  p50 ${figure(latencyUs.p50)} us  ` +
      `p99 ${figure(latencyUs.p99)} us  ${whoRan(shares)}`,

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
  };
}

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
  const disturbed = results
    .flatMap((one) => one.rounds)
    .map(({ otherCpu }) => otherCpu)
    .filter((share) => share > DISTURBED);
  if (disturbed.length > 0) {
    notes.push(
      `Other processes took up to ${Math.round(Math.max(...disturbed) * 100)}% ` +
        `of a CPU, in ${disturbed.length} measurements: these ` +
        'figures want a quieter machine'
    );
  }
  return notes;
}

/**
 * @param {Object} round A round
 * @return {String} How busy who was, in percent of one CPU
 */
function whoRan({ serverCpu, loadCpu, otherCpu }) {
  const shares = [
    ['server', serverCpu],
    ['load', loadCpu],
    ...(otherCpu > DISTURBED ? [['other processes', otherCpu]] : [])
  ];
  return shares
    .map(([name, share]) => `${name} ${Math.round(share * 100)}%`)
    .join('  ');
}

function isSaturated({ loadCpu }) {
  return loadCpu.median >= SATURATED;
}
