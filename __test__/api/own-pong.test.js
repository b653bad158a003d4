'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { WebSocket } = require('../support/implementation');
const { startServer } = require('../support/server');

/**
 * Ping a client, then send it a message.
 *
 * @return {Promise<String[]>} The pongs that came before its answer
 */
async function ping(t, Client, prepare) {
  const wss = await startServer(t);
  const connection = once(wss, 'connection');
  const client = new Client(`ws://127.0.0.1:${wss.address().port}`);
  const [ws] = await connection;
  const pongs = [];

  if (client.readyState === WebSocket.CONNECTING) await once(client, 'open');
  prepare(client);
  client.on('message', () => client.send('answer'));
  ws.on('pong', (data) => pongs.push(data.toString()));
  ws.ping('p');
  ws.send('question');
  await once(ws, 'message');

  return pongs;
}

describe('WebSocket', () => {
  describe('#pong', () => {
    it('answers pings', async (t) => {
      assert.deepStrictEqual(await ping(t, WebSocket, () => {}), ['p']);
    });

    it('is called for pings if it was replaced', async (t) => {
      const pings = [];
      const pongs = await ping(t, WebSocket, (client) => {
        client.pong = (data) => pings.push(data.toString());
      });

      assert.deepStrictEqual([pings, pongs], [['p'], []]);
    });

    it("is called for pings if it is a subclass's", async (t) => {
      class Client extends WebSocket {
        pong(data, mask, cb) {
          super.pong(`own ${data}`, mask, cb);
        }
      }

      assert.deepStrictEqual(await ping(t, Client, () => {}), ['own p']);
    });

    it('is not called for pings that are not answered', async (t) => {
      const wss = await startServer(t, { autoPong: false });
      const connection = once(wss, 'connection');
      const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
      const [ws] = await connection;
      let called = false;

      ws.pong = () => (called = true);
      await once(client, 'open');
      client.ping();
      await once(ws, 'ping');
      assert.strictEqual(called, false);
    });
  });
});
