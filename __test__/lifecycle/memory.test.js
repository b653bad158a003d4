'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { cleanup } = require('../support/cleanup');
const { text } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { isReference } = require('../support/implementation');

// Read from /proc, and what C's allocator returns differs.
const skip = isReference || process.platform !== 'linux';

const FIRST = 300;
const MORE = 900;

describe('An idle connection', () => {
  for (const [mode, most] of [
    ['port', 800],
    ['server', 2000]
  ]) {
    it(`takes less than ${most} bytes of the heap in ${mode} mode`, async (t) => {
      const script = path.join(__dirname, 'fixtures/memory.js');
      const child = startChild(t, script, {
        args: [mode],
        // What is compiled stays, or functions that are not called look like less.
        execArgv: ['--expose-gc', '--no-flush-bytecode']
      });
      const { port } = await child.message('listening');

      await open(t, port, FIRST);
      child.send({ messages: FIRST });
      const before = await child.message('heap');

      await open(t, port, MORE);
      child.send({ messages: FIRST + MORE });
      const after = await child.message('heap');

      const bytes = (after.bytes - before.bytes) / MORE;

      assert.ok(bytes < most, `${bytes} bytes a connection`);
    });
  }
});

describe('Memory of messages', () => {
  it('is the system’s again when nobody needs it', { skip }, async (t) => {
    const most = 40e6;
    const script = path.join(__dirname, 'fixtures/kept-messages.js');
    const child = startChild(t, script, {
      args: [String(most)],
      execArgv: ['--expose-gc']
    });

    for (let round = 0; round < 3; round++) {
      const { bytes } = await child.message('received');

      assert.ok(bytes > 2 * most, `round ${round}: ${bytes} bytes`);
      await child.message('settled');
    }
  });
});

async function open(t, port, count) {
  for (let i = 0; i < count; i++) {
    const socket = net.connect(port, '127.0.0.1');

    cleanup(t, () => socket.destroy());
    socket.write(buildRequest());
    await once(socket, 'data');
    socket.write(text('a'));
  }
}
