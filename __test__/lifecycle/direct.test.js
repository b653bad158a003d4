'use strict';

//
// A connection whose messages come one at a time is read by JavaScript's own loop. Nobody
// must notice but by the time that it takes.
//

const assert = require('node:assert');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');
const { setTimeout } = require('node:timers/promises');

const { startChild } = require('../support/child');
const { cleanup } = require('../support/cleanup');
const { answer, socketPath, startHttp } = require('../support/client');
const { deadline, once, until } = require('../support/deadline');
const {
  Opcode,
  binary,
  close,
  continuation,
  parseFrame,
  ping,
  text
} = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { ioSwitches, linuxOnly } = require('../support/process-state');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/direct.js');
const ROUND = 200;
// So many the rest of a test waits for, and so many one that is about that alone.
const ROUNDS = 10;
const MANY_ROUNDS = 100;
// See `src/bridge/direct.rs`.
const FEW_MESSAGES = 16;

/**
 * Sends numbered messages and takes them back, in the same order.
 *
 * @param {RawClient} raw What sends
 * @param {Number} count How many
 * @param {Object} [options] Options object
 * @param {Number} [options.inFlight=1] Messages that are not back at a time
 * @param {Function} [options.payload] Returns the message of a number
 */
async function echo(raw, count, { inFlight = 1, payload = String } = {}) {
  const mask = !raw.isServer;
  let sent = 0;

  function send() {
    if (sent < count) raw.socket.write(text(payload(sent++), { mask }));
  }

  await deadline(
    new Promise((resolve, reject) => {
      let received = 0;

      raw.notify = () => {
        for (;;) {
          const parsed = parseFrame(raw.buffer);

          if (parsed === undefined) {
            if (raw.ended) reject(new Error(`The end after ${received}`));
            return;
          }

          const { frame, consumed } = parsed;
          const got = frame.payload.toString();
          const expected = payload(received++);

          raw.buffer = raw.buffer.subarray(consumed);

          if (frame.opcode !== Opcode.TEXT || got !== expected) {
            reject(new Error(`Got ${frame.opcode} ${got}, not ${expected}`));
          } else if (received === count) {
            resolve();
          } else {
            send();
          }
        }
      };
      for (let i = 0; i < inFlight; i++) send();
    }),
    'an echo'
  ).finally(() => {
    raw.notify = () => {};
  });
}

/**
 * Echoes until the I/O threads of the process have no part in it: one of them that reads
 * sleeps before each message, and else before each of its looks, milliseconds apart.
 *
 * @return {Promise<Boolean>} Whether that is so; it may never be
 */
async function untilDirect(raws, pid, rounds = ROUNDS) {
  for (let i = 0; i < rounds; i++) {
    const before = ioSwitches(pid);

    await Promise.all(raws.map((raw) => echo(raw, ROUND)));
    if (ioSwitches(pid) - before < (raws.length * ROUND) / 2) return true;
  }

  return false;
}

/**
 * Starts the process, and has one connection to it that is direct.
 */
async function startDirect(t, way, options = {}) {
  const start = way === 'client' ? startClient : startServer;
  const { child, open, release } = await start(t, way, options);
  const raw = await open();
  const { pid } = child.child;

  return {
    child,
    open,
    pid,
    raw,
    /** What the process is asked to do is the next message on the connection. */
    async ask(act) {
      await untilDirect([raw], pid);
      raw.write(text(`do: ${act}`, { mask: !raw.isServer }));
    },
    /** Waits until its JavaScript stands still; returns what ends that. */
    async blocked() {
      const releaser = net.connect(release, '127.0.0.1');

      cleanup(t, () => releaser.destroy());
      await once(releaser, 'data');
      return () => releaser.destroy();
    }
  };
}

