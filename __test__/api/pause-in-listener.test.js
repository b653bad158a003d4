'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once, turns } = require('../support/deadline');
const { Opcode, ping, text } = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

describe('WebSocket', () => {
  describe('#pause in a listener', () => {
    for (const allowSynchronousEvents of [true, false]) {
      it(
        'does not hold up the events of a closed connection ' +
          `(allowSynchronousEvents ${allowSynchronousEvents})`,
        async (t) => {
          const wss = await startServer(t, { allowSynchronousEvents });
          const { raw, ws } = await connectRaw(t, wss);
          const other = await connectRaw(t, wss);
          const { log, until } = record(ws);

          ws.on('message', () => ws.pause());
          ws.pause();
          raw.write(text('a'), text('b'), text('c'));

          for (let i = 0; i < 10; i++) {
            const pinged = once(other.ws, 'ping');

            other.raw.write(ping('x'));
            await other.raw.expectFrame(Opcode.PONG, 'x');
            await pinged;
            await turns();
          }

          ws.terminate();
          await until('close');
          assert.deepStrictEqual(
            log.map(([name, data]) => `${name} ${data}`),
            ['message a', 'message b', 'message c', 'close 1006']
          );
          assert.strictEqual(wss.clients.has(ws), false);
        }
      );
    }
  });
});
