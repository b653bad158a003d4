'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, deadline, once, turns } = require('../support/deadline');
const { connect, startServer } = require('../support/server');

/**
 * @param {Number} length The number of bytes
 * @param {Number} seed Tells messages apart
 * @return {Buffer} Bytes of which none can be missing unnoticed
 */
function pattern(length, seed) {
  const data = Buffer.alloc(length);

  for (let i = 0; i + 4 <= length; i += 4) data.writeUInt32LE(seed + i, i);
  return data;
}

/**
 * Connect, and let the connection become idle: it has proven that it works, and
 * the socket can be written to, before anything large is sent.
 */
async function connectIdle(t) {
  const wss = await startServer(t);
  const pair = await connect(t, wss);
  const other = await connect(t, wss);

  for (let i = 0; i < 10; i++) {
    const pong = once(other.client, 'pong');

    other.client.ping();
    await pong;
    await turns();
  }

  return pair;
}

describe('What the socket does not take at once', () => {
  it('arrives whole when it is one message', async (t) => {
    const { client, ws } = await connectIdle(t);
    const message = once(client, 'message');
    const data = pattern(30e6, 1);
    const sent = called((cb) => ws.send(data, cb), 'the callback of send()');
    const [received] = await message;

    assert.strictEqual(received.length, data.length);
    assert.ok(received.equals(data));
    assert.ok((await sent)[0] == null);
    assert.strictEqual(ws.bufferedAmount, 0);
  });

  it('arrives whole and in order when it is many', async (t) => {
    const { client, ws } = await connectIdle(t);
    const messages = Array.from({ length: 40 }, (_, i) => pattern(200e3, i));
    const received = [];
    const all = deadline(
      new Promise((resolve) => {
        client.on('message', (data) => {
          received.push(data);
          if (received.length === messages.length) resolve();
        });
      }),
      'all messages'
    );
    const order = [];
    const sent = called((cb) => {
      for (const [i, data] of messages.entries()) {
        ws.send(data, (err) => {
          order.push([i, err == null]);
          if (order.length === messages.length) cb();
        });
      }
    }, 'all callbacks of send()');

    await all;
    for (const [i, data] of messages.entries()) {
      assert.ok(received[i].equals(data), `message ${i}`);
    }

    await sent;
    assert.deepStrictEqual(
      order,
      messages.map((_, i) => [i, true])
    );
    assert.strictEqual(ws.bufferedAmount, 0);
  });
});