async function startServer(t, way, options) {
  const child = startChild(t, script, {
    args: [
      JSON.stringify({
        way: way.split(' ', 1)[0],
        path: way.includes('UNIX') ? socketPath(t) : undefined,
        ...options
      })
    ]
  });
  const { port, release } = await child.message('ready');

  return {
    child,
    release,
    async open() {
      const raw = await RawClient.connect(t, port);

      await raw.handshake();
      return raw;
    }
  };
}

async function startClient(t, way, options) {
  let raw;

  const server = await startHttp(t, {
    upgrade(req, socket) {
      answer(req, socket);
      raw = new RawClient(socket);
      raw.isServer = true;
    }
  });
  const url = `ws://127.0.0.1:${server.port}`;
  const child = startChild(t, script, {
    args: [JSON.stringify({ way, url, ...options })]
  });
  const { release } = await child.message('ready');

  return { child, release, open: () => raw };
}

describe('A connection that is alone', () => {
  for (const way of ['port', 'server', 'server on a UNIX socket', 'client']) {
    const title = way === 'client' ? 'of a client' : `with the option ${way}`;

    describe(title, () => {
      describeDirect((t, options) => startDirect(t, way, options), way);
      if (way !== 'client') describeServer(way);
    });
  }
});

function describeDirect(start, way) {
  const mask = way !== 'client';

  it(
    'does not wake the I/O thread for its messages',
    { ...beyondReference, ...(linuxOnly.skip && linuxOnly) },
    async (t) => {
      const { pid, raw } = await start(t);

      assert.ok(await untilDirect([raw], pid, MANY_ROUNDS));
    }
  );

  it('gets its answers in order', async (t) => {
    const { raw } = await start(t);

    for (const inFlight of [1, 2, 5]) await echo(raw, 3000, { inFlight });
  });

  it('gets them whatever else there is between them', async (t) => {
    const { pid, raw } = await start(t);

    for (const length of [0, 4000, 5000, 70_000, 300_000]) {
      const long = Buffer.alloc(length, 'x');

      await untilDirect([raw], pid);
      raw.write(binary(long, { mask }), ping('between', { mask }));
      raw.write(text('of ', { mask, fin: false }));
      raw.write(ping('within', { mask }));
      raw.write(continuation('two', { mask }), text('last', { mask }));

      const frames = [];

      while (frames.length < 5) {
        const { opcode, payload } = await raw.frame();

        frames.push([opcode, payload.toString()]);
      }

      const pongs = frames.filter(([opcode]) => opcode === Opcode.PONG);
      const others = frames.filter(([opcode]) => opcode !== Opcode.PONG);

      assert.deepStrictEqual(pongs, [
        [Opcode.PONG, 'between'],
        [Opcode.PONG, 'within']
      ]);
      assert.deepStrictEqual(others, [
        [Opcode.BINARY, long.toString()],
        [Opcode.TEXT, 'of two'],
        [Opcode.TEXT, 'last']
      ]);
    }
  });

  for (const where of ['a listener', 'a timer']) {
    it(
      `has its pings answered while JavaScript is blocked in ${where}`,
      beyondReference,
      async (t) => {
        const { ask, blocked, raw } = await start(t, { blocks: true });

        await ask(where === 'a timer' ? 'block in a timer' : 'block');

        const release = await blocked();

        raw.write(text('before', { mask }), ping('there?', { mask }));
        await raw.expectFrame(Opcode.PONG, 'there?');
        raw.write(text('behind', { mask }));
        release();
        await raw.expectFrame(Opcode.TEXT, 'before');
        await raw.expectFrame(Opcode.TEXT, 'behind');
        await echo(raw, 2 * ROUND);
      }
    );
  }

  it('goes on after a listener that throws', async (t) => {
    const { ask, raw } = await start(t, { throws: true });

    for (let i = 0; i < 3; i++) {
      await ask('throw');
      raw.write(text('behind', { mask }));
      await raw.expectFrame(Opcode.TEXT, 'throwing');
      await raw.expectFrame(Opcode.TEXT, 'behind');
    }

    await ask('thrown');
    await raw.expectFrame(Opcode.TEXT, '3');
  });

  it('is closed by a listener', async (t) => {
    const { ask, child, raw } = await start(t);

    await ask('close');
    await raw.expectClose(4000, 'enough');
    raw.write(close(4001, 'as you wish', { mask }));
    raw.socket.end();
    await raw.expectEnd();
    assert.deepStrictEqual(await child.message('close'), {
      type: 'close',
      code: 4001,
      reason: 'as you wish'
    });
  });

  it('is terminated by a listener', async (t) => {
    const { ask, child, raw } = await start(t);

    await ask('terminate');
    raw.write(text('too late', { mask }));
    await raw.expectEnd();
    assert.strictEqual((await child.message('close')).code, 1006);
  });

  it('is closed by its peer', async (t) => {
    const { child, pid, raw } = await start(t);

    await untilDirect([raw], pid);
    raw.write(text('last', { mask }), close(4002, 'enough', { mask }));
    await raw.expectFrame(Opcode.TEXT, 'last');
    await raw.expectClose(4002, 'enough');
    raw.socket.end();
    await raw.expectEnd();
    assert.strictEqual((await child.message('close')).code, 4002);
  });

  for (const [what, end] of [
    ['ends', 'end'],
    ['is gone', way.includes('UNIX') ? 'destroy' : 'resetAndDestroy']
  ]) {
    it(`notices that its peer ${what}`, async (t) => {
      const { child, pid, raw } = await start(t);

      await untilDirect([raw], pid);
      raw.socket[end]();
      assert.strictEqual((await child.message('close')).code, 1006);
    });
  }

  it('fails because of what its peer sends', async (t) => {
    const { child, pid, raw } = await start(t);

    await untilDirect([raw], pid);
    raw.write(text('last', { mask }), text('x', { mask: !mask }));
    await raw.expectFrame(Opcode.TEXT, 'last');

    const { opcode, payload } = await raw.frame();

    assert.strictEqual(opcode, Opcode.CLOSE);
    assert.strictEqual(payload.readUInt16BE(), 1002);
    raw.socket.end();
    assert.strictEqual((await child.message('close')).code, 1006);
  });

  it('is paused by a listener, and resumed', async (t) => {
    const { ask, child, raw } = await start(t);

    for (let i = 0; i < 3; i++) {
      await ask('pause');
      for (let n = 0; n < 10; n++) raw.write(text(`behind ${n}`, { mask }));
      await child.message('paused');
      assert.strictEqual(raw.buffer.length, 0);
      child.send('resume');
      assert.strictEqual((await child.message('resumes')).isPaused, true);

      for (let n = 0; n < 10; n++) {
        await raw.expectFrame(Opcode.TEXT, `behind ${n}`);
      }
    }
  });

  it('loses its listener in it, and gets it again', async (t) => {
    const { ask, raw } = await start(t);

    for (let i = 0; i < 3; i++) {
      await ask('remove the listener');
      for (let n = 0; n < 10; n++) raw.write(text('unheard', { mask }));
      raw.write(ping('there?', { mask }));
      await raw.expectFrame(Opcode.PONG, 'there?');
    }
  });

  it('has the state of any other', async (t) => {
    const { ask, child, raw } = await start(t);
    const { bytesWritten } = raw.socket;

    raw.write(text('do: state', { mask }));

    const first = JSON.parse((await raw.frame()).payload);
    const between = raw.socket.bytesWritten - bytesWritten;

    await ask('state');

    const later = JSON.parse((await raw.frame()).payload);
    const all = raw.socket.bytesWritten - bytesWritten;

    assert.deepStrictEqual(later, {
      ...first,
      bytesRead: first.bytesRead + all - between
    });
    assert.strictEqual(first.readyState, 1);
    assert.deepStrictEqual(first.clients, mask ? [true] : undefined);
    assert.strictEqual(first.remotePort, raw.socket.localPort);
    assert.deepStrictEqual(child.messages, []);
  });

  it('keeps the order and the contexts of what follows', async (t) => {
    const { pid, raw } = await start(t);
    const traces = [];

    for (let i = 0; i < 5; i++) {
      if (i > 0) await untilDirect([raw], pid);
      raw.write(text('do: trace', { mask }), text('do: traced', { mask }));
      traces.push(JSON.parse((await raw.frame()).payload));
    }

    for (const trace of traces) assert.deepStrictEqual(trace, traces[0]);
  });

  it('does not keep the process when it is closed', async (t) => {
    const { ask, child, raw } = await start(t);

    await ask('close all');
    await raw.expectClose();
    raw.write(close(undefined, undefined, { mask }));
    raw.socket.end();
    assert.deepStrictEqual(await child.exit(), { code: 0, signal: null });
  });

  it('delivers what was sent right before process.exit()', async (t) => {
    const { ask, child, raw } = await start(t);

    await ask('exit');
    await raw.expectFrame(Opcode.TEXT, 'first');
    await raw.expectFrame(Opcode.BINARY, Buffer.alloc(5000, 1));
    await raw.expectFrame(Opcode.TEXT, 'last');
    await raw.expectEnd();
    assert.deepStrictEqual(await child.exit(), { code: 7, signal: null });
  });

  it('ends with the worker that it belongs to', async (t) => {
    const { child, pid, raw } = await start(t, { inWorker: true });

    await untilDirect([raw], pid);

    const echoes = assert.rejects(
      async () => {
        for (;;) await echo(raw, ROUND);
      },
      { message: /^The end after / }
    );

    child.send('terminate');
    assert.strictEqual((await child.message('terminated')).code, 1);
    await echoes;
    assert.deepStrictEqual(await child.exit(), { code: 0, signal: null });
  });
}

