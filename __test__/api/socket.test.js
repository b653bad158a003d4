'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { Opcode, text } = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

describe('WebSocket', () => {
  describe('#_socket', () => {
    it('knows both ends', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      assert.strictEqual(ws._socket.remoteAddress, '127.0.0.1');
      assert.strictEqual(ws._socket.remoteFamily, 'IPv4');
      assert.strictEqual(ws._socket.remotePort, raw.socket.localPort);
      assert.strictEqual(ws._socket.localAddress, '127.0.0.1');
      assert.strictEqual(ws._socket.localPort, wss.address().port);
      assert.strictEqual(ws._socket.encrypted, undefined);
    });

    it('counts what the kernel did not take, in its state, too', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      raw.socket.pause();
      while (ws.bufferedAmount === 0) ws.send(Buffer.alloc(64 * 1024));

      assert.strictEqual(ws._socket._writableState.length, ws.bufferedAmount);
      assert.strictEqual(ws._socket.writableLength, ws.bufferedAmount);
    });

    it('shows IPv4 peers of a dual stack server as Node does', async (t) => {
      const wss = await startServer(t, { host: undefined });
      const { ws } = await connectRaw(t, wss);

      assert.strictEqual(
        ws._socket.remoteAddress,
        wss.address().family === 'IPv6' ? '::ffff:127.0.0.1' : '127.0.0.1'
      );
      assert.strictEqual(ws._socket.remoteFamily, wss.address().family);
    });

    it('counts bytes', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { bytesRead, bytesWritten } = ws._socket;
      const frame = text('12345');
      const message = once(ws, 'message');

      assert.ok(bytesRead > 0);
      assert.ok(bytesWritten > 0);
      raw.write(frame);
      await message;
      assert.strictEqual(ws._socket.bytesRead, bytesRead + frame.length);
      await called((cb) => ws.send('123', cb));
      assert.strictEqual(ws._socket.bytesWritten, bytesWritten + 5);
    });

    it('has the setters of a net.Socket', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      assert.strictEqual(ws._socket.setKeepAlive(true, 1000), ws._socket);
      assert.strictEqual(ws._socket.setNoDelay(true), ws._socket);
      assert.strictEqual(ws._socket.setTimeout(0), ws._socket);
      assert.strictEqual(ws._socket.ref(), ws._socket);
    });

    it('is open and flowing', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      assert.strictEqual(ws._socket.destroyed, false);
      assert.strictEqual(ws._socket.readable, true);
      assert.strictEqual(ws._socket.writable, true);
      assert.strictEqual(ws._socket.writableLength, 0);
    });

    it('destroy() closes the connection', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);
      const closed = once(ws._socket, 'close');

      ws._socket.destroy();
      assert.strictEqual(ws._socket.destroyed, true);
      await raw.expectEnd();
      await closed;
      await until('close');
      assert.deepStrictEqual(log, [['close', 1006, Buffer.alloc(0)]]);
    });

    it('destroy(err) does not surface on the WebSocket', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws._socket.destroy(new Error('mine'));
      await until('close');
      assert.deepStrictEqual(log, [['close', 1006, Buffer.alloc(0)]]);
    });

    it('end() sends FIN behind what was sent', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      ws.send('a');
      ws._socket.end();
      await raw.expectFrame(Opcode.TEXT, 'a');
      await raw.expectEnd();
      raw.socket.end();
      assert.strictEqual((await closed)[0], 1006);
    });

    it('write() sends raw bytes in order with frames', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.send('a');
      ws._socket.write(text('b', { mask: false }));
      ws.send('c');
      ws._socket.write(text('d', { mask: false }).toString('latin1'), 'latin1');

      for (const payload of ['a', 'b', 'c', 'd']) {
        await raw.expectFrame(Opcode.TEXT, payload);
      }

      const [err] = await called((cb) => {
        ws._socket.write(text('e', { mask: false }), cb);
      });

      assert.ok(err == null);
      await raw.expectFrame(Opcode.TEXT, 'e');
    });

    it("emits 'close' when the peer is gone", async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const socket = ws._socket;
      const events = Promise.all([once(socket, 'close'), once(ws, 'close')]);

      raw.destroy();
      await events;
      assert.strictEqual(socket.destroyed, true);
      assert.strictEqual(ws._socket, socket);
    });
  });
});
