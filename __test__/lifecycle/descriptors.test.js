'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { until } = require('../support/deadline');
const { Opcode, ping } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { linuxOnly, openDescriptors } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/few-descriptors.js');
const LIMIT = 64;

describe('A process without free descriptors', () => {
  it('does not spin, serves the open, accepts later', linuxOnly, async (t) => {
    const server = startChild(t, script, { openFiles: LIMIT });
    const { port } = await server.message('listening');
    const raws = [];

    for (let i = 0; i < 2 * LIMIT; i++) {
      const raw = await RawClient.connect(t, port);

      raw.write(buildRequest());
      raws.push(raw);
    }

    const accepted = () => raws.filter(({ buffer }) => buffer.length > 0);
    const free = LIMIT - openDescriptors(server.child.pid);

    await until(
      () => openDescriptors(server.child.pid) >= LIMIT - 2,
      `${free} descriptors to be used`
    );

    server.send('measure');

    const { ratio, clients } = await server.message('usage');

    assert.ok(ratio < 0.5, `it used ${ratio} of a processor doing nothing`);
    assert.ok(clients > 0 && clients < LIMIT);

    // Those that are open do not suffer.
    const [first, ...rest] = accepted();

    await first.response();
    first.write(ping('x'));
    await first.expectFrame(Opcode.PONG, 'x');

    for (const raw of rest) raw.destroy();

    // Node ends those that find no descriptor; if they wait instead, they must
    // get one now.
    const waiting = raws.find(
      (raw) => raw !== first && raw.buffer.length === 0 && !raw.ended
    );

    if (waiting) assert.strictEqual((await waiting.response()).status, 101);

    for (const raw of raws) if (raw !== first) raw.destroy();

    let open = 0;

    await until(async () => {
      const raw = await RawClient.connect(t, port);

      raw.write(buildRequest());

      const response = await raw.response().catch(() => undefined);

      return response?.status === 101 && ++open === 10;
    }, 'ten new connections');

    first.write(ping('y'));
    await first.expectFrame(Opcode.PONG, 'y');
    assert.deepStrictEqual(
      server.messages.filter(({ type }) => type === 'error'),
      []
    );
  });
});
