'use strict';

/**
 * From rounds to figures, and from figures to tables.
 */

/** Above this share of one CPU the load generator may be what limits. */
const SATURATED = 0.95;

/**
 * @param {Number[]} values One value per round
 * @return {Object} Median, least and greatest
 */
function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? sorted[middle]
      : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/**
 * Summarises the rounds of a scenario. A ratio is taken within each round,
 * where both sides met the same machine, and then over the rounds.
 *
 * @param {Object[]} results One per contender, with its `rounds`
 * @param {String} reference Name of the contender to compare with
 * @return {Object[]} The results with their `summary`
 */
function summarise(results, reference) {
  const base = results.find(({ name }) => name === reference)?.rounds;
  return results.map((result) => {
    const over = (value) => summary(result.rounds.map(value));
    const ratio = (value) =>
      base && summary(result.rounds.map((r, i) => value(r) / value(base[i])));
    return {
      ...result,
      summary: {
        cpuUs: over((round) => round.cpuUs.total),
        mainUs: over((round) => round.cpuUs.main),
        othersUs: over((round) => round.cpuUs.others),
        perSecond: over((round) => round.perSecond),
        p50Us: over((round) => round.latencyUs.p50),
        p99Us: over((round) => round.latencyUs.p99),
        serverCpu: over((round) => round.serverCpu),
        loadCpu: over((round) => round.loadCpu),
        cpuRatio: ratio((round) => round.cpuUs.total),
        mainRatio: ratio((round) => round.cpuUs.main)
      }
    };
  });
}

/**
 * @param {Number} value Any figure
 * @return {String} With three significant digits, or all of a large one's
 */
function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value === 0 ? '0' : value.toPrecision(3);
}

/**
 * @param {Object} [summary] A summary
 * @param {Boolean} spread Whether to tell half of the range, in percent
 * @return {String} The cell
 */
function cell(summary, spread) {
  if (!summary) return '-';
  const { median, min, max } = summary;
  if (!spread || median === 0) return figure(median);
  const half = Math.round(((max - min) / 2 / median) * 100);
  return `${figure(median)} ±${half}%`;
}

/**
 * @param {Object} summary Summary of a share of one CPU
 * @return {String} The cell
 */
function percent({ median }) {
  return `${Math.round(median * 100)}%`;
}

/**
 * @param {Object[]} results Summarised results of a scenario
 * @param {String} reference Title of the contender compared with
 * @param {Boolean} spread Whether figures tell their spread
 * @return {String[][]} Rows of cells, the head first
 */
function rows(results, reference, spread) {
  const head = [
    'server',
    'CPU us/msg',
    'JS or main thread',
    'other threads',
    `CPU / ${reference}`,
    `main / ${reference}`,
    'messages/s',
    'p50 us',
    'p99 us',
    'server CPU',
    'load CPU'
  ];
  const body = results.map(({ title, summary: s }) => [
    title,
    cell(s.cpuUs, spread),
    cell(s.mainUs, spread),
    cell(s.othersUs, spread),
    cell(s.cpuRatio, spread),
    cell(s.mainRatio, spread),
    cell(s.perSecond, spread),
    cell(s.p50Us, spread),
    cell(s.p99Us, spread),
    percent(s.serverCpu),
    percent(s.loadCpu) + (s.loadCpu.median >= SATURATED ? ' !' : '')
  ]);
  return [head, ...body];
}

/**
 * Draws a table that reads well as text and is Markdown.
 *
 * @param {String[][]} cells Rows, the head first
 * @return {String} The table
 */
function table(cells) {
  const widths = cells[0].map((_, column) =>
    Math.max(...cells.map((row) => row[column].length))
  );
  const line = (row) =>
    `| ${row
      .map((text, column) =>
        column === 0
          ? text.padEnd(widths[column])
          : text.padStart(widths[column])
      )
      .join(' | ')} |`;
  const rule = `|${widths
    .map((width, column) =>
      column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`
    )
    .join('|')}|`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}

/**
 * @param {Object} report The whole report, as written with --json
 * @param {Boolean} markdown Whether it is for a page instead of a terminal
 * @return {String} The text
 */
function render(report, markdown) {
  const { machine, options, scenarios } = report;
  const parts = scenarios.map(({ title, results }) => {
    const reference = report.reference ?? 'reference';
    const heading = markdown ? `**${title}**\n` : title;
    return `${heading}\n${table(rows(results, reference, !markdown))}`;
  });
  const all = scenarios.flatMap(({ results }) => results);
  const notes = [
    `${machine.cpu}, ${machine.cpus} CPUs, Linux ${machine.kernel}, ` +
      `Node.js ${machine.node}, ${versions(all)}`,
    `Medians of ${options.rounds} rounds of ${options.seconds} s` +
      (markdown ? '' : ', ± half of the range') +
      (options.pin
        ? `; server on CPU ${options.pin.server}, load generator on CPU ` +
          options.pin.load
        : '; not pinned to CPUs') +
      (options.verify ? '; every payload compared' : '')
  ];
  if (all.some((result) => result.summary.loadCpu.median >= SATURATED)) {
    notes.push(
      '!: the load generator was busy all the time and may have set the pace'
    );
  }
  if (all.some(({ rounds }) => rounds.some((r) => r.threadsEnded > 0))) {
    notes.push('Threads of a server ended while measured: CPU is too low');
  }
  parts.push(notes.map((note) => (markdown ? `- ${note}` : note)).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

/**
 * @param {Object[]} results Results with what the servers said of themselves
 * @return {String} Names and versions, each once
 */
function versions(results) {
  const seen = new Set();
  for (const { facts } of results) {
    if (facts.library) seen.add(`${facts.library} ${facts.version}`);
  }
  return [...seen].join(', ');
}

module.exports = { figure, render, summarise };
