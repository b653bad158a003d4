'use strict';

const assert = require('node:assert');
const { once: onceOf } = require('node:events');
const path = require('node:path');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { cleanup } = require('../support/cleanup');
const { deadline } = require('../support/deadline');
const { buildPlainRequest } = require('../support/handshake');
const { linuxOnly, socketBufferBytes } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/serving-worker.js');

/**
 * Write requests until the server takes no more, and read nothing.
 *
 * @return {Promise<Number>} The bytes that were not taken
 */
async function pipeline(raw) {
  const requests = Buffer.from(buildPlainRequest().repeat(1000));
  const total = Math.ceil((2 * socketBufferBytes()) / requests.length);
  let taken = 0;
  let stalled = 0;

  for (let i = 0; i < total; i++) {
    raw.socket.write(requests, (err) => {
      if (!err) taken++;
    });
  }

  while (stalled < 20 && taken < total) {
    const before = taken;

    await new Promise((resolve) => setTimeout(resolve, 25));
    stalled = taken > before ? 0 : stalled + 1;
  }

  return (total - taken) * requests.length;
}

describe('A client that pipelines requests and reads nothing', () => {
  it('is disconnected with the worker that serves it', linuxOnly, async (t) => {
    const worker = new Worker(script);

    cleanup(t, () => worker.terminate());

    const [{ port }] = await deadline(onceOf(worker, 'message'), 'the port');
    const raw = await RawClient.connect(t, port);

    raw.socket.pause();
    assert.ok((await pipeline(raw)) > 0, 'the server must stop reading');
    assert.strictEqual(raw.ended, false);

    await worker.terminate();
    // Not all was read, so it is a reset, which needs no reading to be seen.
    await raw.end();
    assert.ok(['ECONNRESET', 'EPIPE'].includes(raw.error?.code), raw.error);
  });
});
