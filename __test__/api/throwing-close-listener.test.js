'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { beyondReference } = require('../support/implementation');

const script = path.join(__dirname, 'fixtures/throwing-close-listener.js');

describe("A 'close' listener that throws", () => {
  // Under ws it is called by the socket's own 'close', whose other listeners are
  // then passed over.
  it('costs the socket nothing', beyondReference, async (t) => {
    const child = startChild(t, script);
    const result = await child.message('result');

    assert.deepStrictEqual(result, {
      type: 'result',
      caught: [['thrown', 'uncaughtException']],
      destroyed: true,
      clients: 0
    });
    assert.deepStrictEqual(
      await child.exit(),
      { code: 0, signal: null },
      child.stderr
    );
  });
});
