'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { beyondReference } = require('../support/implementation');

const script = path.join(__dirname, 'fixtures/throwing-listener.js');
const alwaysThrowing = path.join(__dirname, 'fixtures/always-throwing.js');

function of(delivered, url) {
  return delivered.filter((line) => line.startsWith(url));
}

describe('A listener that throws', () => {
  it('makes an uncaughtException and costs others nothing', async (t) => {
    const child = startChild(t, script);
    const { caught, delivered } = await child.message('result');

    assert.deepStrictEqual(caught.sort(), [
      ['bad 2', 'uncaughtException'],
      ['bad 6', 'uncaughtException']
    ]);
    assert.deepStrictEqual(of(delivered, '/b'), [
      '/b 4',
      '/b 5',
      '/b 7',
      '/b last'
    ]);
    assert.deepStrictEqual(of(delivered, '/a').slice(0, 2), [
      '/a 1',
      '/a bad 2'
    ]);
    assert.deepStrictEqual(of(delivered, '/c'), ['/c bad 6']);
  });

  it('costs its own connection nothing', beyondReference, async (t) => {
    const child = startChild(t, script);
    const { delivered } = await child.message('result');

    assert.deepStrictEqual(of(delivered, '/a'), ['/a 1', '/a bad 2', '/a 3']);
  });

  it(
    'costs nothing even if it throws each time',
    beyondReference,
    async (t) => {
      const child = startChild(t, alwaysThrowing);
      const { seen } = await child.message('result');

      assert.strictEqual(seen, 1000);
    }
  );
});
