'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { beyondReference } = require('../support/implementation');

describe('A block that the core reads', beyondReference, () => {
  it('is not written, even if there is no room for another', () => {
    // Nothing in this process opens a connection.
    const outbox = require('../../js/outbox');
    const addon = require('../../js/binding');
    const lent = Buffer.alloc(addon.BLOCK_SIZE);
    const flushed = [];
    let hasRoom = false;

    outbox.open(
      {
        flush: (length) => flushed.push(length) && 1 << 1,
        block: () => {
          // As where the stack is at its end.
          if (!hasRoom) throw new RangeError('of the stack');

          return lent;
        }
      },
      () => {}
    );
    const send = (index) =>
      outbox.write(
        { index, generation: 0 },
        outbox.BINARY_FLAGS,
        lent.subarray(0, 4)
      );

    send(7);
    outbox.flush(false);
    assert.throws(() => send(8), RangeError);
    assert.throws(() => send(9), RangeError);
    outbox.flush(false);
    assert.deepStrictEqual(flushed, [28]);
    assert.strictEqual(outbox.block.readUInt8(0), 7);

    hasRoom = true;
    send(10);
    assert.strictEqual(outbox.block.readUInt8(0), 7);
    assert.strictEqual(lent.readUInt8(0), 10);
    outbox.flush(false);
    assert.deepStrictEqual(flushed, [28, 28]);
  });
});
