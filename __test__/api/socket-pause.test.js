'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { Opcode, ping, text } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { connectRaw, startServer } = require('../support/server');

// More than one read may bring.
const TOTAL = 20_000;
const all = Buffer.concat(Array(TOTAL).fill(text('x')));

describe('WebSocket', () => {
  describe('#_socket', () => {
    for (const allowSynchronousEvents of [true, false]) {
      const options = { allowSynchronousEvents };

      // ws stops again as soon as events wait for their turns.
      const skip = allowSynchronousEvents ? {} : beyondReference;
      const title = `resume() ends a pause: ${JSON.stringify(options)}`;

      it(title, skip, async (t) => {
        const wss = await startServer(t, options);
        const { raw, ws } = await connectRaw(t, wss);
        let seen = 0;

        ws.on('message', () => {
          if (++seen === TOTAL) ws.send('all');
        });
        ws.pause();
        raw.write(all);
        ws._socket.resume();
        await raw.expectFrame(Opcode.TEXT, 'all');
      });

      it(`pause() holds: ${JSON.stringify(options)}`, async (t) => {
        const wss = await startServer(t, options);
        const { raw, ws } = await connectRaw(t, wss);
        const other = await connectRaw(t, wss);
        let seen = 0;

        ws.on('message', () => {
          if (++seen === 100) ws._socket.pause();
          if (seen === TOTAL) ws.send('all');
        });
        raw.write(all);

        // The others' events, and turns of the loop, go on.
        for (let i = 0; i < 200; i++) {
          other.raw.write(ping('z'));
          await other.raw.expectFrame(Opcode.PONG, 'z');
        }

        assert.ok(seen < TOTAL, `${seen} messages in spite of the pause`);
        ws._socket.resume();
        await raw.expectFrame(Opcode.TEXT, 'all');
      });
    }
  });
});
