'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');

describe('The garbage collector', () => {
  it('takes closed connections and servers', async (t) => {
    const child = startChild(t, path.join(__dirname, 'fixtures/collect.js'), {
      execArgv: ['--expose-gc']
    });
    const { opened, ofConnections, ofServers } = await child.message('result');

    assert.strictEqual(opened, 40);

    //
    // The last of each kind may still be held by a cache of Node or by a frame
    // of the stack; a leak would hold them all.
    //
    for (const kind of ['ws', 'req', 'socket', 'message']) {
      const count = ofConnections.filter((name) => name === kind).length;

      assert.ok(count <= 2, `${count} of ${kind} are still alive`);
    }

    assert.ok(ofServers.length <= 1, `${ofServers.length} servers are alive`);
    assert.deepStrictEqual(await child.exit(), { code: 0, signal: null });
  });
});
