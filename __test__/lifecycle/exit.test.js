'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { socketPath } = require('../support/client');
const { turns } = require('../support/deadline');
const { Opcode, close, text } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/exit.js');

async function assertExits(child, expected = 0) {
  const { code, signal } = await child.exit();

  assert.strictEqual(signal, null, child.stderr);
  assert.strictEqual(code, expected, child.stderr);
}

async function connectTo(t, way, ...listener) {
  const child = startChild(t, script, { args: [way, ...listener] });
  const { port } = await child.message('listening');
  const raw = await RawClient.connect(t, port);

  await raw.handshake();
  return { child, port, raw };
}

describe('A process', () => {
  for (const way of [
    'only loads',
    'closes without connections',
    'closes in the turn of the constructor',
    'fails to bind'
  ]) {
    it(`exits by itself if it ${way}`, async (t) => {
      await assertExits(startChild(t, script, { args: [way] }));
    });
  }

  describeServers('that listens', () => []);
  describeServers("with a server of Node's", () => ['TCP']);
  describeServers('with one on a UNIX socket', (t) => [socketPath(t)]);
});

function describeServers(what, listener) {
  describe(what, () => {
    describeServer((t, way) => connectTo(t, way, ...listener(t)), listener);
  });
}

function describeServer(connect, listener) {
  it('exits when the last server and connection are closed', async (t) => {
    const { child, raw } = await connect(t, 'closes all after one message');

    raw.write(text('x'));
    await raw.expectClose();
    raw.write(close());
    raw.socket.end();
    await assertExits(child);
  });

  it('exits when the last connection is terminated', async (t) => {
    const { child, raw } = await connect(t, 'terminates all after one message');

    raw.write(text('x'));
    await raw.expectEnd();
    await assertExits(child);
  });

  it("delivers what a listener of 'exit' sends", async (t) => {
    const { child, raw } = await connect(t, "sends in a listener of 'exit'");

    raw.write(text('x'));
    await raw.expectFrame(Opcode.TEXT, 'last');
    await raw.expectClose(1001);
    await assertExits(child, 7);
  });

  it(
    "waits no more once an 'exit' that was none is over",
    beyondReference,
    async (t) => {
      const { child, raw } = await connect(t, "emits 'exit' and goes on");

      raw.write(text('x'));

      const waits = await child.message('waits');

      assert.deepStrictEqual(waits, {
        type: 'waits',
        atExit: 3,
        behind: 1,
        later: 0
      });
      await raw.expectFrame(Opcode.TEXT, 'in the same tick');
      for (let i = 0; i < 10; i++) await raw.expectFrame(Opcode.TEXT, 'later');
      raw.destroy();
    }
  );

  it('lives as long as a connection', async (t) => {
    const { child, raw } = await connect(t, 'closes only the server');

    for (let i = 0; i < 3; i++) {
      await turns(20);
      raw.write(text('x'));
      await raw.expectFrame(Opcode.BINARY, 'x');
    }

    raw.destroy();
    await assertExits(child);
  });

  it('lives as long as a server', async (t) => {
    const { child, port, raw } = await connect(t, 'goes on');

    raw.destroy();

    for (let i = 0; i < 3; i++) {
      const next = await RawClient.connect(t, port);

      await next.handshake();
      next.write(text('x'));
      await next.expectFrame(Opcode.BINARY, 'x');
      next.destroy();
    }

    assert.strictEqual(child.child.exitCode, null);
  });

  it('does not live for a server that is not referenced', async (t) => {
    const child = startChild(t, script, {
      args: ['unrefs the server', ...listener(t)]
    });

    await assertExits(child);
  });

  it('does not live for a connection that is not referenced', async (t) => {
    const { child, raw } = await connect(t, 'unrefs the last connection');

    raw.write(text('x'));
    await assertExits(child);
    await raw.end();
  });

  it('delivers what was sent right before process.exit()', async (t) => {
    const { child, port, raw } = await connect(t, 'exits right behind send()');
    const raws = [raw];

    for (let i = 1; i < 20; i++) {
      raws.push(await RawClient.connect(t, port));
      await raws[i].handshake();
    }

    raw.write(text('go'));

    for (const one of raws) {
      await one.expectFrame(Opcode.TEXT, 'first');
      await one.expectFrame(Opcode.BINARY, Buffer.alloc(5000, 1));
      await one.expectFrame(Opcode.TEXT, 'last of 20');
      await one.expectEnd();
    }

    await assertExits(child, 7);
  });
}
