'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const {
  Opcode,
  binary,
  buildFrame,
  continuation,
  text
} = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');
const { startAttached } = require('../support/transport');

const LENGTHS = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 63, 64, 124, 125, 126, 127, 128, 4095, 4096,
  32767, 32768, 65534, 65535, 65536, 65537, 1048576
];

function bytesOf(length) {
  const bytes = Buffer.alloc(length);

  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  return bytes;
}

// Of `length` UTF-8 bytes, with characters of 1 to 4 bytes.
function textOf(length) {
  const pattern = 'aé€😀';
  const whole = pattern.repeat(Math.floor(length / 10));

  return whole + 'z'.repeat(length - Buffer.byteLength(whole));
}

async function expectBytes(raw, expected) {
  const { bytes } = await raw.take(
    (buffer) =>
      buffer.length < expected.length
        ? undefined
        : { bytes: buffer, consumed: buffer.length },
    `${expected.length} bytes`
  );

  assert.ok(bytes.equals(expected));
}

describe('Payload lengths', () => {
  for (const length of LENGTHS) {
    describe(`${length} bytes`, () => {
      it('arrive and leave as binary', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);
        const message = once(ws, 'message');

        raw.write(binary(bytesOf(length)));

        const [data, isBinary] = await message;

        assert.strictEqual(isBinary, true);
        assert.ok(Buffer.isBuffer(data));
        assert.ok(data.equals(bytesOf(length)));

        const [err] = await called((cb) => ws.send(bytesOf(length), cb));

        assert.ok(err == null);
        await raw.expectFrame(Opcode.BINARY, bytesOf(length));
      });

      it('arrive and leave as text', async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);
        const message = once(ws, 'message');

        raw.write(text(textOf(length)));

        const [data, isBinary] = await message;

        assert.strictEqual(isBinary, false);
        assert.ok(Buffer.isBuffer(data));
        assert.ok(data.equals(Buffer.from(textOf(length))));

        ws.send(textOf(length));
        ws.send(Buffer.from(textOf(length)), { binary: false });
        await raw.expectFrame(Opcode.TEXT, textOf(length));
        await raw.expectFrame(Opcode.TEXT, textOf(length));
      });
    });
  }

  it('use the shortest form when sent', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);

    for (const length of [0, 125, 126, 65535, 65536]) {
      const expected = binary(bytesOf(length), { mask: false });

      ws.send(bytesOf(length));

      await expectBytes(raw, expected);
    }
  });

  it('are sent in the same bytes if Node moves them', async (t) => {
    const { connect } = await startAttached(t, 'TLS');
    const { raw, ws } = await connect();

    for (const length of [0, 1, 125, 126, 127, 16383, 16384, 65535, 65536]) {
      const expected = Buffer.concat([
        binary(bytesOf(length), { mask: false }),
        text(textOf(length), { mask: false })
      ]);

      ws.send(bytesOf(length));
      ws.send(textOf(length));
      await expectBytes(raw, expected);
    }
  });

  it('are accepted in a longer form than needed', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);

    for (const lengthBits of [16, 64]) {
      for (const length of [0, 5, 125]) {
        const message = once(ws, 'message');

        raw.write(
          buildFrame({
            opcode: Opcode.BINARY,
            payload: bytesOf(length),
            lengthBits
          })
        );
        assert.ok((await message)[0].equals(bytesOf(length)));
      }
    }
  });

  it('are accepted with any masking key', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);

    for (const key of ['00000000', 'ffffffff', '00000001', '80000000']) {
      for (const length of [0, 3, 70, 70000]) {
        const message = once(ws, 'message');

        raw.write(binary(bytesOf(length), { mask: Buffer.from(key, 'hex') }));
        assert.ok((await message)[0].equals(bytesOf(length)));
      }
    }
  });

  it('are told apart in one packet', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const lengths = [0, 1, 125, 126, 127, 300, 65535, 65536, 2, 40000, 0, 7];
    const seen = [];
    const all = called((cb) => {
      ws.on('message', (data) => {
        seen.push(data);
        if (seen.length === lengths.length) cb();
      });
    }, 'all messages');

    raw.write(...lengths.map((length) => binary(bytesOf(length))));
    await all;
    // Compared at the end: a message must not change after it was emitted.
    seen.forEach((data, i) => assert.ok(data.equals(bytesOf(lengths[i]))));
  });

  it('are allowed up to maxPayload, fragments counted together', async (t) => {
    const wss = await startServer(t, { maxPayload: 1000 });
    const { raw, ws } = await connectRaw(t, wss);

    for (const frames of [
      [binary(bytesOf(1000))],
      [
        binary(bytesOf(400), { fin: false }),
        continuation(bytesOf(500), { fin: false }),
        continuation(bytesOf(100))
      ]
    ]) {
      const message = once(ws, 'message');

      raw.write(...frames);
      assert.strictEqual((await message)[0].length, 1000);
    }
  });

  it('are unlimited with a maxPayload of 0', async (t) => {
    const wss = await startServer(t, { maxPayload: 0 });
    const { raw, ws } = await connectRaw(t, wss);
    const message = once(ws, 'message');

    raw.write(binary(bytesOf(1048576)));
    assert.strictEqual((await message)[0].length, 1048576);
  });
});
