'use strict';

//
// permessage-deflate between this implementation and ws, with either of them as
// the server.
//

const assert = require('node:assert');
const reference = require('ws');
const { describe, it } = require('node:test');

const implementation = require('../support/implementation');
const { once } = require('../support/deadline');
const { record } = require('../support/record');
const { TRANSPORTS, dial, exchange, finish, startEcho } = require('./echo');
const { SMALL, messages, noise, prose } = require('./messages');

const KiB = 1024;
const WINDOW_BITS = [
  ...[8, 9, 10, 11, 12, 13, 14, 15].map((bits) => [bits, bits]),
  [8, 15],
  [15, 8]
];
const FLAGS = [false, true];

const PARTS = [prose(3000, 1), '', prose(70_000, 2), 'end'];

// What `sendFragments()` makes the other end see.
const FRAGMENTS_RECEIVED = FLAGS.flatMap(() => [
  ...PARTS.slice(1).map((part, i) => ['ping', `${i}`]),
  ['message', PARTS.join('')]
]);

const roles = [];

for (const transport of Object.keys(TRANSPORTS)) {
  roles.push({
    name: `the server (${transport}) and a client of ws`,
    transport,
    Server: implementation.WebSocketServer,
    Client: reference.WebSocket
  });
}
for (const transport of ['port', 'tls']) {
  roles.push({
    name: `the client (${transport}) and a server of ws`,
    transport,
    Server: reference.WebSocketServer,
    Client: implementation.WebSocket
  });
}

/**
 * Open a connection on which permessage-deflate is agreed on.
 *
 * @return {Promise<Object>} The client, and the server's end as `peer`
 */
async function open(t, role, server, client) {
  const { url, wss } = await startEcho(t, role.Server, role.transport, {
    perMessageDeflate: { threshold: 0, ...server }
  });
  const connected = once(wss, 'connection');
  const ws = await dial(t, role.Client, url, {
    perMessageDeflate: { threshold: 0, ...client }
  });
  const [peer] = await connected;

  for (const end of [ws, peer]) {
    assert.strictEqual(end.extensions, 'permessage-deflate');
  }

  return { peer, ws };
}

/**
 * Send a message in fragments with a ping behind each but the last, without
 * compression and with it.
 */
function sendFragments(ws) {
  for (const compress of FLAGS) {
    PARTS.forEach((part, i) => {
      const fin = i === PARTS.length - 1;

      ws.send(part, { compress, fin });
      if (!fin) ws.ping(`${i}`);
    });
  }
}

for (const role of roles) {
  describe(`permessage-deflate: ${role.name}`, () => {
    it('exchange messages of all sizes, one after the other', async (t) => {
      const { ws } = await open(t, role);

      await exchange(ws, messages());
      await finish(ws);
    });

    it('exchange messages of all sizes without contexts', async (t) => {
      const { ws } = await open(t, role, {
        clientNoContextTakeover: true,
        serverNoContextTakeover: true
      });

      await exchange(ws, messages());
      await finish(ws);
    });

    it('send less than the message', async (t) => {
      const { peer, ws } = await open(t, role);
      const before = [ws, peer].map((end) => end._socket.bytesRead);
      const text = prose(256 * KiB, 1);

      await exchange(ws, [text]);

      for (const [i, end] of [ws, peer].entries()) {
        const bytes = end._socket.bytesRead - before[i];

        assert.ok(bytes > 0 && bytes < text.length / 2, `${bytes} bytes`);
      }

      await finish(ws);
    });

    it('refer to what was sent before', async (t) => {
      const { peer, ws } = await open(t, role);
      // Nothing but its repetition can be compressed.
      const data = noise(2 * KiB, 1);

      await exchange(ws, [data]);

      const before = [ws, peer].map((end) => end._socket.bytesRead);
      const repeated = once(ws, 'message');

      ws.send(data);
      assert.ok((await repeated)[0].equals(data));

      for (const [i, end] of [ws, peer].entries()) {
        const bytes = end._socket.bytesRead - before[i];

        assert.ok(bytes < data.length / 8, `${bytes} bytes`);
      }

      await finish(ws);
    });

    it('send compressed fragments with pings between them', async (t) => {
      const { peer, ws } = await open(t, role);
      const { log, until } = record(peer);
      const pongs = record(ws);

      sendFragments(ws);
      await until('message', FLAGS.length);
      await pongs.until('pong', FLAGS.length * (PARTS.length - 1));
      assert.deepStrictEqual(
        log.map(([name, data]) => [name, data.toString()]),
        FRAGMENTS_RECEIVED
      );
      await finish(ws);
    });

    it('receive compressed fragments with pings between them', async (t) => {
      const { peer, ws } = await open(t, role);
      const { log, until } = record(ws);
      const pongs = record(peer);

      sendFragments(peer);
      await pongs.until('pong', FLAGS.length * (PARTS.length - 1));
      await until('message', FLAGS.length);
      assert.deepStrictEqual(
        log.map(([name, data]) => [name, data.toString()]),
        FRAGMENTS_RECEIVED
      );
      await finish(ws);
    });

    it('agree on all windows', async (t) => {
      // Repetitions at distances within and beyond every window.
      const sent = [
        prose(3000, 1),
        noise(300, 2),
        prose(40_000, 3),
        noise(300, 2),
        prose(40_000, 3),
        Buffer.alloc(70_000, noise(9000, 4)),
        ''
      ];

      for (const [serverMaxWindowBits, clientMaxWindowBits] of WINDOW_BITS) {
        const { ws } = await open(t, role, {
          serverMaxWindowBits,
          clientMaxWindowBits
        });

        await exchange(ws, sent);
        await finish(ws);
      }
    });

    for (const serverNoContextTakeover of FLAGS) {
      for (const clientNoContextTakeover of FLAGS) {
        const title =
          `server_no_context_takeover ${serverNoContextTakeover}, ` +
          `client_no_context_takeover ${clientNoContextTakeover}`;

        it(`agree on ${title}`, async (t) => {
          const wish = {
            serverNoContextTakeover,
            clientNoContextTakeover,
            serverMaxWindowBits: 10,
            clientMaxWindowBits: 10
          };

          // As the server's demand, then as the client's wish.
          for (const [server, client] of [
            [wish, {}],
            [{}, wish]
          ]) {
            const { ws } = await open(t, role, server, client);

            await exchange(ws, messages(SMALL));
            await finish(ws);
          }
        });
      }
    }
  });
}
