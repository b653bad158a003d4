'use strict';

/**
 * Which cases the Autobahn Testsuite has and which of them a run takes.
 *
 * The list is written down here rather than asked of the suite, so that a
 * suite which silently runs fewer cases than it should is noticed.
 */

/**
 * The number of cases in each group (`'2': 11` is 2.1 to 2.11) or subgroup
 * (`'1.1': 8` is 1.1.1 to 1.1.8).
 */
const SUBGROUPS = [
  // Framing, ping and pong, reserved bits, opcodes, fragmentation.
  ['1.1', 8],
  ['1.2', 8],
  ['2', 11],
  ['3', 7],
  ['4.1', 5],
  ['4.2', 5],
  ['5', 20],
  // UTF-8.
  ['6.1', 3],
  ['6.2', 4],
  ['6.3', 2],
  ['6.4', 4],
  ['6.5', 5],
  ['6.6', 11],
  ['6.7', 4],
  ['6.8', 2],
  ['6.9', 4],
  ['6.10', 3],
  ['6.11', 5],
  ['6.12', 8],
  ['6.13', 5],
  ['6.14', 10],
  ['6.15', 1],
  ['6.16', 3],
  ['6.17', 5],
  ['6.18', 5],
  ['6.19', 5],
  ['6.20', 7],
  ['6.21', 8],
  ['6.22', 34],
  ['6.23', 7],
  // The closing handshake.
  ['7.1', 6],
  ['7.3', 6],
  ['7.5', 1],
  ['7.7', 13],
  ['7.9', 9],
  ['7.13', 2],
  // Large messages and many fragments, then one auto-fragmented message.
  ['9.1', 6],
  ['9.2', 6],
  ['9.3', 9],
  ['9.4', 9],
  ['9.5', 6],
  ['9.6', 6],
  ['9.7', 6],
  ['9.8', 6],
  ['10.1', 1],
  // permessage-deflate: message sizes, then negotiated parameters.
  ['12.1', 18],
  ['12.2', 18],
  ['12.3', 18],
  ['12.4', 18],
  ['12.5', 18],
  ['13.1', 18],
  ['13.2', 18],
  ['13.3', 18],
  ['13.4', 18],
  ['13.5', 18],
  ['13.6', 18],
  ['13.7', 18]
];

const ALL = SUBGROUPS.flatMap(([prefix, count]) =>
  Array.from({ length: count }, (_, index) => `${prefix}.${index + 1}`)
);

/**
 * Everything that needs no extension.
 */
const QUICK = ALL.filter((id) => !/^1[23]\./.test(id));

/**
 * Of permessage-deflate the smaller messages and one of the larger sizes, with all
 * parameters. The others take most of the time of the whole suite.
 */
const COMPRESSION = ALL.filter((id) => /^1[23]\.\d+\.([1-5]|11)$/.test(id));

/**
 * Selects cases by patterns: an id (`6.4.1`), a group with all that is in it
 * (`7`, `9.3`), or an id with `*` for any run of characters (`12.*.1`). Unlike
 * the suite's own patterns these match whole ids only: `12.*.1` does not take
 * 12.1.10.
 *
 * @param {String[]} patterns The patterns
 * @return {String[]} The ids, each once, in the suite's order
 * @throws {RangeError} if a pattern matches no case
 */
function select(patterns) {
  const selected = new Set();

  for (const pattern of patterns) {
    if (!/^[\d.*]+$/.test(pattern)) {
      throw new RangeError(`"${pattern}" is not a case pattern`);
    }

    const body = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
    const rest = pattern.includes('*') ? '' : '(\\.\\d+)*';
    const expression = new RegExp(`^${body}${rest}$`);
    const ids = ALL.filter((id) => expression.test(id));

    if (ids.length === 0) {
      throw new RangeError(`No case matches "${pattern}"`);
    }

    for (const id of ids) selected.add(id);
  }

  return ALL.filter((id) => selected.has(id));
}

module.exports = { ALL, COMPRESSION, QUICK, select };
