'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once, until } = require('../support/deadline');
const { Opcode } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

const MiB = Buffer.alloc(1048576);

// Send until the kernel takes no more.
function saturate(ws, cb) {
  let count = 0;

  while (ws.bufferedAmount < 8 * MiB.length && count < 256) {
    ws.send(MiB, cb);
    count++;
  }

  return count;
}

describe('WebSocket', () => {
  describe('#send callback', () => {
    it('is called later, once, without an error, in order', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const order = [];
      const last = called((cb) => {
        ws.send('a', (err) => order.push(['a', err == null]));
        ws.send(Buffer.from('b'), {}, (err) => order.push(['b', err == null]));
        ws.ping('p', false, (err) => order.push(['p', err == null]));
        ws.send(MiB, (err) => order.push(['MiB', err == null]));
        ws.pong('q', (err) => order.push(['q', err == null]));
        ws.send('c', (err) => {
          order.push(['c', err == null]);
          cb();
        });
      });

      assert.deepStrictEqual(order, []);
      await last;
      assert.deepStrictEqual(order, [
        ['a', true],
        ['b', true],
        ['p', true],
        ['MiB', true],
        ['q', true],
        ['c', true]
      ]);
      await raw.expectFrame(Opcode.TEXT, 'a');
    });

    it('may send again', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      let i = 0;

      (function next() {
        if (i < 100) ws.send(String(i++), next);
      })();

      for (let j = 0; j < 100; j++) {
        await raw.expectFrame(Opcode.TEXT, String(j));
      }
    });

    it('waits until the peer reads', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      raw.socket.pause();

      let done = 0;
      const count = saturate(ws, (err) => {
        assert.ok(err == null);
        done++;
      });

      const last = called((cb) => ws.send('last', cb));

      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(done < count, 'the kernel cannot have taken all');

      raw.socket.resume();
      for (let i = 0; i < count; i++) await raw.expectFrame(Opcode.BINARY, MiB);
      await raw.expectFrame(Opcode.TEXT, 'last');
      await last;
      assert.strictEqual(done, count);
    });

    it('has an error once the connection is closing', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      ws.close();

      for (const method of ['send', 'ping', 'pong']) {
        let sync = true;
        const result = called((cb) => {
          ws[method]('x', (err) => {
            assert.strictEqual(sync, false);
            cb(err);
          });
        });

        sync = false;

        const [err] = await result;

        assert.ok(err instanceof Error);
        assert.strictEqual(
          err.message,
          'WebSocket is not open: readyState 2 (CLOSING)'
        );
      }

      await raw.expectClose();
    });

    it('has an error once the connection is closed', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const closed = once(ws, 'close');

      raw.destroy();
      await closed;

      for (const method of ['send', 'ping', 'pong']) {
        const [err] = await called((cb) => ws[method]('x', cb));

        assert.strictEqual(
          err.message,
          'WebSocket is not open: readyState 3 (CLOSED)'
        );
        assert.strictEqual(ws[method]('without a callback'), undefined);
      }
    });

    it('has an error if the connection breaks before', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const order = [];

      raw.socket.pause();
      ws.on('error', () => assert.fail('must not be emitted'));
      ws.on('close', (code) => order.push(code));

      const errors = [];
      const count = saturate(ws, (err) => errors.push(err));
      const last = called((cb) => ws.send('last', cb));

      raw.socket.resetAndDestroy();

      const [err] = await last;

      assert.ok(err instanceof Error);
      await until(() => order.length > 0, "the 'close' event");
      assert.strictEqual(errors.length, count);
      assert.deepStrictEqual(order, [1006]);
    });

    it('comes before the close event after terminate()', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const order = [];

      ws.on('close', () => order.push('close'));

      const closed = once(ws, 'close');

      raw.socket.pause();
      saturate(ws, () => {});
      ws.send('last', (err) => order.push(err instanceof Error));
      ws.terminate();
      await closed;
      assert.deepStrictEqual(order, [true, 'close']);
    });
  });

  describe('#bufferedAmount', () => {
    it('is 0 when the kernel has taken all', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      await called((cb) => ws.send('12345', cb));
      assert.strictEqual(ws.bufferedAmount, 0);
      await called((cb) => ws.ping('12345', cb));
      assert.strictEqual(ws.bufferedAmount, 0);
      await raw.expectFrame(Opcode.TEXT, '12345');
    });

    it('grows while the peer does not read, then shrinks', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      raw.socket.pause();

      const count = saturate(ws);

      assert.ok(ws.bufferedAmount >= 8 * MiB.length);
      // Frame headers may count, so 16 bytes each are allowed.
      assert.ok(ws.bufferedAmount <= count * (MiB.length + 16));

      const before = ws.bufferedAmount;

      ws.send(Buffer.alloc(1000));
      assert.ok(ws.bufferedAmount >= before + 1000);
      assert.ok(ws.bufferedAmount <= before + 1016);

      const drained = called((cb) => ws.send('', cb));

      raw.socket.resume();
      await drained;
      assert.strictEqual(ws.bufferedAmount, 0);
    });

    it('counts a Blob that is being read', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const sent = called((cb) => {
        ws.send(new Blob(['12345']));
        ws.send('678', cb);
      });

      assert.strictEqual(ws.bufferedAmount, 8);
      await sent;
      assert.strictEqual(ws.bufferedAmount, 0);
      await raw.expectFrame(Opcode.BINARY, '12345');
      await raw.expectFrame(Opcode.TEXT, '678');
    });

    it('grows by what is sent after the close', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);

      await called((cb) => ws.send('flushed', cb));
      ws.close();
      await raw.expectFrame(Opcode.TEXT, 'flushed');
      await raw.expectClose();

      const start = ws.bufferedAmount;
      const expected = [
        [() => ws.send('é'), 2],
        [() => ws.send(Buffer.alloc(10)), 10],
        [() => ws.send(new Blob(['123'])), 3],
        [() => ws.send(12), 2],
        [() => ws.send(), 0],
        [() => ws.ping('ab'), 2],
        [() => ws.pong('abc'), 3]
      ];
      let sum = start;

      assert.strictEqual(start, 0);
      for (const [send, length] of expected) {
        send();
        sum += length;
        assert.strictEqual(ws.bufferedAmount, sum);
      }

      const closed = once(ws, 'close');

      raw.destroy();
      await closed;
      ws.send('xyz');
      assert.strictEqual(ws.bufferedAmount, sum + 3);
    });
  });
});
