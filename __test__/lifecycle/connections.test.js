'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once, turns, until } = require('../support/deadline');
const { close, text } = require('../support/frame');
const { buildPlainRequest, buildRequest } = require('../support/handshake');
const { linuxOnly, openDescriptors } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');
const { connectRaw, startServer } = require('../support/server');

const endings = [
  (raw) => {
    raw.write(close(1000));
    raw.socket.end();
  },
  (raw) => raw.socket.end(),
  (raw) => raw.destroy(),
  (raw) => raw.socket.resetAndDestroy(),
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

async function cycle(wss, i) {
  const raw = await RawClient.connect(owner(), wss);

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

describe('Connections', () => {
  it('leave nothing behind after 3,000 cycles', linuxOnly, async (t) => {
    const wss = await startServer(t);
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

    const descriptors = openDescriptors();
    const handles = process.getActiveResourcesInfo().length;

    await cycles(3000);
    await until(
      () =>
        openDescriptors() <= descriptors &&
        process.getActiveResourcesInfo().length <= handles,
      `${descriptors} descriptors and ${handles} handles`
    );
    assert.strictEqual(wss.clients.size, 0);
    assert.ok(opened > 2900);
  });

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
