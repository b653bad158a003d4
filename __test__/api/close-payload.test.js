'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { beyondReference } = require('../support/implementation');

describe('The payload of a close frame', beyondReference, () => {
  const { closePayload } = require('../../js/close-frame');

  function refuses(code, message) {
    assert.throws(() => closePayload(code), { name: 'TypeError', message });
  }

  it('is refused without a valid code, also before there was one', () => {
    const message = 'First argument must be a valid error code number';

    for (const code of [0, -1, null, NaN, 1005, '1000']) refuses(code, message);
    assert.deepStrictEqual([...closePayload(1000)], [3, 232]);
    for (const code of [0, -1, null, NaN, 1005, '1000']) refuses(code, message);
  });

  it('is empty without a code, whatever the reason', () => {
    for (const reason of [undefined, null, 'reason']) {
      assert.strictEqual(closePayload(undefined, reason).length, 0);
    }
  });

  it('is that of its code and its reason, whatever the one before was', () => {
    for (const [code, reason, octets] of [
      [1000, undefined, [3, 232]],
      [1000, '', [3, 232]],
      [1000, 'a', [3, 232, 97]],
      [1000, Buffer.alloc(0), [3, 232]],
      [1001, undefined, [3, 233]],
      [1000, undefined, [3, 232]]
    ]) {
      assert.deepStrictEqual([...closePayload(code, reason)], octets);
    }
  });
});
