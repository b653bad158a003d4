'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { Opcode, ping, pong, text } = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

describe('Control frames', () => {
  it('of type ping are answered with their payload', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    for (const length of [0, 1, 124, 125]) {
      raw.write(ping(Buffer.alloc(length, length)));
      await raw.expectFrame(Opcode.PONG, Buffer.alloc(length, length));
    }

    await until('ping', 4);
    assert.deepStrictEqual(
      log.map(([name, data]) => [name, data.length]),
      [
        ['ping', 0],
        ['ping', 1],
        ['ping', 124],
        ['ping', 125]
      ]
    );
  });

  it('of type pong are not answered', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(pong('a'), pong(''), ping('b'));
    await raw.expectFrame(Opcode.PONG, 'b');
    await until('ping');
    assert.deepStrictEqual(log, [
      ['pong', Buffer.from('a')],
      ['pong', Buffer.alloc(0)],
      ['ping', Buffer.from('b')]
    ]);
  });

  it('keep their order among messages', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(text('a'), ping('b'), text('c'), pong('d'), ping('e'), text('f'));
    await until('message', 3);
    assert.strictEqual(
      log.map(([, data]) => data.toString()).join(''),
      'abcdef'
    );
  });

  it('may have listeners or none', async (t) => {
    const wss = await startServer(t);
    const { raw } = await connectRaw(t, wss);

    raw.write(pong('a'), ping('b'));
    await raw.expectFrame(Opcode.PONG, 'b');
  });

  describe('autoPong', () => {
    it('false leaves the answer to the user', async (t) => {
      const wss = await startServer(t, { autoPong: false });
      const { raw, ws } = await connectRaw(t, wss);

      const first = once(ws, 'ping');

      raw.write(ping('a'));
      assert.deepStrictEqual(await first, [Buffer.from('a')]);

      ws.on('ping', (data) => ws.pong(`re: ${data}`));
      raw.write(ping('b'));
      await raw.expectFrame(Opcode.PONG, 're: b');
    });

    it('does not answer once the server has sent a close frame', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const event = once(ws, 'ping');

      ws.close();
      await raw.expectClose();
      raw.write(ping('a'));
      assert.deepStrictEqual(await event, [Buffer.from('a')]);
      raw.socket.end();
      await raw.expectEnd();
    });
  });

  describe('maxPendingAutoPongs', () => {
    it('of 0 means no limit', async (t) => {
      const wss = await startServer(t, { maxPendingAutoPongs: 0 });
      const { raw, ws } = await connectRaw(t, wss);
      const { log } = record(ws);
      const frames = Array.from({ length: 5_000 }, (_, i) => ping(String(i)));

      raw.write(...frames);
      for (let i = 0; i < frames.length; i++) {
        await raw.expectFrame(Opcode.PONG, String(i));
      }

      raw.write(pong('last'));
      while (log.at(-1)?.[0] !== 'pong') await once(ws, 'pong');
      assert.strictEqual(log.length, 5_001);
    });

    it('does not disturb a peer that reads its pongs', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      for (let i = 0; i < 20; i++) {
        raw.write(...Array.from({ length: 50 }, () => ping('x')));
        for (let j = 0; j < 50; j++) await raw.expectFrame(Opcode.PONG, 'x');
      }

      assert.strictEqual(ws.readyState, ws.OPEN);
    });

    it('ends the connection of a peer that does not', async (t) => {
      const wss = await startServer(t);
      const other = await connectRaw(t, wss);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');
      const flood = Buffer.concat(
        Array.from({ length: 500 }, () => ping(Buffer.alloc(125)))
      );

      ws.on('error', () => assert.fail('must not be emitted'));
      raw.socket.pause();

      (function write() {
        if (raw.socket.destroyed) return;
        raw.socket.write(flood, (err) => {
          if (!err) setImmediate(write);
        });
      })();

      assert.deepStrictEqual(await closed, [1006, Buffer.alloc(0)]);
      other.raw.write(ping('x'));
      await other.raw.expectFrame(Opcode.PONG, 'x');
    });
  });
});
