'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { deadline } = require('../support/deadline');
const { Opcode, text } = require('../support/frame');
const { linuxOnly, residentBytes } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/one-at-a-time.js');
const MiB = 1048576;
const BLOCK = 2000;
const BLOCKS = 800;

describe('With allowSynchronousEvents false', () => {
  it('a flood of small messages waits in the network', linuxOnly, async (t) => {
    const server = startChild(t, script, {
      args: [String(BLOCK * BLOCKS)],
      // How much garbage V8 lets grow by default differs from release to release.
      execArgv: ['--max-semi-space-size=16']
    });
    const { port } = await server.message('listening');
    const raw = await RawClient.connect(t, port);

    await raw.handshake();

    const { pid } = server.child;
    const before = residentBytes(pid);
    const block = Buffer.concat(Array(BLOCK).fill(text('hello')));

    for (let i = 0; i < BLOCKS; i++) {
      await deadline(
        new Promise((resolve) => {
          raw.socket.write(block, resolve);
        }),
        `block ${i} to be taken`
      );

      const growth = residentBytes(pid) - before;

      assert.ok(growth <= 128 * MiB, `memory grew by ${growth} bytes`);
    }

    // All of it is emitted in the end.
    await raw.expectFrame(Opcode.TEXT, 'received all');
  });
});
