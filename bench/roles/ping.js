'use strict';

const { cell, figure, percent } = require('../figures');
const { steady, whoRan } = require('./steady');

/**
 * Pings at fixed times: how long the pongs take.
 */

const role = steady('pong', 'pong');

module.exports = {
  ...role,

  metrics: { ...role.metrics, maxUs: (round) => round.latencyUs.max },

  ratios: {
    p50Ratio: ['p50Us', 'p50Us'],
    p99Ratio: ['p99Us', 'p99Us']
  },

  modeRatios: {},

  headlines: { p99Us: { unit: 'p99 us', ratio: 'p99Ratio' } },

  progress: ({ latencyUs, perSecond, ...shares }) =>
    `p50 ${figure(latencyUs.p50)} us  p99 ${figure(latencyUs.p99)} us  ` +
    `max ${figure(latencyUs.max)} us  ${figure(perSecond)} pong/s  ` +
    whoRan(shares),

  columns: (reference, spread) => [
    ['p50 us', (s) => cell(s.p50Us, spread)],
    [`p50 / ${reference}`, (s) => cell(s.p50Ratio, spread)],
    ['p99 us', (s) => cell(s.p99Us, spread)],
    [`p99 / ${reference}`, (s) => cell(s.p99Ratio, spread)],
    ['longest us', (s) => cell(s.maxUs, spread)],
    ['pongs/s', (s) => cell(s.perSecond, spread)],
    ['server CPU', (s) => percent(s.serverCpu)]
  ]
};
