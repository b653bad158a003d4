'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { burner } = require('../servers/burn');

/**
 * @param {Number} us What a burn is to take
 * @return {Number} What it takes at the least
 */
function least(us) {
  const burn = burner(us);
  let shortest = Infinity;
  for (let sample = 0; sample < 200; sample++) {
    const start = performance.now();
    for (let i = 0; i < 10; i++) burn();
    shortest = Math.min(shortest, ((performance.now() - start) / 10) * 1000);
  }
  return shortest;
}

describe('burner()', () => {
  it('takes about as long as was asked for', () => {
    for (const us of [10, 50]) {
      const took = least(us);
      assert.ok(took > us * 0.7 && took < us * 1.5, `${took} us`);
    }
  });
});
