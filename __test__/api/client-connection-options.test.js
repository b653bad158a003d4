'use strict';

const assert = require('node:assert');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');

const {
  answer,
  createClient,
  managed,
  startHttp
} = require('../support/client');
const { once } = require('../support/deadline');
const { Opcode, buildFrame, text } = require('../support/frame');
const { WebSocket, isReference } = require('../support/implementation');

const DEFAULTS = {
  allowSynchronousEvents: true,
  generateMask: undefined,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  skipUTF8Validation: false
};

const OWN_DEFAULTS = {
  autoPong: true,
  closeTimeout: 30000,
  heartbeat: null,
  maxInboundBytes: 1024 * 1024,
  maxPendingAutoPongs: 60
};

/** What a client with those options hands to `setSocket()`. */
async function handedOver(t, options) {
  const calls = [];

  class Client extends WebSocket {
    setSocket(...args) {
      calls.push(args);
      super.setSocket(...args);
    }
  }

  const body = text('foo', { mask: false });
  const server = await startHttp(t, {
    upgrade: (req, socket) => answer(req, socket, {}, body)
  });
  const ws = managed(t, new Client(`ws://${server.authority}`, options));

  await once(ws, 'open');
  assert.strictEqual(calls.length, 1);

  const [socket, head, given] = calls[0];

  assert.ok(socket instanceof Duplex);
  assert.deepStrictEqual(head, body);
  return given;
}

/** A client with those options, and the server's end of its connection. */
async function connectClient(t, options) {
  const server = await startHttp(t);
  const ws = createClient(t, `ws://${server.authority}`, options);
  const [[, socket]] = await Promise.all([
    once(server, 'upgrade'),
    once(ws, 'open')
  ]);

  return { socket, ws };
}

describe('WebSocket', () => {
  describe('#setSocket', () => {
    it('gets the defaults', async (t) => {
      assert.deepStrictEqual(await handedOver(t), {
        ...DEFAULTS,
        ...(isReference ? {} : OWN_DEFAULTS)
      });
    });

    it('gets the options of the connection', async (t) => {
      const options = {
        allowSynchronousEvents: false,
        generateMask() {},
        maxBufferedChunks: 1,
        maxFragments: 2,
        maxPayload: 3,
        skipUTF8Validation: true
      };
      const own = {
        autoPong: false,
        closeTimeout: 4,
        heartbeat: { interval: 1000, timeout: 1000 },
        maxInboundBytes: 5,
        maxPendingAutoPongs: 6
      };

      assert.deepStrictEqual(await handedOver(t, { ...options, ...own }), {
        ...options,
        ...(isReference ? {} : own)
      });
    });
  });

  describe('a client with options of the connection', () => {
    it('masks with the key of `generateMask`', async (t) => {
      const key = Buffer.from([1, 2, 3, 4]);
      const { socket, ws } = await connectClient(t, {
        generateMask: (mask) => key.copy(mask)
      });

      ws.send('foo');
      assert.deepStrictEqual(
        (await once(socket, 'data'))[0],
        text('foo', { mask: key })
      );
    });

    it('answers no ping without `autoPong`', async (t) => {
      const { socket, ws } = await connectClient(t, {
        autoPong: false,
        generateMask: (mask) => mask.fill(1)
      });

      socket.write(buildFrame({ opcode: Opcode.PING, mask: false }));
      await once(ws, 'ping');
      ws.send('foo');
      assert.deepStrictEqual(
        (await once(socket, 'data'))[0],
        text('foo', { mask: Buffer.alloc(4, 1) })
      );
    });

    it('fails for a message of more than `maxPayload`', async (t) => {
      const { socket, ws } = await connectClient(t, { maxPayload: 2 });

      socket.write(text('foo', { mask: false }));
      socket.on('data', () => socket.end());

      const [err] = await once(ws, 'error');

      assert.strictEqual(err.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
      assert.deepStrictEqual(await once(ws, 'close'), [1006, Buffer.alloc(0)]);
    });

    it('fails for a frame that is masked', async (t) => {
      const { socket, ws } = await connectClient(t);

      socket.write(text('foo'));
      socket.on('data', () => socket.end());
      assert.strictEqual(
        (await once(ws, 'error'))[0].code,
        'WS_ERR_UNEXPECTED_MASK'
      );
    });
  });
});
