'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { linuxOnly } = require('../support/process-state');

const script = path.join(__dirname, 'fixtures/worker-owner.js');

async function run(t, ...args) {
  const child = startChild(t, script, { args });
  const result = await child.message('result');
  const { before, after } = result;

  assert.ok(
    after.descriptors <= before.descriptors,
    `descriptors: ${before.descriptors} before, ${after.descriptors} after`
  );
  assert.ok(
    after.threads <= before.threads,
    `threads: ${before.threads} before, ${after.threads} after`
  );
  // The process must end by itself once its workers have.
  assert.deepStrictEqual(
    await child.exit(),
    { code: 0, signal: null },
    child.stderr
  );
  return result;
}

describe('Worker threads', () => {
  for (const [mode, what] of [
    ['port', 'servers'],
    ['server', "servers of Node's"],
    ['clients', 'clients']
  ]) {
    describe(`with ${what}`, () => {
      it('terminated in traffic leave nothing', linuxOnly, async (t) => {
        const { codes } = await run(t, 'terminate', mode);

        assert.deepStrictEqual(codes, [1]);
      });

      it(
        'terminated in traffic of long messages leave nothing',
        linuxOnly,
        async (t) => {
          const { codes } = await run(t, 'terminate', mode, 'idle', '20000');

          assert.deepStrictEqual(codes, [1]);
        }
      );

      it('that close them end by themselves', linuxOnly, async (t) => {
        const { codes } = await run(t, 'close', mode);

        assert.deepStrictEqual(codes, [0]);
      });

      it('do not disturb a server of the main thread', linuxOnly, async (t) => {
        const { echoed } = await run(t, 'terminate', mode, 'serving');

        assert.strictEqual(echoed, 'alive');
      });
    });
  }
});
