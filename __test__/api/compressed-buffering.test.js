'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const reference = require('ws');

const { TRANSPORTS, dial, startEcho } = require('../interop/echo');
const { WebSocketServer } = require('../support/implementation');
const { linuxOnly, socketBufferBytes } = require('../support/process-state');
const { noise } = require('../interop/messages');
const { once, until } = require('../support/deadline');

const KiB = 1024;
const MiB = 1024 * KiB;
const COUNT = 14;
const LOOKS = 50;

describe('WebSocket', () => {
  describe('#bufferedAmount', linuxOnly, () => {
    for (const transport of Object.keys(TRANSPORTS)) {
      it(`counts what is to be compressed (${transport})`, async (t) => {
        const perMessageDeflate = { zlibDeflateOptions: { level: 1 } };
        const options = { perMessageDeflate };
        const { url, wss } = await startEcho(
          t,
          WebSocketServer,
          transport,
          options
        );
        const connection = once(wss, 'connection');
        const peer = await dial(t, reference, url, options);
        const [ws] = await connection;
        const data = noise(MiB, 1);

        peer._socket.pause();

        for (let i = 1; i <= COUNT; i++) {
          ws.send(data);
          // Whoever sends until so much waits must come to an end.
          assert.ok(ws.bufferedAmount >= i * MiB - socketBufferBytes());
        }

        // What is compressed later was counted before, but for its frames.
        const most = ws.bufferedAmount + COUNT * KiB;
        let looks = 0;

        await until(() => {
          const amount = ws.bufferedAmount;

          assert.ok(amount <= most, `${amount} > ${most} bytes`);
          return ++looks === LOOKS;
        }, 'a number of looks');

        peer._socket.resume();
        await until(() => ws.bufferedAmount === 0, 'all to be sent');
      });
    }
  });
});
