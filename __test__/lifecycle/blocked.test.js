'use strict';

const assert = require('node:assert');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { cleanup } = require('../support/cleanup');
const { answer, socketPath, startHttp } = require('../support/client');
const { once } = require('../support/deadline');
const { Opcode, binary, close, ping, text } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const {
  linuxOnly,
  residentBytes,
  socketBufferBytes
} = require('../support/process-state');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/blocked-server.js');
const MiB = 1048576;

async function startBlocked(t, options = {}) {
  const server = startChild(t, script, { args: [JSON.stringify(options)] });
  const { port, release } = await server.message('listening');
  const control = await RawClient.connect(t, port);

  await control.handshake();

  let releaser;

  cleanup(t, () => releaser?.destroy());

  return {
    control,
    pid: server.child.pid,
    async open() {
      const raw = await RawClient.connect(t, port);

      await raw.handshake();
      return raw;
    },
    async block() {
      control.write(text('block'));

      let frame;

      // A heartbeat may be in front of it.
      do frame = await control.frame();
      while (frame.opcode === Opcode.PING);

      assert.strictEqual(frame.payload.toString(), 'blocking');
      releaser = net.connect(release, '127.0.0.1');
      await once(releaser, 'data');
    },
    release() {
      releaser.destroy();
    }
  };
}

/**
 * Write numbered messages until the server accepts no more.
 *
 * @return {Promise<Number>} The number of messages written in full
 */
