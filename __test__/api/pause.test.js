'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once, turns } = require('../support/deadline');
const { Opcode, binary, close, ping, text } = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

/**
 * Wait until what was written before has surely reached the server: another
 * connection makes some round trips through JavaScript.
 */
async function settle(other) {
  for (let i = 0; i < 10; i++) {
    const message = once(other.ws, 'message');

    other.raw.write(text('round'));
    await message;
    other.ws.send('trip');
    await other.raw.expectFrame(Opcode.TEXT, 'trip');
    await turns();
  }
}

describe('WebSocket', () => {
  describe('#pause', () => {
    it('stops messages until resume()', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const other = await connectRaw(t, wss);
      const { log, until } = record(ws);

      assert.strictEqual(ws.isPaused, false);
      assert.strictEqual(ws.pause(), undefined);
      assert.strictEqual(ws.isPaused, true);
      raw.write(text('a'), ping('b'), text('c'));
      await settle(other);
      assert.deepStrictEqual(log, []);

      assert.strictEqual(ws.resume(), undefined);
      assert.strictEqual(ws.isPaused, false);
      await until('message', 2);
      assert.deepStrictEqual(
        log.map(([name, data]) => `${name} ${data}`),
        ['message a', 'ping b', 'message c']
      );
    });

    it('does not stop what is sent', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.pause();
      ws.send('a');
      ws.ping('b');
      await raw.expectFrame(Opcode.TEXT, 'a');
      await raw.expectFrame(Opcode.PING, 'b');
    });

    it('may be called before anything arrives', async (t) => {
      const wss = await startServer(t);

      wss.on('connection', (ws) => ws.pause());

      const { raw, ws } = await connectRaw(t, wss);
      const other = await connectRaw(t, wss);
      const { log, until } = record(ws);

      other.ws.resume();
      raw.write(text('a'));
      await settle(other);
      assert.deepStrictEqual(log, []);
      ws.resume();
      await until('message');
    });

    it('may be called in each listener, resumed later', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const seen = [];
      const done = once(ws, 'close');

      ws.on('message', (data) => {
        seen.push(data.toString());
        ws.pause();
        setImmediate(() => ws.resume());
      });

      for (let i = 0; i < 20; i++) raw.write(text(String(i)));
      raw.write(close(1000));
      raw.socket.end();
      await done;
      assert.deepStrictEqual(
        seen,
        Array.from({ length: 20 }, (_, i) => String(i))
      );
    });

    it('makes the peer wait', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const other = await connectRaw(t, wss);
      const chunk = binary(Buffer.alloc(1048576));
      const total = 64;
      let received = 0;
      let written = 0;

      ws.pause();
      for (let i = 0; i < total; i++) raw.socket.write(chunk, () => written++);
      await settle(other);
      assert.ok(written < total, 'the server must stop reading');

      ws.on('message', () => received++);
      ws.resume();
      while (received < total) await once(ws, 'message');
      assert.strictEqual(written, total);
    });

    it('keeps messages for after the closing handshake', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const other = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.pause();
      raw.write(text('a'), close(1000, 'b'));
      raw.socket.end();
      await settle(other);
      assert.deepStrictEqual(log, []);

      ws.resume();
      await until('close');
      assert.deepStrictEqual(log, [
        ['message', Buffer.from('a'), false],
        ['close', 1000, Buffer.from('b')]
      ]);
    });

    it('delivers what had arrived when the socket is closed', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const other = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.pause();
      raw.write(text('a'), text('b'));
      await settle(other);
      ws.terminate();
      await until('close');
      assert.deepStrictEqual(log, [
        ['message', Buffer.from('a'), false],
        ['message', Buffer.from('b'), false],
        ['close', 1006, Buffer.alloc(0)]
      ]);
    });

    it('does nothing on a closed connection', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      raw.destroy();
      await closed;
      ws.pause();
      assert.strictEqual(ws.isPaused, false);
      ws.resume();
      assert.strictEqual(ws.isPaused, false);
    });

    it('may be called twice, as may resume()', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const message = once(ws, 'message');

      ws.resume();
      ws.pause();
      ws.pause();
      ws.resume();
      raw.write(text('a'));
      await message;
    });
  });
});
