'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const tls = require('../support/tls');
const { startChild } = require('../support/child');
const { answer, socketPath, startHttp } = require('../support/client');
const { deadline, turns } = require('../support/deadline');
const { Opcode, close, text } = require('../support/frame');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/exit-client.js');
const unmasked = (payload) => text(payload, { mask: false });

async function assertExits(child, expected = 0) {
  const { code, signal } = await child.exit();

  assert.strictEqual(signal, null, child.stderr);
  assert.strictEqual(code, expected, child.stderr);
}

async function start(t, way, transport) {
  let accept;
  const accepted = new Promise((resolve) => {
    accept = resolve;
  });
  const server = await startHttp(t, {
    listen: transport === 'UNIX' ? socketPath(t) : 0,
    tls: transport === 'TLS' ? tls.server : undefined,
    upgrade(req, socket) {
      const raw = new RawClient(socket);

      raw.isServer = true;
      answer(req, socket);
      accept(raw);
    }
  });
  const url = {
    TCP: `ws://${server.authority}`,
    TLS: `wss://${server.authority}`,
    UNIX: `ws+unix:${server.address()}`
  }[transport];
  const child = startChild(t, script, { args: [way, url] });

  return { child, raw: await deadline(accepted, 'the connection') };
}

async function assertLives({ child, raw }) {
  for (let i = 0; i < 3; i++) {
    await turns(20);
    raw.write(unmasked('x'));
    await raw.expectFrame(Opcode.BINARY, 'x');
  }

  assert.strictEqual(child.child.exitCode, null);
}

for (const transport of ['TCP', 'UNIX', 'TLS']) {
  describe(`A process with a client over ${transport}`, () => {
    it('exits by itself when it is closed', async (t) => {
      const { child, raw } = await start(t, 'closes', transport);

      await raw.expectClose(1000);
      raw.write(close(1000, '', { mask: false }));
      raw.socket.end();
      await assertExits(child);
    });

    it('exits by itself when it is terminated', async (t) => {
      const { child } = await start(t, 'terminates', transport);

      await assertExits(child);
    });

    it('exits by itself when it is terminated later', async (t) => {
      const { child, raw } = await start(t, 'terminates later', transport);

      raw.write(unmasked('go'));
      await assertExits(child);
    });

    it('exits by itself when the peer leaves', async (t) => {
      const { child, raw } = await start(t, 'goes on', transport);

      raw.socket.end();
      await assertExits(child);
    });

    it('lives as long as it is open', async (t) => {
      const pair = await start(t, 'goes on', transport);

      await assertLives(pair);
      pair.raw.destroy();
      await assertExits(pair.child);
    });

    it('does not live for one that is not referenced', async (t) => {
      const way = 'unrefs its socket in the open event';
      const { child } = await start(t, way, transport);

      await assertExits(child);
    });

    it('does not live for one that is so later', async (t) => {
      const { child, raw } = await start(
        t,
        'unrefs its socket later',
        transport
      );

      raw.write(unmasked('go'));
      await assertExits(child);
    });

    it('lives for one that is referenced again', async (t) => {
      const pair = await start(t, 'refs its socket again', transport);

      await assertLives(pair);
    });

    // Node encrypts in a turn of its own.
    const inTime = { skip: transport === 'TLS' };

    it('delivers what was sent before process.exit()', inTime, async (t) => {
      const { child, raw } = await start(
        t,
        'exits right behind send()',
        transport
      );

      raw.write(unmasked('go'));
      await raw.expectFrame(Opcode.TEXT, 'first');
      await raw.expectFrame(Opcode.BINARY, Buffer.alloc(5000, 1));
      await raw.expectFrame(Opcode.TEXT, 'last');
      await assertExits(child, 7);
    });

    it('delivers what its open event sent before that', async (t) => {
      const way = 'exits in its open event behind send()';
      const { child, raw } = await start(t, way, transport);

      await raw.expectFrame(Opcode.TEXT, 'only');
      await assertExits(child, 7);
    });
  });
}

describe('A process with a client', () => {
  it('exits by itself if it cannot connect', async (t) => {
    const child = startChild(t, script, {
      args: ['cannot connect', 'ws://127.0.0.1:1']
    });

    await assertExits(child);
  });
});
