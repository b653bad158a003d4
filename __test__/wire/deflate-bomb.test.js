'use strict';

//
// Compressed messages that inflate to more than is allowed: the connection
// fails as in ws, and no more memory is taken than a message may have.
//

const assert = require('node:assert');
const path = require('node:path');
const reference = require('ws');
const { describe, it } = require('node:test');

const { MiB, bomb, compressedFrames } = require('../support/bomb');
const { cleanup } = require('../support/cleanup');
const { dial, startEcho } = require('../interop/echo');
const { isReference } = require('../support/implementation');
const { once } = require('../support/deadline');
const { startChild } = require('../support/child');

const BOMBED = path.join(__dirname, '../support/bombed.js');

const DEFAULT_MAX_PAYLOAD = 100 * MiB;
// What a process takes beside the message: buffers of sockets, the heap of V8.
const SLACK = 40 * MiB;

const payloads = new Map();

function payloadOf(mebibytes) {
  if (!payloads.has(mebibytes)) payloads.set(mebibytes, bomb(mebibytes));
  return payloads.get(mebibytes);
}

/**
 * Connect with the end that is tested.
 *
 * @return {Promise<Object>} Its process, and our end
 */
async function connect(t, mode, options) {
  const perMessageDeflate = true;
  const start = (argument) =>
    startChild(t, BOMBED, {
      args: [
        JSON.stringify({
          ...argument,
          options: { perMessageDeflate, ...options }
        })
      ]
    });

  if (!mode.startsWith('client')) {
    const child = start({ mode });
    const { port } = await child.message('listening');
    const scheme = mode === 'tls' ? 'wss' : 'ws';
    const url = `${scheme}://localhost:${port}`;

    return { child, ws: await dial(t, reference, url) };
  }

  const { url, wss } = await startEcho(
    t,
    reference.WebSocketServer,
    mode === 'client' ? 'port' : 'tls',
    { perMessageDeflate }
  );
  const connected = once(wss, 'connection');
  const child = start({ mode: 'client', url });
  const [ws] = await connected;

  cleanup(t, () => ws.terminate());
  return { child, ws };
}

for (const mode of ['port', 'server', 'tls', 'client', 'client, TLS']) {
  describe(`A bomb (${mode})`, () => {
    for (const [title, maxPayload, mebibytes, fragments] of [
      ['in one frame, with a limit', MiB, 128, 1],
      ['in fragments, with a limit', MiB, 128, 7],
      ['with a limit little above its frame', 150_000, 128, 1],
      ['in one frame, with the default limit', undefined, 384, 1],
      ['in fragments, with the default limit', undefined, 384, 7]
    ]) {
      it(`fails the connection: ${title}`, async (t) => {
        const { child, ws } = await connect(t, mode, { maxPayload });
        const closed = once(ws, 'close');
        const most = maxPayload ?? DEFAULT_MAX_PAYLOAD;

        assert.strictEqual(ws.extensions, 'permessage-deflate');
        ws.on('error', () => {});
        ws._socket.write(
          compressedFrames(payloadOf(mebibytes), {
            fragments,
            mask: !mode.startsWith('client')
          })
        );

        const [code] = await closed;
        const { grown, ...seen } = await child.message('closed');

        assert.strictEqual(code, 1009);
        assert.deepStrictEqual(seen, {
          type: 'closed',
          code: 1006,
          errors: [
            {
              name: 'RangeError',
              code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
              message: 'Max payload size exceeded'
            }
          ],
          messages: 0
        });
        assert.ok(most + SLACK < (mebibytes * MiB) / 2);
        // ws holds a fragmented message twice.
        if (isReference) return;
        assert.ok(grown <= most + SLACK, `${Math.round(grown / MiB)} MiB`);
      });
    }

    it('is a message within the limit', async (t) => {
      const { child, ws } = await connect(t, mode, { maxPayload: 8 * MiB });
      const closed = once(ws, 'close');

      ws._socket.write(
        compressedFrames(payloadOf(8), {
          fragments: 3,
          mask: !mode.startsWith('client')
        })
      );
      ws.close(1000);
      await closed;

      const { code, errors, messages } = await child.message('closed');

      assert.deepStrictEqual(
        { code, errors, messages },
        { code: 1000, errors: [], messages: 1 }
      );
    });
  });
}
