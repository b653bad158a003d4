'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  beyondReference,
  WebSocket,
  WebSocketServer
} = require('../support/implementation');
const { called, once, turns } = require('../support/deadline');
const { Opcode } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

const { BINARY, CONTINUATION, PING, TEXT } = Opcode;
const KiB = 1024;

async function connectMany(t, wss, count) {
  const all = [];

  for (let i = 0; i < count; i++) all.push(await connectRaw(t, wss));
  return all;
}

/**
 * Send something to all and expect that they got nothing before.
 */
async function expectNothing(all) {
  for (const { ws } of all) ws.send('the end');
  for (const { raw } of all) await raw.expectFrame(TEXT, 'the end');
}

const rows = [
  ['a string', 'hello', TEXT, 'hello'],
  ['a string beyond ASCII', 'héllo € 😀', TEXT, 'héllo € 😀'],
  ['a long string', 'é'.repeat(20_000), TEXT, 'é'.repeat(20_000)],
  ['the empty string', '', TEXT, ''],
  ['a number', 42, TEXT, '42'],
  ['zero', 0, TEXT, '0'],
  ['undefined', undefined, BINARY, ''],
  ['null', null, BINARY, ''],
  ['a Buffer', Buffer.from('abc'), BINARY, 'abc'],
  ['a large Buffer', Buffer.alloc(99_999, 'x'), BINARY, 'x'.repeat(99_999)],
  ['an empty Buffer', Buffer.alloc(0), BINARY, ''],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer, BINARY, '\x01\x02\x03'],
  [
    'a view',
    new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
    BINARY,
    '\x02\x03'
  ],
  ['an array of bytes', [1, 2, 3], BINARY, '\x01\x02\x03'],
  ['a Blob', new Blob(['a', 'bc']), BINARY, 'abc']
];

