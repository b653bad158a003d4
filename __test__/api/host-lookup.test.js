'use strict';

const assert = require('node:assert');
const dns = require('node:dns');
const { describe, it } = require('node:test');

const { called, deadline, once, turns } = require('../support/deadline');
const {
  beyondReference,
  WebSocketServer
} = require('../support/implementation');

const HOST = 'name.invalid';

/**
 * Make the lookup of the name fail, which is then in no need of a resolver.
 *
 * @return {Object} `asked`, and `fail()` to answer
 */
function interceptLookup(t) {
  let ask;
  const asked = deadline(
    new Promise((resolve) => {
      ask = resolve;
    }),
    'the lookup'
  );

  t.mock.method(dns, 'lookup', (host, ...rest) => {
    assert.strictEqual(host, HOST);
    ask(rest.at(-1));
  });

  return async function fail() {
    const err = Object.assign(new Error(`getaddrinfo ENOTFOUND ${HOST}`), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: HOST
    });

    (await asked)(err);
    return err;
  };
}

describe('WebSocketServer', () => {
  describe('whose host is not found', () => {
    it("emits 'error'", async (t) => {
      const fail = interceptLookup(t);
      const wss = new WebSocketServer({ port: 0, host: HOST });
      const failed = once(wss, 'error');
      const err = await fail();

      assert.deepStrictEqual(await failed, [err]);
      assert.strictEqual(wss.address(), null);
      await called((cb) => wss.close(cb));
    });

    // Under ws the error is emitted by an http.Server that nobody listens to
    // any longer, which ends the process.
    it("emits only 'close' if it was closed", beyondReference, async (t) => {
      const fail = interceptLookup(t);
      const wss = new WebSocketServer({ port: 0, host: HOST });
      const events = [];

      wss.on('error', () => events.push('error'));
      wss.on('close', () => events.push('close'));

      const closed = once(wss, 'close');

      wss.close();
      await closed;
      await fail();
      await turns(5);
      assert.deepStrictEqual(events, ['close']);
    });

    it(
      "emits no 'error' to nobody if it was closed",
      beyondReference,
      async (t) => {
        const fail = interceptLookup(t);
        const wss = new WebSocketServer({ port: 0, host: HOST });

        await called((cb) => wss.close(cb));
        await fail();
        await turns(5);
        assert.strictEqual(wss.address(), null);
      }
    );
  });
});
