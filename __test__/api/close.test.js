'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once, turns } = require('../support/deadline');
const { Opcode, close, text } = require('../support/frame');
const { record } = require('../support/record');
const { connect, connectRaw, startServer } = require('../support/server');

const NOTHING = Buffer.alloc(0);

describe('WebSocket', () => {
  describe('#close', () => {
    it('sends the code and the reason', async (t) => {
      for (const [args, code, reason] of [
        [[]],
        [[undefined]],
        [[undefined, 'ignored']],
        [[1000], 1000],
        [[1000, ''], 1000],
        [[1001, 'bye'], 1001, 'bye'],
        [[1013, Buffer.from('later')], 1013, 'later'],
        [[1014, Uint8Array.of(0x61)], 1014, 'a'],
        [[3000, 'é'], 3000, 'é'],
        [[4999, 'x'.repeat(123)], 4999, 'x'.repeat(123)],
        [[4000, Buffer.alloc(0)], 4000]
      ]) {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        assert.strictEqual(ws.close(...args), undefined);
        await raw.expectClose(code, reason);
      }
    });

    it('throws for a code that must not be sent', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      for (const code of [
        0,
        -1,
        999,
        1004,
        1005,
        1006,
        1015,
        2999,
        5000,
        NaN,
        '1000',
        null,
        {},
        true
      ]) {
        assert.throws(() => ws.close(code), {
          name: 'TypeError',
          message: 'First argument must be a valid error code number'
        });
      }

      assert.strictEqual(ws.readyState, ws.OPEN);
      ws.send('usable');
      await raw.expectFrame(Opcode.TEXT, 'usable');
    });

    it('throws for a reason over 123 bytes', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      for (const reason of [
        'x'.repeat(124),
        'é'.repeat(62),
        Buffer.alloc(124)
      ]) {
        assert.throws(() => ws.close(1000, reason), {
          name: 'RangeError',
          message: 'The message must not be greater than 123 bytes'
        });
      }

      assert.strictEqual(ws.readyState, ws.OPEN);
    });

    it('throws for a reason that is no text', async (t) => {
      const wss = await startServer(t);
      const { ws } = await connectRaw(t, wss);

      assert.throws(() => ws.close(1000, new Uint16Array(1)), {
        name: 'TypeError',
        message: 'Second argument must be a string or a Uint8Array'
      });
      assert.throws(() => ws.close(1000, { length: 1 }), { name: 'TypeError' });
      assert.strictEqual(ws.readyState, ws.OPEN);
    });

    it('does the closing handshake with ws', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);
      const events = Promise.all([once(ws, 'close'), once(client, 'close')]);

      ws.close(4000, 'over');
      assert.strictEqual(ws.readyState, ws.CLOSING);
      assert.deepStrictEqual(await events, [
        [4000, Buffer.from('over')],
        [4000, Buffer.from('over')]
      ]);
    });

    it('answers the closing handshake of ws', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);
      const events = Promise.all([once(ws, 'close'), once(client, 'close')]);

      client.close();
      assert.deepStrictEqual(await events, [
        [1005, NOTHING],
        [1005, NOTHING]
      ]);
    });

    it('sends one close frame however often it is called', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1000);
      ws.close(1001);
      // Arguments are not looked at any more.
      ws.close(99);
      await raw.expectClose(1000);
      ws.close();
      raw.write(close(1000));
      await raw.expectEnd();
      raw.socket.end();
      await until('close');
      ws.close();
      ws.close(99);
      await turns(3);
      assert.deepStrictEqual(log, [['close', 1000, NOTHING]]);
    });

    it("may be called in a listener of 'message'", async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      ws.on('message', () => {
        ws.send('last words');
        ws.close(1000);
      });
      raw.write(text('x'));
      await raw.expectFrame(Opcode.TEXT, 'last words');
      await raw.expectClose(1000);
      raw.write(close(1000));
      raw.socket.end();
      await closed;
    });

    it("may be called in a listener of 'connection'", async (t) => {
      const wss = await startServer(t);

      wss.on('connection', (ws) => ws.close(4003, 'full'));

      const { raw } = await connectRaw(t, wss);

      await raw.expectClose(4003, 'full');
    });

    it("emits 'close' later, never at once", async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1000);
      assert.deepStrictEqual(log, []);
      raw.destroy();
      await until('close');
      assert.strictEqual(log.length, 1);
    });
  });

  describe('#terminate', () => {
    it('ends the connection without a close frame', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      assert.strictEqual(ws.terminate(), undefined);
      assert.strictEqual(ws.readyState, ws.CLOSING);
      assert.deepStrictEqual(log, []);
      await raw.expectEnd();
      await until('close');
      assert.deepStrictEqual(log, [['close', 1006, NOTHING]]);
      assert.strictEqual(ws.readyState, ws.CLOSED);
    });

    it('does not need the peer', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      raw.socket.pause();
      ws.terminate();
      await closed;
    });

    it('lets what was sent before through', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const order = [];

      ws.on('close', () => order.push('close'));

      const closed = once(ws, 'close');

      ws.send('a', (err) => order.push(['a', err == null]));
      ws.ping('b');
      ws.send('c', (err) => order.push(['c', err == null]));
      ws.terminate();
      await raw.expectFrame(Opcode.TEXT, 'a');
      await raw.expectFrame(Opcode.PING, 'b');
      await raw.expectFrame(Opcode.TEXT, 'c');
      await raw.expectEnd();
      await closed;
      assert.deepStrictEqual(order, [['a', true], ['c', true], 'close']);
    });

    it('may follow close() and itself', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.close(1000);
      ws.terminate();
      ws.terminate();
      await raw.expectClose(1000);
      await raw.expectEnd();
      await until('close');
      ws.terminate();
      await turns(3);
      assert.deepStrictEqual(log, [['close', 1006, NOTHING]]);
    });

    it('is seen by ws as 1006', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);
      const closed = once(client, 'close');

      ws.terminate();
      assert.deepStrictEqual(await closed, [1006, NOTHING]);
    });

    it("may be called in listeners of 'connection' and 'message'", async (t) => {
      const wss = await startServer(t);

      wss.on('connection', (ws, req) => {
        if (req.url === '/now') ws.terminate();
        else ws.on('message', () => ws.terminate());
      });

      const now = await connectRaw(t, wss, { target: '/now' });

      await now.raw.expectEnd();

      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      raw.write(text('x'));
      await raw.expectEnd();
      await closed;
    });
  });
});
