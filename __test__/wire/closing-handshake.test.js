'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const { Opcode, binary, close, ping, text } = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

const NOTHING = Buffer.alloc(0);

describe('Closing handshake', () => {
  describe('started by the peer', () => {
    for (const code of [
      1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
      3000, 3999, 4000, 4999
    ]) {
      it(`answers the status code ${code} with itself`, async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);
        const { log, until } = record(ws);

        raw.write(close(code, 'why'));
        await raw.expectClose(code, 'why');
        // RFC 6455 §7.1.1: the server closes the TCP connection first.
        await raw.expectEnd();
        raw.socket.end();
        await until('close');
        assert.deepStrictEqual(log, [['close', code, Buffer.from('why')]]);
      });
    }

    it('answers an empty close frame with an empty one', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.write(close());
      await raw.expectClose();
      await raw.expectEnd();
      raw.socket.end();
      await until('close');
      assert.deepStrictEqual(log, [['close', 1005, NOTHING]]);
    });

    it('carries a reason of 123 bytes', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');
      const reason = `${'€'.repeat(40)}abc`;

      raw.write(close(1000, reason));
      await raw.expectClose(1000, reason);
      raw.socket.end();
      assert.deepStrictEqual(await closed, [1000, Buffer.from(reason)]);
    });

    it('may arrive byte by byte', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      await raw.writeSlowly(close(4321, 'slow'));
      await raw.expectClose(4321, 'slow');
      raw.socket.end();
      assert.deepStrictEqual(await closed, [4321, Buffer.from('slow')]);
    });

    it('comes after the messages before it', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.write(text('a'), binary('b'), close(1000));
      raw.socket.end();
      await raw.expectClose(1000);
      await until('close');
      assert.deepStrictEqual(log, [
        ['message', Buffer.from('a'), false],
        ['message', Buffer.from('b'), true],
        ['close', 1000, NOTHING]
      ]);
    });

    it('ignores whatever follows', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.write(close(1000), text('a'), ping('b'), text('c', { rsv2: true }));
      raw.write(close(1001), Buffer.alloc(1000, 0xff));
      raw.socket.end();
      await raw.expectClose(1000);
      await raw.expectEnd();
      await until('close');
      assert.deepStrictEqual(log, [['close', 1000, NOTHING]]);
    });

    it('does not stay open because the peer does not end', async (t) => {
      const wss = await startServer(t, { closeTimeout: 100 });
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      raw.write(close(1000));
      await raw.expectClose(1000);
      assert.deepStrictEqual(await closed, [1000, NOTHING]);
    });

    it('lets a listener of the last message send first', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.on('message', (data) => ws.send(`re: ${data}`));
      raw.write(text('a'));
      await raw.expectFrame(Opcode.TEXT, 're: a');
      raw.write(close(1000));
      await raw.expectClose(1000);
    });
  });

  describe('started by the server', () => {
    it('waits for the answer and then ends the connection', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1000, 'done');
      assert.strictEqual(ws.readyState, ws.CLOSING);
      await raw.expectClose(1000, 'done');
      assert.strictEqual(raw.ended, false);
      raw.write(close(1000, 'done'));
      await raw.expectEnd();
      raw.socket.end();
      await until('close');
      assert.deepStrictEqual(log, [['close', 1000, Buffer.from('done')]]);
    });

    it("reports the peer's status code", async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      ws.close(1000);
      await raw.expectClose(1000);
      raw.write(close(4000, 'mine'));
      await raw.expectEnd();
      raw.socket.end();
      assert.deepStrictEqual(await closed, [4000, Buffer.from('mine')]);
    });

    it('still delivers what the peer sends before its answer', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1001);
      await raw.expectClose(1001);
      raw.write(text('a'), ping('b'), close(1001));
      await raw.expectEnd();
      raw.socket.end();
      await until('close');
      assert.deepStrictEqual(log, [
        ['message', Buffer.from('a'), false],
        ['ping', Buffer.from('b')],
        ['close', 1001, NOTHING]
      ]);
    });

    it('comes after the messages sent before it', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.send('a');
      ws.send(Buffer.alloc(1048576));
      ws.ping('b');
      ws.close();
      await raw.expectFrame(Opcode.TEXT, 'a');
      await raw.expectFrame(Opcode.BINARY, Buffer.alloc(1048576));
      await raw.expectFrame(Opcode.PING, 'b');
      await raw.expectClose();
    });

    it('gives up after closeTimeout', async (t) => {
      const wss = await startServer(t, { closeTimeout: 100 });
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1000);
      await raw.expectClose(1000);
      await raw.expectEnd();
      await until('close');
      assert.deepStrictEqual(log, [['close', 1006, NOTHING]]);
    });

    it('gives up each of those that began together for itself', async (t) => {
      const wss = await startServer(t, { closeTimeout: 100 });
      const slow = await connectRaw(t, wss);
      const polite = await connectRaw(t, wss);
      const slowClosed = once(slow.ws, 'close');
      const politeClosed = once(polite.ws, 'close');

      slow.ws.close(1000);
      polite.ws.close(1000);
      await polite.raw.expectClose(1000);
      polite.raw.write(close(1000));
      polite.raw.socket.end();
      assert.deepStrictEqual(await politeClosed, [1000, NOTHING]);
      assert.strictEqual(slow.ws.readyState, slow.ws.CLOSING);
      assert.deepStrictEqual(await slowClosed, [1006, NOTHING]);
    });

    it('may meet one started by the peer', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      raw.write(close(4001));
      ws.close(4002);

      // Either the peer's frame is answered or ours crosses it on the way.
      const { opcode, payload } = await raw.frame();

      assert.strictEqual(opcode, Opcode.CLOSE);
      assert.ok([4001, 4002].includes(payload.readUInt16BE()));
      await raw.expectEnd();
      raw.socket.end();
      assert.deepStrictEqual(await closed, [4001, NOTHING]);
    });

    it('may meet a protocol error', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1000);
      await raw.expectClose(1000);
      raw.write(text('x', { mask: false }));
      await raw.expectEnd();
      raw.socket.end();
      await until('close');
      assert.deepStrictEqual(
        log.map(([name, value]) => [name, value.code ?? value]),
        [
          ['error', 'WS_ERR_EXPECTED_MASK'],
          ['close', 1006]
        ]
      );
    });
  });

  describe('left out', () => {
    it('by FIN gives 1006', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.write(text('a'));
      raw.socket.end();
      await raw.expectEnd();
      await until('close');
      assert.deepStrictEqual(log, [
        ['message', Buffer.from('a'), false],
        ['close', 1006, NOTHING]
      ]);
    });

    it('by RST gives 1006 without an error', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.socket.resetAndDestroy();
      await until('close');
      assert.deepStrictEqual(log, [['close', 1006, NOTHING]]);
    });

    it('by FIN after a close frame was sent gives 1006', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      ws.close(1000);
      await raw.expectClose(1000);
      raw.socket.end();
      assert.deepStrictEqual(await closed, [1006, NOTHING]);
    });

    it('by FIN still lets the server send what it had queued', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.on('message', () => ws.send('bye'));
      raw.write(text('a'));
      raw.socket.end();
      await raw.expectFrame(Opcode.TEXT, 'bye');
      await raw.expectEnd();
    });
  });

  it('is the same for many connections at once', async (t) => {
    const wss = await startServer(t);
    const connections = [];

    for (let i = 0; i < 20; i++) connections.push(await connectRaw(t, wss));

    const closed = connections.map(({ ws }) => once(ws, 'close'));

    connections.forEach(({ raw }, i) => raw.write(close(4000 + i)));
    for (const { raw } of connections) raw.socket.end();
    (await Promise.all(closed)).forEach(([code], i) => {
      assert.strictEqual(code, 4000 + i);
    });
    await called((cb) => wss.close(cb), 'the server to close');
  });
});