function describeServer(way) {
  for (const count of [2, FEW_MESSAGES, 24]) {
    it(`gets its answers when there are ${count} of them`, async (t) => {
      const { open, pid, raw } = await startDirect(t, way);
      const raws = [raw];

      while (raws.length < count) raws.push(await open());

      // All at once, some of them, one, and all again.
      for (const active of [raws, raws.slice(0, 3), [raw], raws]) {
        if (count <= FEW_MESSAGES) await untilDirect(active, pid);
        await Promise.all(
          active.map((one, i) => echo(one, 1000, { inFlight: 1 + (i % 3) }))
        );
      }
    });
  }

  it(
    'is one of many whose messages come one at a time',
    { ...beyondReference, ...(linuxOnly.skip && linuxOnly) },
    async (t) => {
      const count = 50;
      const { open, pid, raw } = await startDirect(t, way);
      const raws = [raw];

      while (raws.length < count) raws.push(await open());

      for (let i = 0; i < MANY_ROUNDS; i++) {
        const before = ioSwitches(pid);

        for (const one of raws) await echo(one, 4);
        if (ioSwitches(pid) - before < (count * 4) / 2) return;
      }

      assert.fail('The I/O threads have a part in it');
    }
  );

  it(
    'leaves the process alone when nothing comes',
    { ...beyondReference, ...(linuxOnly.skip && linuxOnly) },
    async (t) => {
      const { open, pid, raw } = await startDirect(t, way);
      const raws = [raw];

      while (raws.length < FEW_MESSAGES) raws.push(await open());
      await untilDirect(raws, pid);
      await setTimeout(100);

      const before = ioSwitches(pid);

      await setTimeout(300);
      // One that looks after JavaScript wakes each 4 ms.
      assert.ok(ioSwitches(pid) - before < 20);
    }
  );

  it('gets its answers when others come and go', async (t) => {
    const { open, raw } = await startDirect(t, way);
    let over = false;

    const echoes = echo(raw, 10_000).finally(() => {
      over = true;
    });

    await until(async () => {
      const other = await open();

      await echo(other, 10);
      other.destroy();
      return over;
    }, 'the echoes');
    await echoes;
  });
}
