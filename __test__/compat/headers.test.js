'use strict';

//
// The grammar of the headers that ws exports: the same values for the parsers of
// ws and of the implementation under test, and the same results and errors.
//

const assert = require('node:assert');
const { describe, it } = require('node:test');
const ws = require('ws');

const { WebSocket } = require('../support/implementation');

const GENERATED = 20_000;

/**
 * Pieces that values are made of: what the grammar has, and what it has not.
 */
const pieces = [
  ...['a', 'foo', 'permessage-deflate', '__proto__', 'constructor', '0'],
  ...[',', ';', '=', '"', '\\', ' ', '\t', ', ', '; ', '="', '" ', '\\a'],
  ...['@', '\0', '\x7f', '\n', '\r', '\v', '\xa0', 'é', '🦀', '\ud800', '()']
];

/**
 * Numbers that are the same in each run.
 *
 * @param {Number} seed Where they begin
 * @return {Function} `pick(list)`, an element of a list
 */
function createPick(seed) {
  let state = seed;

  return (list) => {
    // The generator of "Numerical Recipes"; its high bits are the random ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)];
  };
}

/**
 * Values near the grammar: a valid one, of which in most cases something is
 * replaced, inserted or cut off.
 *
 * @param {Function} createValid Makes a valid value, given `pick`
 * @return {String[]} Values, the same in each run
 */
function generate(createValid) {
  const pick = createPick(6455);
  const changes = [
    (value) => value,
    (value, i) => value.slice(0, i) + pick(pieces) + value.slice(i),
    (value, i) => value.slice(0, i) + pick(pieces) + value.slice(i + 1),
    (value, i) => value.slice(0, i),
    () => Array.from({ length: 6 }, () => pick(pieces)).join('')
  ];

  return Array.from({ length: GENERATED }, () => {
    const value = createValid(pick);

    return pick(changes)(value, pick([...Array(value.length + 1).keys()]));
  });
}

function createExtensions(pick) {
  const gap = () => pick(['', '', ' ', '\t ']);
  const name = () => pick(['a', 'b', 'permessage-deflate', '__proto__', '!#$']);
  const value = () =>
    pick(['', '', '=1', '=b', '="c"', '="\\0"', '="b\\a\\z"']);
  const list = (join, element) =>
    Array.from({ length: pick([1, 1, 2, 3]) }, element).reduce(
      (all, next) => all + gap() + join + gap() + next
    );

  return list(',', () =>
    list(';', (_, i) => (i === 0 ? name() : name() + value()))
  );
}

function createSubprotocols(pick) {
  return Array.from({ length: pick([1, 2, 3]) }, () =>
    pick(['a', 'b', 'chat.v2', '__proto__', 'graphql-ws'])
  ).join(pick([',', ', ', ' ,', '\t, \t']));
}

/**
 * @param {Function} run What to do
 * @return {Array} Its result, or its error as far as ws determines it
 */
function outcome(run) {
  try {
    const result = run();

    // `deepStrictEqual()` does not look at the order of keys.
    return [result, JSON.stringify(result)];
  } catch (err) {
    return [Object.getPrototypeOf(err), err.message, Object.keys(err)];
  }
}

function compare(name, method, values) {
  for (const value of values) {
    const expected = outcome(() => ws[name][method](value));
    const actual = outcome(() => WebSocket[name][method](value));

    assert.deepStrictEqual(actual, expected, JSON.stringify(value));
  }
}

describe('extension', () => {
  describe('.parse', () => {
    it('is that of ws for values written by hand', () => {
      compare('extension', 'parse', [
        '',
        'permessage-deflate',
        'permessage-deflate; client_max_window_bits',
        'permessage-deflate; client_max_window_bits; ' +
          'server_max_window_bits="10", permessage-deflate',
        'a; b=1; b; b=2; c="3", d, a; b',
        '__proto__; __proto__=1; __proto__, hasOwnProperty; constructor',
        'a ;b\t;\tc = 1',
        'a;b="\\1\\2"',
        'a;b="1"2',
        'a;b="1" 2',
        'a;b="',
        'a;b="1\\',
        'a;b=""',
        'a;b="1" ',
        'a;b="1"\t;c',
        '"a"',
        ' a',
        'a ',
        '\ta',
        'a,',
        ',a',
        'a;',
        'a;=1',
        'a;b=;c',
        'a;b==1',
        'a=1',
        'a;b=é',
        '🦀',
        'a;b="🦀"',
        'a\0'
      ]);
    });

    it('is that of ws for generated values', () => {
      compare('extension', 'parse', generate(createExtensions));
    });

    it('tells the index in a long value', () => {
      const valid = 'a; b="c", '.repeat(10_000);

      compare('extension', 'parse', [`${valid}@`, valid, `${valid}a`]);
    });
  });

  describe('.format', () => {
    it('is that of ws', () => {
      compare('extension', 'format', [
        {},
        { a: {} },
        { a: [{}, { b: true }], c: { d: [1, true, 'x'], e: false } },
        { a: [], b: {} },
        { a: { b: [] } },
        { a: [{ b: undefined, c: null }] },
        ws.extension.parse('a; b="c", d; e; e=1, a'),
        null
      ]);
    });
  });
});

describe('subprotocol', () => {
  describe('.parse', () => {
    it('is that of ws for values written by hand', () => {
      compare('subprotocol', 'parse', [
        '',
        'a',
        'b, a',
        'a , b\t,\tc',
        '__proto__, constructor',
        'a,a',
        'a,b,a',
        'a,a ',
        'a,a@',
        'a,a,@',
        'a;b',
        ' a',
        'a ',
        ',',
        'a,,',
        'a, ',
        '"a"',
        'é',
        'a🦀'
      ]);
    });

    it('is that of ws for generated values', () => {
      compare('subprotocol', 'parse', generate(createSubprotocols));
    });
  });
});
