'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');

describe('The garbage collector', () => {
  for (const [mode, what] of [
    ['port', 'connections of the core'],
    ['server', 'adopted connections'],
    ['tls', 'relayed connections']
  ]) {
    it(`takes closed ${what} and their servers and clients`, async (t) => {
      const child = startChild(t, path.join(__dirname, 'fixtures/collect.js'), {
        args: [mode],
        execArgv: ['--expose-gc']
      });
      const { opened, ofConnections, ofServers } =
        await child.message('result');

      assert.strictEqual(opened, 40);

      //
      // The last of each kind may still be held by a cache of Node or by a frame
      // of the stack; a leak would hold them all.
      //
      for (const kind of new Set(ofConnections)) {
        const count = ofConnections.filter((name) => name === kind).length;

        assert.ok(count <= 4, `${count} of ${kind} are still alive`);
      }

      assert.ok(ofServers.length <= 1, `${ofServers.length} servers are alive`);
      assert.deepStrictEqual(await child.exit(), { code: 0, signal: null });
    });
  }
});
