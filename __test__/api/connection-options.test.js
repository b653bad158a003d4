'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { beyondReference } = require('../support/implementation');

describe('The configuration of a connection', beyondReference, () => {
  const PerMessageDeflate = require('../../js/permessage-deflate');
  const {
    CONNECTION_DEFAULTS,
    configOf
  } = require('../../js/connection-options');

  const name = PerMessageDeflate.extensionName;

  function configFor(options, { isServer = true, extensions = {} } = {}) {
    const all = { ...CONNECTION_DEFAULTS, ...options };

    return Buffer.from(configOf(all, isServer, extensions));
  }

  it('is that of its own options, whatever the one before had', () => {
    const deflate = new PerMessageDeflate({ isServer: true });
    const usual = configFor({});

    deflate.accept([{}]);

    for (const [options, others] of [
      [{ autoPong: false }],
      [{ closeTimeout: 1000 }],
      [{ heartbeat: { interval: 1000, timeout: 2000 } }],
      [{ maxBufferedChunks: 5 }],
      [{ maxFragments: 6 }],
      [{ maxInboundBytes: 7 }],
      [{ maxPayload: 8 }],
      [{ maxPendingAutoPongs: 9 }],
      [{ skipUTF8Validation: true }],
      [{}, { isServer: false }],
      [{}, { extensions: { [name]: deflate } }]
    ]) {
      const what = JSON.stringify([options, others]);
      const first = configFor(options, others);

      assert.notDeepStrictEqual(first, usual, what);
      assert.deepStrictEqual(configFor(options, others), first, what);
      assert.deepStrictEqual(configFor({}), usual, what);
      assert.deepStrictEqual(configFor({}), usual, what);
    }
  });

  it('is not that of options of which one can not be told', () => {
    const usual = configFor({});

    assert.throws(
      () => configFor({ maxPayload: 8, closeTimeout: 5n }),
      TypeError
    );
    assert.deepStrictEqual(configFor({}), usual);
  });

  it('follows changes within an object of options', () => {
    const heartbeat = { interval: 1000, timeout: 2000 };
    const first = configFor({ heartbeat });

    heartbeat.interval = 500;
    assert.notDeepStrictEqual(configFor({ heartbeat }), first);
  });
});
