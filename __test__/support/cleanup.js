'use strict';

const registered = new WeakMap();

/**
 * Dispose of something when a test is over. Later registrations are disposed of
 * first: a server waits for its connections, so the peers, which are opened
 * after it, must go before it.
 *
 * @param {TestContext} t The test
 * @param {Function} dispose Called when the test is over
 */
function cleanup(t, dispose) {
  let disposers = registered.get(t);

  if (disposers === undefined) {
    disposers = [];
    registered.set(t, disposers);
    t.after(async () => {
      const errors = [];

      while (disposers.length > 0) {
        try {
          await disposers.pop()();
        } catch (err) {
          errors.push(err);
        }
      }

      if (errors.length > 0) throw errors[0];
    });
  }

  disposers.push(dispose);
}

module.exports = { cleanup };
