'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { Opcode, ping } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

const INTERVAL = 20;

describe('WebSocket', () => {
  describe('#_socket.setTimeout', () => {
    it("emits 'timeout' once for each idle period", async (t) => {
      const wss = await startServer(t);
      const idle = await connectRaw(t, wss);
      const busy = await connectRaw(t, wss);
      let timeouts = 0;

      idle.ws._socket.on('timeout', () => timeouts++);
      await called((cb) => idle.ws._socket.setTimeout(INTERVAL, cb));
      assert.strictEqual(timeouts, 1);

      // That traffic begins a new period is shown by another connection, and
      // that meanwhile so much time has passed.
      busy.ws._socket.setTimeout(INTERVAL);
      for (let i = 0; i < 5; i++) {
        busy.raw.write(ping('x'));
        await busy.raw.expectFrame(Opcode.PONG, 'x');
        await once(busy.ws._socket, 'timeout');
      }

      assert.strictEqual(timeouts, 1);

      const again = once(idle.ws._socket, 'timeout');

      idle.raw.write(ping('x'));
      await idle.raw.expectFrame(Opcode.PONG, 'x');
      await again;
      assert.strictEqual(timeouts, 2);
    });

    it('keeps the connection open', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      await called((cb) => ws._socket.setTimeout(INTERVAL, cb));
      ws.send('x');
      await raw.expectFrame(Opcode.TEXT, 'x');
      ws._socket.setTimeout(0);
    });
  });
});
