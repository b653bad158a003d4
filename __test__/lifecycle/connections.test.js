'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { answer, startHttp } = require('../support/client');
const { called, once, turns, until } = require('../support/deadline');
const { Opcode, close, text } = require('../support/frame');
const { buildPlainRequest, buildRequest } = require('../support/handshake');
const { WebSocket } = require('../support/implementation');
const { linuxOnly, openDescriptors } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');
const { startAttached } = require('../support/transport');

const endings = [
  (raw) => {
    raw.write(close(1000));
    raw.socket.end();
  },
  (raw) => raw.socket.end(),
  (raw) => raw.destroy(),
  // A UNIX socket knows no reset.
  ({ socket }) =>
    socket.remoteFamily ? socket.resetAndDestroy() : socket.destroy(),
  (raw) => {
    raw.write(text('x', { mask: false }));
    raw.socket.end();
  },
  (raw) => raw.write(text('terminate')),
  (raw) => {
    raw.write(text('half').subarray(0, 8));
    raw.socket.end();
  }
];

// A test of its own, so that the clients do not pile up until its end.
const owner = () => ({ after() {} });

async function cycle(target, i) {
  const raw = await RawClient.connect(owner(), target);

  if (i % 16 === 15) {
    raw.write([buildRequest(), buildPlainRequest()][i & 1].slice(0, 40));
    raw.destroy();
    return;
  }

  await raw.handshake();
  raw.write(text('x'));
  await raw.frame();
  endings[i % endings.length](raw);
  await raw.end();
  raw.destroy();
}

async function startWith(t, transport) {
  return (await startAttached(t, transport)).wss;
}

/** Expect that descriptors and handles are as they were before. */
async function leavesNothing(act) {
  const descriptors = openDescriptors();
  const handles = process.getActiveResourcesInfo().length;

  await act();
  await until(
    () =>
      openDescriptors() <= descriptors &&
      process.getActiveResourcesInfo().length <= handles,
    `${descriptors} descriptors and ${handles} handles`
  );
}

/** How a connection of a client ends, by the number in its URL. */
const clientEndings = [
  (ws) => ws.close(1000),
  (ws) => ws.terminate(),
  (ws) => ws._socket.destroy(),
  (ws) => ws._socket.end(),
  (ws) => ws.send('close'),
  (ws) => ws.send('end'),
  (ws) => ws.send('destroy'),
  (ws) => ws.send('reset')
];

function serveEnding(req, socket) {
  const raw = new RawClient(socket);

  raw.isServer = true;
  socket.on('error', () => {});
  answer(req, socket, {}, text('hello', { mask: false }));
  raw
    .frame()
    .then(({ opcode, payload }) => {
      switch (payload.toString()) {
        case 'destroy':
          socket.destroy();
          break;
        case 'reset':
          socket.resetAndDestroy();
          break;
        case 'close':
          socket.end(close(1000, '', { mask: false }));
          break;
        default:
          if (opcode === Opcode.CLOSE) {
            socket.write(close(1000, '', { mask: false }));
          }
          socket.end();
      }
    })
    .catch(() => socket.destroy());
}

async function cycleClient(authority, i) {
  const ws = new WebSocket(`ws://${authority}`);
  const closed = once(ws, 'close');

  ws.on('error', () => {});
  await once(ws, 'message');
  clientEndings[i % clientEndings.length](ws);
  await closed;
}

describe('Connections', () => {
  for (const [way, start, count] of [
    ['the core', startServer, 3000],
    ["Node's server", (t) => startWith(t, 'TCP'), 1000],
    ["Node's server on a UNIX socket", (t) => startWith(t, 'UNIX'), 1000]
  ]) {
    const title = `accepted by ${way} leave nothing behind after ${count} cycles`;

    it(title, linuxOnly, async (t) => {
      const wss = await start(t);
      let opened = 0;
      let closed = 0;

      wss.on('connection', (ws) => {
        opened++;
        ws.on('error', () => {});
        ws.on('close', () => closed++);
        ws.on('message', (data) => {
          if (data.toString() === 'terminate') ws.terminate();
          else ws.send(data);
        });
      });

      async function cycles(count) {
        let next = 0;

        async function lane() {
          while (next < count) await cycle(wss, next++);
        }

        await Promise.all(Array.from({ length: 20 }, lane));
        await until(() => closed === opened, 'all connections to close');
      }

      await cycles(200);
      await leavesNothing(() => cycles(count));
      assert.strictEqual(wss.clients.size, 0);
      assert.ok(opened > count * 0.9);
    });
  }

  it(
    'of clients leave nothing behind after 1,000 cycles',
    linuxOnly,
    async (t) => {
      const { authority } = await startHttp(t, { upgrade: serveEnding });

      async function cycles(count) {
        let next = 0;

        async function lane() {
          while (next < count) await cycleClient(authority, next++);
        }

        await Promise.all(Array.from({ length: 20 }, lane));
      }

      await cycles(200);
      await leavesNothing(() => cycles(1000));
    }
  );

  it('survive a server that closes while they are made', async (t) => {
    for (let round = 0; round < 20; round++) {
      const wss = await startServer(t);
      const { port } = wss.address();

      wss.on('connection', (ws) => ws.terminate());

      const attempts = Array.from({ length: 10 }, async () => {
        const raw = await RawClient.connect(t, port).catch(() => undefined);

        if (raw === undefined) return;
        raw.write(buildRequest());

        // A request that came too late for an upgrade may be answered as a
        // plain one, and then the peer has to end the connection.
        const response = await raw.response().catch(() => undefined);

        if (response?.status === 101) await raw.end();
        raw.destroy();
      });

      await turns(round % 5);

      const ended = called((cb) => wss.close(cb), 'the server to close');

      await Promise.all([...attempts, ended]);
    }
  });

  it('may all be closed at once', async (t) => {
    const wss = await startServer(t);
    const pairs = [];

    for (let i = 0; i < 100; i++) pairs.push(await connectRaw(t, wss));

    const closed = pairs.map(({ ws }) => once(ws, 'close'));

    for (const ws of wss.clients) ws.close(1001);
    for (const { raw } of pairs) {
      await raw.expectClose(1001);
      raw.write(close(1001));
      raw.socket.end();
    }

    await Promise.all(closed);
    assert.strictEqual(wss.clients.size, 0);
  });
});
