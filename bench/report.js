'use strict';

const { NO_FIGURE, figure, summary } = require('./figures');
const { headlines, measured } = require('./headlines');
const roles = require('./roles');

/**
 * From rounds to figures, and from figures to tables.
 */

/**
 * Summarises the rounds of a scenario. A ratio is taken within each round,
 * where both sides met the same machine, and then over the rounds. All are
 * compared with the reference, and a contender in server mode also with
 * itself in port mode.
 *
 * @param {Object[]} results One per contender, with its `rounds`
 * @param {String} reference Name of the contender to compare with
 * @param {Object} role How they were measured: see roles/index.js
 * @return {Object[]} The results with their `summary`
 */
function summarise(results, reference, { metrics, ratios, modeRatios }) {
  const roundsOf = (wanted) =>
    results.find(({ name }) => name === wanted)?.rounds;
  return results.map((result) => {
    const figures = {};
    for (const [name, value] of Object.entries(metrics)) {
      figures[name] = summary(result.rounds.map(value));
    }
    for (const [names, base] of [
      [ratios, roundsOf(reference)],
      [modeRatios, roundsOf(result.portMode)]
    ]) {
      for (const [name, [of, to]] of Object.entries(base ? names : {})) {
        figures[name] = summary(
          result.rounds.map(
            (round, i) => metrics[of](round) / metrics[to](base[i])
          )
        );
      }
    }
    return { ...result, summary: figures };
  });
}

/**
 * @param {Object[]} results Summarised results of a scenario
 * @param {Array[]} columns The role's columns
 * @return {String[][]} Rows of cells, the head first, without columns in which
 *     nobody has a figure
 */
function rows(results, columns) {
  const filled = columns
    .map(([head, text]) => [
      head,
      ...results.map(({ summary: figures }) => text(figures))
    ])
    .filter(([, ...cells]) => cells.some((text) => text !== NO_FIGURE));
  return ['server', ...results.map(({ title }) => title)].map((title, row) => [
    title,
    ...filled.map((column) => column[row])
  ]);
}

/**
 * Draws a table that reads well as text and is Markdown.
 *
 * @param {String[][]} cells Rows, the head first
 * @param {Number} [words] How many columns are words, not figures
 * @return {String} The table
 */
function table(cells, words = 1) {
  const widths = cells[0].map((_, column) =>
    Math.max(...cells.map((row) => row[column].length))
  );
  const line = (row) =>
    `| ${row
      .map((text, column) =>
        column < words
          ? text.padEnd(widths[column])
          : text.padStart(widths[column])
      )
      .join(' | ')} |`;
  const rule = `|${widths
    .map((width, column) =>
      column < words ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`
    )
    .join('|')}|`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}

/**
 * @param {Object} report The whole report
 * @return {String[][]} Rows of cells, the head first: a figure for each
 *     scenario and contender, and how it compares with the reference's
 */
function overview(report) {
  const contenders = measured(report);
  const head = ['', 'measured', ...contenders.map(({ title }) => title)];
  const text = (name, found) => {
    if (!found) return NO_FIGURE;
    const { value, ratio } = found;
    return name === report.reference || ratio === undefined
      ? figure(value)
      : `${figure(value)} (${ratio.toPrecision(2)})`;
  };
  return [
    head,
    ...headlines(report).map(({ label, unit, figures }) => [
      label,
      unit,
      ...contenders.map(({ name }) => text(name, figures[name]))
    ])
  ];
}

/**
 * @param {Object} report The whole report, as written with --json
 * @param {Boolean} markdown Whether it is for a page instead of a terminal
 * @return {String} The text
 */
function render(report, markdown) {
  const { machine, options, scenarios, missing } = report;
  const reference = report.reference ?? 'reference';
  const parts = scenarios.map((scenario) => {
    const { title, role, results } = scenario;
    const heading = markdown ? `**${title}**\n` : title;
    const columns = roles[role].columns(reference, !markdown, scenario);
    return `${heading}\n${table(rows(results, columns))}`;
  });
  if (scenarios.length > 1) {
    const heading = `in parentheses: relative to ${reference}`;
    parts.push(
      `${markdown ? `**${heading}**\n` : heading}\n${table(overview(report), 2)}`
    );
  }
  const all = scenarios.flatMap(({ results }) => results);
  const notes = [
    `${machine.cpu}, ${machine.cpus} CPUs, Linux ${machine.kernel}, ` +
      `Node.js ${machine.node}, ${versions(all)}`,
    `Medians over rounds${markdown ? '' : ', ± half of the range'}`,
    ...placements(scenarios),
    `Command: ${report.command}`,
    ...missing
  ];
  for (const more of new Set(Object.values(roles).map((role) => role.notes))) {
    const measured = scenarios
      .filter(({ role }) => roles[role].notes === more)
      .flatMap(({ results }) => results);
    if (measured.length > 0) notes.push(...more(options, measured));
  }
  parts.push(notes.map((note) => (markdown ? `- ${note}` : note)).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

/**
 * @param {Object[]} scenarios The report's scenarios
 * @return {String[]} On which CPUs they were measured
 */
function placements(scenarios) {
  const scenariosOf = new Map();
  for (const { name, placement } of scenarios) {
    const text = placement
      ? `Server on CPU ${placement.server}, load generator on CPU ` +
        placement.load
      : 'Not bound to CPUs';
    scenariosOf.set(text, [...(scenariosOf.get(text) ?? []), name]);
  }
  const texts = [...scenariosOf.keys()];
  return texts.length === 1
    ? texts
    : texts.map((text) => `${text}: ${scenariosOf.get(text).join(', ')}`);
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

module.exports = { render, summarise };
