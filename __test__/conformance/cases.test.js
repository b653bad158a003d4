'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { ALL, COMPRESSION, QUICK, select } = require('./cases');

describe('cases', () => {
  it('are all that the suite has, each once', () => {
    assert.strictEqual(ALL.length, 517);
    assert.strictEqual(new Set(ALL).size, 517);
  });

  it('are in the order of their numbers, in which the suite runs them', () => {
    const numbers = (id) => id.split('.').map(Number);
    const sorted = ALL.toSorted((a, b) => {
      const other = numbers(b);
      const index = numbers(a).findIndex((part, i) => part !== other[i]);

      return numbers(a)[index] - (other[index] ?? -1);
    });

    assert.deepStrictEqual(ALL, sorted);
  });

  it('are 301 without those of permessage-deflate', () => {
    assert.strictEqual(QUICK.length, 301);
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 6, 7, 9, 10].map((group) => select([`${group}`]).length),
      [16, 11, 7, 10, 20, 145, 37, 54, 1]
    );
    assert.deepStrictEqual(
      select(['1', '2', '3', '4.*', '5', '6', '7', '9', '10']),
      QUICK
    );
  });

  it('are 72 that show permessage-deflate in a minute', () => {
    assert.strictEqual(COMPRESSION.length, 72);
    assert.deepStrictEqual(
      COMPRESSION,
      select(
        [1, 2, 3, 4, 5, 11].flatMap((size) => [`12.*.${size}`, `13.*.${size}`])
      )
    );
  });

  describe('#select', () => {
    it('takes an id', () => {
      assert.deepStrictEqual(select(['6.4.1']), ['6.4.1']);
    });

    it('takes a group without its namesakes', () => {
      assert.deepStrictEqual(select(['4.1']), [
        '4.1.1',
        '4.1.2',
        '4.1.3',
        '4.1.4',
        '4.1.5'
      ]);
      assert.strictEqual(select(['7.1']).length, 6);
    });

    it('takes a subgroup of permessage-deflate with all its sizes', () => {
      assert.strictEqual(select(['12', '13']).length, 216);
      assert.deepStrictEqual(
        select(['12.1']),
        Array.from({ length: 18 }, (_, index) => `12.1.${index + 1}`)
      );
      assert.deepStrictEqual(select(['12.1.1']), ['12.1.1']);
    });

    it('matches a pattern against whole ids', () => {
      assert.deepStrictEqual(select(['12.*.1']), [
        '12.1.1',
        '12.2.1',
        '12.3.1',
        '12.4.1',
        '12.5.1'
      ]);
    });

    it('takes each case once, in the order of the suite', () => {
      assert.deepStrictEqual(select(['10', '9.1.2', '9.1.*']), [
        '9.1.1',
        '9.1.2',
        '9.1.3',
        '9.1.4',
        '9.1.5',
        '9.1.6',
        '10.1.1'
      ]);
    });

    it('refuses a pattern that matches nothing', () => {
      for (const pattern of ['8', '1.3', '6.4.5', '', '1.x', '1.1.1.1']) {
        assert.throws(() => select(['2', pattern]), RangeError, pattern);
      }
    });
  });
});
