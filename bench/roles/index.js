'use strict';

const { steady } = require('./steady');

/**
 * How each role of the load generator is measured, by name.
 *
 * @typedef {Object} Role
 * @property {Function} duration Given a scenario and the options, says about
 *     how many seconds a measurement takes
 * @property {Function} [files] Given a scenario and the contender, says how
 *     many files the server and the load generator may have to keep open
 * @property {Function} measure Given the `server`, `startLoad(options)`, the
 *     `scenario`, the `contender`, the `options`, and `busy()`, which says for
 *     how many seconds their CPUs have been busy, returns the round's figures
 * @property {Object} metrics What is summarised over rounds: functions of a
 *     round by name
 * @property {Object} ratios What is summarised relative to the reference: by
 *     the ratio's name, the metric and the one of the reference
 * @property {Object} modeRatios The same for server mode relative to port mode
 * @property {Object} headlines What may stand for a scenario, by the metric's
 *     name: its `unit`, its `ratio` to the reference, and whether `more` is
 *     better. The first does where a scenario names none.
 * @property {Function} progress A round's figures in one line
 * @property {Function} columns The table's columns, given the reference's name,
 *     whether to tell the spread, and the scenario: their heads and functions of
 *     the summary
 * @property {Function} notes What the reader of the tables must know, given
 *     the options and the results of all scenarios measured so
 */

const messages = steady('message', 'msg');

/** @type {Object<String, Role>} */
module.exports = {
  echo: messages,
  paced: messages,
  push: messages,
  connect: steady('connection', 'conn'),
  ping: require('./ping'),
  idle: require('./idle')
};
