'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { Opcode, ping, pong } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { record } = require('../support/record');
const { connect, connectRaw, startServer } = require('../support/server');

//
// The peers answer in the process of the test, so the timeout is long where
// they must be in time.
//
const quick = { interval: 50, timeout: 100 };
const heartbeat = { interval: 50, timeout: 1000 };

describe('Heartbeat', beyondReference, () => {
  it('terminates a peer that answers nothing', async (t) => {
    const wss = await startServer(t, { heartbeat: quick });
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    assert.strictEqual((await raw.frame()).opcode, Opcode.PING);
    await until('close');
    assert.deepStrictEqual(log, [['close', 1006, Buffer.alloc(0)]]);
    assert.strictEqual(wss.clients.size, 0);

    // No close frame: there is nobody to read it.
    while (!raw.ended || raw.buffer.length > 0) {
      if (raw.buffer.length === 0) await raw.end();
      else assert.strictEqual((await raw.frame()).opcode, Opcode.PING);
    }
  });

  it('terminates a peer that stops to answer', async (t) => {
    const wss = await startServer(t, { heartbeat });
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    for (let i = 0; i < 5; i++) {
      const { opcode, payload } = await raw.frame();

      assert.strictEqual(opcode, Opcode.PING);
      raw.write(pong(payload));
    }

    await until('close');
    assert.deepStrictEqual(
      log.map(([name]) => name),
      ['pong', 'pong', 'pong', 'pong', 'pong', 'close']
    );
  });

  it('terminates a peer that reads nothing', async (t) => {
    const wss = await startServer(t, { heartbeat: quick });
    const { raw, ws } = await connectRaw(t, wss);
    const closed = once(ws, 'close');

    raw.socket.pause();
    for (let i = 0; i < 16; i++) ws.send(Buffer.alloc(1048576));
    assert.deepStrictEqual(await closed, [1006, Buffer.alloc(0)]);
  });

  it('leaves a peer that answers alone', async (t) => {
    const wss = await startServer(t, { heartbeat });
    const { client, ws } = await connect(t, wss);
    const dead = await connectRaw(t, wss);

    const closed = once(dead.ws, 'close');

    for (let i = 0; i < 30; i++) await once(client, 'ping');

    // So many beats are longer than the timeout.
    await closed;
    assert.strictEqual(client.readyState, client.OPEN);
    assert.strictEqual(ws.readyState, ws.OPEN);
    assert.deepStrictEqual([...wss.clients], [ws]);
  });

  it('is independent of autoPong and of user pings', async (t) => {
    const wss = await startServer(t, { heartbeat, autoPong: false });
    const { raw, ws } = await connectRaw(t, wss);
    const seen = [];

    ws.on('ping', (data) => seen.push(`ping ${data}`));
    raw.write(ping('mine'));
    ws.ping('yours');

    for (let beats = 0, yours = false; beats < 5 || !yours;) {
      const { opcode, payload } = await raw.frame();

      assert.strictEqual(opcode, Opcode.PING);
      raw.write(pong(payload));
      if (payload.toString() === 'yours') yours = true;
      else beats++;
    }

    assert.deepStrictEqual(seen, ['ping mine']);
    assert.strictEqual(ws.readyState, ws.OPEN);
  });

  it('goes on while the connection is paused', async (t) => {
    const wss = await startServer(t, { heartbeat });
    const { client, ws } = await connect(t, wss);

    ws.pause();
    for (let i = 0; i < 30; i++) await once(client, 'ping');
    assert.strictEqual(ws.readyState, ws.OPEN);
  });

  it('does not blame a peer whose answers wait unread', async (t) => {
    const wss = await startServer(t, {
      heartbeat: { interval: 50, timeout: 500 },
      maxInboundBytes: 64 * 1024
    });
    const { client, ws } = await connect(t, wss);

    ws.pause();
    for (let i = 0; i < 32; i++) client.send(Buffer.alloc(1048576));

    // The ends of dead peers tell that far more than the timeout has passed.
    for (let i = 0; i < 2; i++) {
      const dead = await connectRaw(t, wss);

      await once(dead.ws, 'close');
    }

    assert.strictEqual(ws.readyState, ws.OPEN);

    let received = 0;

    ws.on('message', () => received++);
    ws.resume();
    while (received < 32) await once(ws, 'message');
  });
});