async function flood(raw, limitBytes) {
  const size = 1024;
  let accepted = 0;
  let written = 0;
  let stalled = 0;

  while (stalled < 20 && accepted * size < limitBytes) {
    const before = accepted;

    if (written - accepted < 1024) {
      for (let i = 0; i < 64; i++) {
        const payload = Buffer.alloc(size);

        payload.writeUInt32BE(written++);
        raw.socket.write(binary(payload), () => accepted++);
      }
    }

    await new Promise((resolve) => setImmediate(resolve));
    if (accepted > before) {
      stalled = 0;
    } else {
      stalled++;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  return { accepted, written, bytes: accepted * size };
}

describe('While JavaScript is blocked', () => {
  describeServers('port');
  describeServers('server');
  describeServers('server on a UNIX socket');

  it('pings to a client are answered', beyondReference, async (t) => {
    let raw;

    const server = await startHttp(t, {
      upgrade(req, socket) {
        answer(req, socket);
        raw = new RawClient(socket);
        raw.isServer = true;
      }
    });
    const child = startChild(t, script, {
      args: [JSON.stringify({ way: 'client', url: `ws://${server.authority}` })]
    });
    const { release } = await child.message('listening');

    raw.write(text('block', { mask: false }));
    await raw.expectFrame(Opcode.TEXT, 'blocking');

    const releaser = net.connect(release, '127.0.0.1');

    cleanup(t, () => releaser.destroy());
    await once(releaser, 'data');
    raw.write(ping('are you there', { mask: false }));
    await raw.expectFrame(Opcode.PONG, 'are you there');
    releaser.destroy();
    await raw.expectFrame(Opcode.TEXT, 'unblocked');
  });
});

function describeServers(way) {
  const start = (t, options) =>
    startBlocked(t, {
      ...options,
      way: way.split(' ', 1)[0],
      path: way.includes('UNIX') ? socketPath(t) : undefined
    });

  describe(`with the option ${way}`, () => describeBlocked(start));
}

function describeBlocked(startBlocked) {
  it('pings are answered', beyondReference, async (t) => {
    const server = await startBlocked(t);
    const other = await server.open();

    await server.block();

    for (const raw of [server.control, other]) {
      raw.write(ping('are you there'));
      await raw.expectFrame(Opcode.PONG, 'are you there');
    }

    server.release();
    await server.control.expectFrame(Opcode.TEXT, 'unblocked');
    await other.expectFrame(Opcode.TEXT, 'unblocked');
  });

  it(
    'a dead peer is terminated by the heartbeat',
    beyondReference,
    async (t) => {
      const server = await startBlocked(t, {
        heartbeat: { interval: 100, timeout: 1000 }
      });
      const dead = await server.open();

      await server.block();
      // The connection that could release the server answers nothing either.
      await dead.end();
      await server.control.end();
      server.release();
    }
  );

  //
  // JavaScript may still have to answer the messages in front of them.
  //
  for (const [title, frame, code] of [
    ['closing handshakes', close(1000), 1000],
    ['protocol errors', text('x', { mask: false }), 1002]
  ]) {
    it(`${title} are kept for later`, async (t) => {
      const server = await startBlocked(t);
      const raw = await server.open();

      await server.block();
      raw.write(frame);
      server.release();
      await server.control.expectFrame(Opcode.TEXT, 'unblocked');
      for (;;) {
        const { opcode, payload } = await raw.frame();

        if (opcode === Opcode.CLOSE) {
          assert.strictEqual(payload.readUInt16BE(), code);
          break;
        }
      }

      raw.socket.end();
      await raw.expectEnd();
    });
  }

  it('a flood is held back by TCP, and nothing lost', linuxOnly, async (t) => {
    const maxInboundBytes = 256 * 1024;
    const server = await startBlocked(t, { maxInboundBytes });
    const raw = await server.open();

    await server.block();

    const before = residentBytes(server.pid);
    const bound = maxInboundBytes + socketBufferBytes() + MiB;
    const { bytes, written } = await flood(raw, 8 * bound);
    const growth = residentBytes(server.pid) - before;

    assert.ok(bytes <= bound, `accepted ${bytes} bytes of at most ${bound}`);
    // Kernel buffers are not resident memory of the process.
    assert.ok(growth <= 32 * MiB, `memory grew by ${growth} bytes`);

    server.release();
    await raw.expectFrame(Opcode.TEXT, 'unblocked');
    raw.write(text('count'));
    await raw.expectFrame(
      Opcode.TEXT,
      JSON.stringify({ count: written, ordered: true })
    );
  });

  it('many floods are bounded together', linuxOnly, async (t) => {
    const maxInboundBytesTotal = MiB;
    const server = await startBlocked(t, {
      maxInboundBytes: MiB,
      maxInboundBytesTotal
    });
    const raws = [];

    for (let i = 0; i < 8; i++) raws.push(await server.open());

    await server.block();

    const before = residentBytes(server.pid);
    const bound = socketBufferBytes() + MiB;
    const floods = await Promise.all(raws.map((raw) => flood(raw, 4 * bound)));
    const bytes = floods.reduce((sum, one) => sum + one.bytes, 0);
    const growth = residentBytes(server.pid) - before;

    assert.ok(
      bytes <= maxInboundBytesTotal + raws.length * bound,
      `accepted ${bytes} bytes`
    );
    assert.ok(growth <= 32 * MiB, `memory grew by ${growth} bytes`);

    server.release();

    for (const [i, raw] of raws.entries()) {
      await raw.expectFrame(Opcode.TEXT, 'unblocked');
      raw.write(text('count'));
      await raw.expectFrame(
        Opcode.TEXT,
        JSON.stringify({ count: floods[i].written, ordered: true })
      );
    }
  });

  it('a flood of pings costs bounded memory', linuxOnly, async (t) => {
    const server = await startBlocked(t, { maxPendingAutoPongs: 0 });
    const raw = await server.open();

    await server.block();

    const before = residentBytes(server.pid);
    const burst = Buffer.concat(
      Array.from({ length: 500 }, () => ping(Buffer.alloc(125)))
    );
    let accepted = 0;
    let stalled = 0;

    // It may also be answered for good, or the connection ended.
    raw.socket.pause();
    while (stalled < 20 && accepted < 128 * MiB && !raw.ended) {
      const last = accepted;

      if (raw.socket.writableLength < MiB) {
        raw.socket.write(burst, (err) => {
          if (!err) accepted += burst.length;
        });
      }

      await new Promise((resolve) => setImmediate(resolve));
      if (accepted > last) {
        stalled = 0;
      } else {
        stalled++;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }

    const growth = residentBytes(server.pid) - before;

    assert.ok(growth <= 32 * MiB, `memory grew by ${growth} bytes`);
    server.release();
    await server.control.expectFrame(Opcode.TEXT, 'unblocked');
  });
}
