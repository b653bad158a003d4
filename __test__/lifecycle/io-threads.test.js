'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const { startChild } = require('../support/child');
const { cleanup } = require('../support/cleanup');
const { deadline, once } = require('../support/deadline');
const { beyondReference } = require('../support/implementation');
const { linuxOnly } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/io-threads.js');

/**
 * Start a server on four I/O threads.
 */
async function start(t, ...args) {
  const child = startChild(t, script, { args });
  const { port } = await child.message('listening');

  return { child, port };
}

/**
 * @return {Buffer} The message of that number, which tells whose it is
 */
function message(connection, number) {
  const data = Buffer.alloc([12, 100, 1000, 20000][number % 4], number);

  data.writeUInt32BE(connection, 0);
  data.writeUInt32BE(number, 4);
  return data;
}

/**
 * Send messages, keep some under way, and compare what comes back.
 */
async function echo(t, port, connection, count) {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  let sent = 0;
  let received = 0;

  cleanup(t, () => client.terminate());
  await once(client, 'open');
  await deadline(
    new Promise((resolve, reject) => {
      client.on('message', (data) => {
        if (!data.equals(message(connection, received))) {
          reject(new Error(`not message ${received} of ${connection}`));
        }

        if (++received === count) resolve();
        if (sent < count) client.send(message(connection, sent++));
      });
      client.on('error', reject);
      client.on('close', () => reject(new Error(`${connection} was closed`)));
      while (sent < 10) client.send(message(connection, sent++));
    }),
    `all messages of connection ${connection}`
  );

  const closed = once(client, 'close');

  client.close(1000);
  assert.strictEqual((await closed)[0], 1000);
}

describe('Several I/O threads', () => {
  it(
    'are as many as the environment says',
    { skip: linuxOnly.skip || beyondReference.skip },
    async (t) => {
      const { child } = await start(t, 'echo');

      child.send('name the threads');

      const { names } = await child.message('threads');

      assert.deepStrictEqual(names, [
        'oxws-io-0',
        'oxws-io-1',
        'oxws-io-2',
        'oxws-io-3'
      ]);
    }
  );

  it('keep the messages of each connection whole, in order', async (t) => {
    const { port } = await start(t, 'echo');

    await Promise.all(
      Array.from({ length: 40 }, (_, i) => echo(t, port, i, 100))
    );
  });

  //
  // The threads end connections independently of each other, and the traffic
  // of another server keeps one of them from telling at once.
  //
  it(
    "emit a server's 'close' after those of its connections",
    beyondReference,
    async (t) => {
      const peers = 400;
      const { child, port } = await start(t, 'close', String(peers));

      for (let i = 0; i < peers; i++) {
        const raw = await RawClient.connect(t, port);

        await raw.handshake();
        raw.socket.removeAllListeners('data');
        raw.socket.resume();
      }

      const { early, rounds } = await child.message('result');

      assert.strictEqual(rounds, 300);
      assert.deepStrictEqual(early, []);
    }
  );
});
