'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { beyondReference } = require('../support/implementation');

const script = path.join(__dirname, 'fixtures/wake.js');

async function run(t, ...args) {
  const child = startChild(t, script, { args });
  const { seen } = await child.message('result');

  // The handle must not keep the process.
  assert.deepStrictEqual(
    await child.exit(),
    { code: 0, signal: null },
    child.stderr
  );
  return seen;
}

for (const [means, what] of [
  ['handle', 'by a handle of libuv'],
  ['function', 'by a thread-safe function']
]) {
  describe(`JavaScript, woken ${what},`, () => {
    for (const [way, error] of [
      ['throws', 'Error'],
      ['overflows', 'RangeError']
    ]) {
      it(`goes on if a listener ${way}`, beyondReference, async (t) => {
        assert.deepStrictEqual(await run(t, way, means), [
          'first',
          error,
          'tick',
          'microtask',
          'turn',
          'second'
        ]);
      });
    }

    it('may be in workers that end in a listener', async (t) => {
      const ends = [
        'close: 0, none',
        'exit: 3, none',
        'terminate: 1, none',
        'throw: 1, thrown'
      ];

      assert.deepStrictEqual(
        await run(t, 'workers', means),
        ends.flatMap((end) => Array(5).fill(end))
      );
    });
  });
}
