'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { beyondReference } = require('../support/implementation');

describe('A payload that many have in common', beyondReference, () => {
  it('is copied once, and let go of', () => {
    // Nothing in this process opens a connection.
    const outbox = require('../../js/outbox');
    const calls = [];
    const connection = { index: 0, generation: 0 };
    const payload = Buffer.alloc(100_000);
    const others = Buffer.alloc(100_000);

    outbox.open({
      flush: (length) => void calls.push(`flush ${length}`),
      send: () => void calls.push('send'),
      share: (what) => calls.push(`share ${what === null ? 'none' : 'it'}`)
    });
    outbox.share(payload, () => {
      outbox.write(connection, outbox.BINARY_FLAGS, payload);
      outbox.write(connection, outbox.BINARY_FLAGS, payload);
      outbox.write(connection, outbox.TEXT_FLAGS, payload);
    });
    outbox.write(connection, outbox.BINARY_FLAGS, payload);
    outbox.share(others, () => {});
    assert.throws(() =>
      outbox.share(others, () => {
        outbox.write(connection, outbox.BINARY_FLAGS, others);
        throw new Error('of the caller');
      })
    );

    assert.deepStrictEqual(calls, [
      'share it',
      'flush 48',
      'share none',
      'send',
      'share it',
      'flush 16',
      'share none'
    ]);
  });
});
