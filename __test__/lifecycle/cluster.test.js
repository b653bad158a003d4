'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { createClient, socketPath } = require('../support/client');
const { deadline, once } = require('../support/deadline');
const { Opcode, close, ping, text } = require('../support/frame');
const { WebSocketServer, isReference } = require('../support/implementation');
const { linuxOnly } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');
const { isAdopted } = require('../support/transport');

const script = path.join(__dirname, 'fixtures/cluster.js');

async function open(t, port) {
  const raw = await RawClient.connect(t, port);

  await raw.handshake();

  const { payload } = await raw.frame();

  return { raw, number: +/^worker (\d)$/.exec(payload)[1] };
}

async function assertEchoes({ raw }) {
  raw.write(text('x'), ping('y'));

  const opcodes = [await raw.frame(), await raw.frame()].map(
    ({ opcode }) => opcode
  );

  assert.deepStrictEqual(
    opcodes.sort((a, b) => a - b),
    [Opcode.BINARY, Opcode.PONG]
  );
}

describe('Workers of a cluster', () => {
  it('share a port, and leave one by one', async (t) => {
    const child = startChild(t, script);
    const { port } = await child.message('listening');
    const all = [];

    for (let i = 0; i < 6; i++) all.push(await open(t, port));

    // They get connections in turn.
    assert.deepStrictEqual(
      all.map(({ number }) => number).sort(),
      [1, 1, 1, 2, 2, 2]
    );
    for (const one of all) await assertEchoes(one);

    const [first] = all;
    const leaving = all.filter(({ number }) => number === first.number);
    const staying = all.filter(({ number }) => number !== first.number);

    first.raw.write(text('leave'));
    await first.raw.expectFrame(Opcode.BINARY, 'leave');

    for (const { raw } of leaving) {
      await raw.expectClose(1001);
      raw.write(close(1001));
      raw.socket.end();
    }

    assert.deepStrictEqual(await child.message('left'), {
      type: 'left',
      code: 0,
      signal: null,
      number: first.number
    });

    for (const one of staying) await assertEchoes(one);

    const late = await open(t, port);

    assert.strictEqual(late.number, staying[0].number);
    await assertEchoes(late);
  });
});

describe('WebSocketServer on the path of a socket', () => {
  it('serves clients of the scheme ws+unix', async (t) => {
    const where = socketPath(t);
    const wss = await startServer(t, { port: where, host: undefined });
    const connection = once(wss, 'connection');
    const client = createClient(t, `ws+unix:${where}:/target`);
    const [[ws, req]] = await Promise.all([connection, once(client, 'open')]);

    assert.strictEqual(wss.address(), where);
    assert.strictEqual(req.url, '/target');

    for (const [from, to] of [
      [client, ws],
      [ws, client]
    ]) {
      const message = once(to, 'message');

      from.send('over a socket');
      assert.strictEqual(String((await message)[0]), 'over a socket');
    }

    if (!isReference && !linuxOnly.skip) {
      assert.ok(isAdopted(ws) && isAdopted(client));
    }

    const closed = Promise.all([once(client, 'close'), once(ws, 'close')]);

    client.close(4000, 'done');

    const [first, second] = await closed;

    assert.deepStrictEqual(first, [4000, Buffer.from('done')]);
    assert.deepStrictEqual(second, first);
  });
});

describe('WebSocketServer', () => {
  describe('_server', () => {
    for (const event of ['connection', 'request']) {
      for (const when of ['before', 'after']) {
        it(`emits '${event}' if asked ${when} it listens`, async (t) => {
          let seen;

          const called = new Promise((resolve) => {
            seen = resolve;
          });
          const listen = (wss) => {
            wss._server.on(event, (...args) => seen(args));
          };
          const wss = await startServer(
            t,
            {},
            class extends WebSocketServer {
              constructor(...args) {
                super(...args);
                if (when === 'before') listen(this);
              }
            }
          );
          const early = when === 'after' ? await connectRaw(t, wss) : undefined;
          const address = wss.address();

          if (when === 'after') listen(wss);
          assert.deepStrictEqual(wss.address(), address);
          assert.strictEqual(wss._server.listening, true);

          const raw = await RawClient.connect(t, wss);

          if (event === 'request') {
            raw.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
          }

          assert.ok((await deadline(called, 'the event')).length > 0);
          if (event === 'request') {
            assert.strictEqual((await raw.response()).status, 426);
          }

          // Those that came before it, and come after it, are as ever.
          const late = await connectRaw(t, wss);

          for (const pair of early ? [early, late] : [late]) {
            const message = once(pair.ws, 'message');

            pair.raw.write(text('x'));
            await message;
            pair.ws.send('y');
            await pair.raw.expectFrame(Opcode.TEXT, 'y');
          }

          assert.strictEqual(wss.clients.size, early ? 2 : 1);
          raw.destroy();

          const closed = once(wss, 'close');

          wss.close();
          for (const pair of early ? [early, late] : [late]) {
            pair.raw.write(close(1000));
            await pair.raw.expectClose(1000);
            pair.raw.socket.end();
          }
          await closed;
        });
      }
    }
  });
});
