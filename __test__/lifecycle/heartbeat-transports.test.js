'use strict';

//
// The heartbeat of connections that came by Node: while it moves the bytes, and
// once the core does.
//

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { Opcode, pong, text } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { beyondReference } = require('../support/implementation');
const {
  connectClient,
  startAttached,
  transports
} = require('../support/transport');

// As in heartbeat.test.js.
const quick = { interval: 50, timeout: 100 };
const heartbeat = { interval: 50, timeout: 1000 };

async function expectPing(raw) {
  const { opcode, payload } = await raw.frame();

  assert.strictEqual(opcode, Opcode.PING);
  return payload;
}

/** Answer beats until far more time than the timeout has passed. */
async function beat(raw, count) {
  for (let i = 0; i < count; i++) {
    const payload = await expectPing(raw);

    raw.write(pong(payload, { mask: !raw.isServer }));
  }
}

for (const transport of Object.keys(transports)) {
  const ends = {
    async server(t, policy) {
      const { connect } = await startAttached(t, transport, {
        heartbeat: policy
      });

      return connect();
    },
    client: (t, policy) => connectClient(t, transport, { heartbeat: policy })
  };

  for (const [end, connect] of Object.entries(ends)) {
    describe(`Heartbeat of a ${end} over ${transport}`, beyondReference, () => {
      it('terminates a peer that answers nothing', async (t) => {
        const { raw, ws } = await connect(t, quick);
        const closed = once(ws, 'close');

        await expectPing(raw);
        assert.deepStrictEqual(await closed, [1006, Buffer.alloc(0)]);
      });

      it('terminates a peer that stops to answer', async (t) => {
        const { raw, ws } = await connect(t, heartbeat);
        const closed = once(ws, 'close');

        await beat(raw, 5);
        assert.deepStrictEqual(await closed, [1006, Buffer.alloc(0)]);
      });

      it('leaves a quiet peer that answers alone', async (t) => {
        const { raw, ws } = await connect(t, { interval: 50, timeout: 500 });

        await beat(raw, 20);
        assert.strictEqual(ws.readyState, ws.OPEN);
      });

      it('does not blame a peer whose answers wait unread', async (t) => {
        const { raw, ws } = await connect(t, quick);

        ws.pause();
        // Far more than the timeout.
        await beat(raw, 10);
        assert.strictEqual(ws.readyState, ws.OPEN);

        const message = once(ws, 'message');

        raw.write(text('still here', { mask: !raw.isServer }));
        ws.resume();
        assert.strictEqual(String((await message)[0]), 'still here');
      });

      // The core would see that such a peer is dead.
      const byNode = { skip: transports[transport].isAdopted };

      it('reads what is there before it judges', byNode, async (t) => {
        const { raw, ws } = await connect(t, quick);

        for (let i = 0; i < 3; i++) {
          const payload = await expectPing(raw);

          raw.write(pong(payload, { mask: !raw.isServer }));
          // The answer is on its way, but here nobody can read it in time.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
        }

        await beat(raw, 3);
        assert.strictEqual(ws.readyState, ws.OPEN);
      });
    });
  }
}

describe('Heartbeat', beyondReference, () => {
  it('goes on over a snapshot and the adoption behind it', async (t) => {
    const { wss, open } = await startAttached(t, 'TCP', {
      heartbeat: { interval: 50, timeout: 5000 }
    });
    const snapshot = Buffer.alloc(8 * 1024 * 1024);

    wss.on('connection', (ws) => ws.send(snapshot));

    const raw = await open();
    const connection = once(wss, 'connection');

    raw.socket.pause();
    raw.write(buildRequest());

    const [ws] = await connection;

    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }

    raw.socket.resume();
    await raw.response();
    assert.strictEqual((await raw.frame()).payload.length, snapshot.length);
    await beat(raw, 10);
    assert.strictEqual(ws.readyState, ws.OPEN);
  });
});