describe('WebSocketServer', beyondReference, () => {
  describe('#broadcast', () => {
    for (const [title, data, opcode, payload] of rows) {
      it(`takes ${title}`, async (t) => {
        const wss = await startServer(t);
        const all = await connectMany(t, wss, 6);

        assert.strictEqual(wss.broadcast(data), 6);
        for (const { raw } of all) await raw.expectFrame(opcode, payload);
      });
    }

    it('takes the type from the options', async (t) => {
      const wss = await startServer(t);
      const [{ raw }] = await connectMany(t, wss, 1);

      wss.broadcast('a', { binary: true });
      wss.broadcast(Buffer.from('b'), { binary: false });
      wss.broadcast('c', { binary: undefined });
      await raw.expectFrame(BINARY, 'a');
      await raw.expectFrame(TEXT, 'b');
      await raw.expectFrame(TEXT, 'c');
    });

    it('sends one whole message, whatever `fin` and `mask` are', async (t) => {
      const wss = await startServer(t);
      const [{ raw }] = await connectMany(t, wss, 1);

      wss.broadcast('a', { fin: false, mask: true });
      await raw.expectFrame(TEXT, 'a');
    });

    it('leaves out who is excepted', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 4);
      const [a, b, c, d] = all.map(({ ws }) => ws);

      assert.strictEqual(wss.broadcast('1', { except: a }), 3);
      assert.strictEqual(wss.broadcast('2', { except: [a, b] }), 2);
      assert.strictEqual(wss.broadcast('3', { except: new Set([d]) }), 3);
      assert.strictEqual(wss.broadcast('4', { except: wss.clients }), 0);
      assert.strictEqual(wss.broadcast('5', { except: [] }), 4);
      assert.strictEqual(wss.broadcast('6', { except: null, filter: null }), 4);

      const expected = new Map([
        [a, '356'],
        [b, '1356'],
        [c, '12356'],
        [d, '1256']
      ]);

      for (const { raw, ws } of all) {
        for (const text of expected.get(ws)) await raw.expectFrame(TEXT, text);
      }
      await expectNothing(all);
    });

    it('asks the filter for each of the others', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 3);
      const [a, b, c] = all.map(({ ws }) => ws);
      const calls = [];
      const filter = (...args) => {
        calls.push(args);
        return args[0] === b;
      };

      assert.strictEqual(wss.broadcast('1', { except: a, filter }), 1);
      assert.deepStrictEqual(calls, [[b], [c]]);
      await all[1].raw.expectFrame(TEXT, '1');
      await expectNothing(all);
    });

    it('sends nothing if the filter throws', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 3);
      const error = new Error('a filter');
      let calls = 0;

      assert.throws(
        () =>
          wss.broadcast('1', {
            filter() {
              if (++calls === 3) throw error;
              return true;
            }
          }),
        error
      );
      await expectNothing(all);
    });

    it('leaves out what is not open', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 4);
      const [closing, terminated, filtered, open] = all;
      let asked = 0;

      closing.ws.close(1000);
      terminated.ws.terminate();
      assert.strictEqual(
        wss.broadcast('a', {
          filter(ws) {
            asked++;
            if (ws === filtered.ws) ws.close(1001);
            return true;
          }
        }),
        1
      );
      assert.strictEqual(asked, 2);
      await open.raw.expectFrame(TEXT, 'a');
      await closing.raw.expectClose(1000);
      await filtered.raw.expectClose(1001);
      await terminated.raw.expectEnd();
      assert.strictEqual(closing.ws.bufferedAmount, 0);
    });

    it('sends nothing after the server and its clients are closed', async (t) => {
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });

      await once(wss, 'listening');

      const [{ raw, ws }] = await connectMany(t, wss, 1);
      const closed = called((cb) => wss.close(cb));

      assert.strictEqual(wss.broadcast('still open'), 1);
      await raw.expectFrame(TEXT, 'still open');
      ws.terminate();
      await closed;
      assert.strictEqual(wss.broadcast('closed'), 0);
    });

    it('throws without a set of clients', async (t) => {
      const wss = await startServer(t, { clientTracking: false });

      assert.throws(() => wss.broadcast('a'), {
        name: 'Error',
        message: 'The "clientTracking" option is false: there are no clients'
      });
    });

    for (const [title, args, message] of [
      ['an object', [{ an: 'object' }], /The first argument must be/],
      ['a symbol', [Symbol('a')], /The first argument must be/],
      ['a boolean', [true], /The first argument must be/],
      ['options that are none', ['a', 'b'], /"options" argument/],
      ['a callback', ['a', () => {}], /"options" argument/],
      ['a filter that is none', ['a', { filter: 'b' }], /"filter" option/],
      ['an exception of a name', ['a', { except: 'b' }], /"except" option/],
      ['an exception of an object', ['a', { except: {} }], /"except" option/]
    ]) {
      it(`throws for ${title}, and sends nothing`, async (t) => {
        const wss = await startServer(t);
        const all = await connectMany(t, wss, 2);

        assert.throws(() => wss.broadcast(...args), {
          name: 'TypeError',
          message
        });
        await expectNothing(all);
      });
    }

    it('keeps the order of what is sent before and after', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 6);
      const sizes = [1, 100, 20 * KiB, 200 * KiB];

      for (const size of sizes) {
        for (const { ws } of all) ws.send(`before ${size}`);
        wss.broadcast('x'.repeat(size));
        for (const { ws } of all) ws.send('y'.repeat(size));
        all[0].ws.ping('z');
        wss.broadcast(Buffer.alloc(size, 'a'));
        wss.broadcast(Buffer.alloc(size, 'b'));
      }

      for (const { raw } of all) {
        for (const size of sizes) {
          await raw.expectFrame(TEXT, `before ${size}`);
          await raw.expectFrame(TEXT, 'x'.repeat(size));
          await raw.expectFrame(TEXT, 'y'.repeat(size));
          if (raw === all[0].raw) await raw.expectFrame(PING, 'z');
          await raw.expectFrame(BINARY, 'a'.repeat(size));
          await raw.expectFrame(BINARY, 'b'.repeat(size));
        }
      }
    });

    it('goes on with a message in fragments, as `send()` does', async (t) => {
      const wss = await startServer(t);
      const [a, b] = await connectMany(t, wss, 2);

      a.ws.send('1', { fin: false });
      wss.broadcast('2');
      await b.raw.expectFrame(TEXT, '2');
      assert.strictEqual((await a.raw.frame()).fin, false);
      await a.raw.expectFrame(CONTINUATION, '2');
    });

    it('waits behind a Blob that is being read', async (t) => {
      const wss = await startServer(t);
      const [a, b] = await connectMany(t, wss, 2);

      a.ws.send(new Blob(['1']));
      wss.broadcast('2');
      wss.broadcast(new Blob(['3']));
      wss.broadcast('4');
      await a.raw.expectFrame(BINARY, '1');

      for (const { raw } of [a, b]) {
        await raw.expectFrame(TEXT, '2');
        await raw.expectFrame(BINARY, '3');
        await raw.expectFrame(TEXT, '4');
      }
    });

    it('reads a Blob once', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 5);
      const blob = new Blob(['once']);
      const read = t.mock.method(blob, 'arrayBuffer');

      wss.broadcast(blob);
      for (const { raw } of all) await raw.expectFrame(BINARY, 'once');
      assert.strictEqual(read.mock.callCount(), 1);
    });

    it('calls a `send()` of its own, with what was passed', async (t) => {
      const calls = [];

      class Own extends WebSocket {
        send(...args) {
          calls.push(args);
          super.send('own');
        }
      }

      const wss = await startServer(t, { WebSocket: Own });
      const all = await connectMany(t, wss, 2);
      const data = Buffer.from('a');

      assert.strictEqual(wss.broadcast(data, { compress: false }), 2);
      for (const { raw } of all) await raw.expectFrame(TEXT, 'own');
      assert.strictEqual(calls.length, 2);
      assert.strictEqual(calls[0][0], data);
      assert.deepStrictEqual(calls[0][1], { binary: true, compress: false });
    });

    it('may be called by a listener, and by a filter', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 6);

      all[0].ws.on('message', (data) => {
        wss.broadcast(data, {
          binary: false,
          filter(ws) {
            if (ws === all[0].ws) wss.broadcast('first', { except: ws });
            return true;
          }
        });
      });
      all[0].raw.write(Buffer.of(0x81, 0x81, 0, 0, 0, 0, 0x61));
      for (const { raw } of all.slice(1)) await raw.expectFrame(TEXT, 'first');
      for (const { raw } of all) await raw.expectFrame(TEXT, 'a');
    });

    it('may be replaced', async (t) => {
      const wss = await startServer(t);

      wss.broadcast = (text) => text.length;
      assert.strictEqual(wss.broadcast('abc'), 3);
    });

    it('takes the bytes as they are', async (t) => {
      const wss = await startServer(t);
      const all = await connectMany(t, wss, 6);

      for (const size of [100, 20 * KiB]) {
        const data = Buffer.alloc(size, 'a');

        wss.broadcast(data);
        // Under ws that would be too early, but so it can be told that they
        // are looked at each time.
        data.fill('b');
        wss.broadcast(data);
        await turns();
      }

      for (const { raw } of all) {
        for (const size of [100, 20 * KiB]) {
          await raw.expectFrame(BINARY, 'a'.repeat(size));
          await raw.expectFrame(BINARY, 'b'.repeat(size));
        }
      }
    });
  });
});
