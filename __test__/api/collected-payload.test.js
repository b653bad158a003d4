'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { beyondReference } = require('../support/implementation');

describe('A large payload', beyondReference, () => {
  it('is written from where it is unless there are likely to be others', async () => {
    // Nothing in this process opens a connection.
    const outbox = require('../../js/outbox');
    const payload = Buffer.alloc(16 * 1024);
    let calls = [];

    outbox.open(
      {
        flush: () => void calls.push('block'),
        send: () => void calls.push('one')
      },
      () => {}
    );
    const send = (count) => {
      for (let index = 0; index < count; index++) {
        outbox.write({ index, generation: 0 }, outbox.BINARY_FLAGS, payload);
      }
    };
    const inTick = async (count) => {
      calls = [];
      send(count);
      await new Promise(setImmediate);
      return calls;
    };
    const inDrain = (count) => {
      calls = [];
      outbox.setDraining(true);
      send(count);
      outbox.setDraining(false);
      outbox.flush(false);
      return calls;
    };

    assert.deepStrictEqual(await inTick(1), ['one']);
    assert.deepStrictEqual(await inTick(3), ['one', 'block']);
    assert.deepStrictEqual(await inTick(3), ['block']);
    // There are none in this one.
    assert.deepStrictEqual(inDrain(0), []);
    assert.deepStrictEqual(inDrain(1), ['block']);
    assert.deepStrictEqual(inDrain(1), ['one']);
    assert.deepStrictEqual(inDrain(2), ['one', 'block']);
    assert.deepStrictEqual(inDrain(2), ['block']);
  });
});
