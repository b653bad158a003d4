'use strict';

const assert = require('node:assert');
const https = require('node:https');
const { describe, it } = require('node:test');

const { cleanup } = require('../support/cleanup');
const { called, once } = require('../support/deadline');
const { WebSocket, WebSocketServer } = require('../support/implementation');
const tls = require('../support/tls');

describe('A WebSocket over TLS', () => {
  // A frame that is shorter than its payload is not the header alone.
  for (const compress of [true, false]) {
    for (const length of [1000, 16 * 1024, 200_000]) {
      it(`sends ${length} bytes, ${compress ? '' : 'not '}compressed`, async (t) => {
        const server = https.createServer(tls.server);
        const wss = new WebSocketServer({ server, perMessageDeflate: true });

        wss.on('connection', (ws) => {
          ws.on('message', (data, binary) =>
            ws.send(data, { binary, compress })
          );
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        cleanup(t, () =>
          called((cb) => server.close(cb), 'the server to close')
        );

        const { port } = server.address();
        const client = new WebSocket(`wss://localhost:${port}`, tls.trust);
        const sent = Buffer.alloc(length, 'something to compress ');

        await once(client, 'open');
        assert.strictEqual(client.extensions, 'permessage-deflate');

        for (let i = 0; i < 3; i++) {
          client.send(sent, { compress });

          const [received] = await once(client, 'message');

          assert.ok(sent.equals(received));
        }

        client.close();
        await once(client, 'close');
      });
    }
  }
});
