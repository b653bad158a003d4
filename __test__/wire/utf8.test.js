'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { close, continuation, ping, text } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

const valid = {
  'an accent': 'c3a9',
  'a euro sign': 'e282ac',
  'an emoji': 'f09f9880',
  'the last character of one byte': '7f',
  'the first character of two bytes': 'c280',
  'the last character of two bytes': 'dfbf',
  'the first character of three bytes': 'e0a080',
  'the last character before the surrogates': 'ed9fbf',
  'the first character behind the surrogates': 'ee8080',
  'a noncharacter': 'efbfbf',
  'the first character of four bytes': 'f0908080',
  'the last character of all': 'f48fbfbf',
  'a byte order mark': 'efbbbf61',
  'a NUL': '610062'
};

const invalid = {
  'a lone continuation byte': '80',
  'a lead byte without its continuation': 'c3',
  'a lead byte and an ASCII letter': 'c328',
  'an overlong slash': 'c0af',
  'an overlong NUL of three bytes': 'e08080',
  'an overlong NUL of four bytes': 'f0808080',
  'a high surrogate': 'eda080',
  'a low surrogate': 'edbfbf',
  'a character above U+10FFFF': 'f4908080',
  'a lead byte of five bytes': 'f888808080',
  'the byte FE': 'fe',
  'the byte FF': 'ff',
  'a cut euro sign': 'e282',
  'a cut emoji': 'f09f98'
};

// Around the bytes, so that both short and long validators see them.
const surroundings = [
  ['', ''],
  ['x'.repeat(100), ''],
  ['x'.repeat(100), 'y'.repeat(100)]
];

/**
 * @param {String} hex The bytes in question
 * @return {Array} Pairs of bytes around those, and where to split them
 */
function splits(hex) {
  return surroundings.flatMap(([before, after]) => {
    const bytes = Buffer.concat([
      Buffer.from(before),
      Buffer.from(hex, 'hex'),
      Buffer.from(after)
    ]);
    const places = Array.from({ length: hex.length / 2 + 1 }, (_, i) => i);

    return places.map((i) => [bytes, before.length + i]);
  });
}

describe('UTF-8', () => {
  describe('that is valid', () => {
    for (const [title, hex] of Object.entries(valid)) {
      it(`as ${title} is delivered, however it is split`, async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        for (const [bytes, at] of splits(hex)) {
          const message = once(ws, 'message');

          raw.write(
            text(bytes.subarray(0, at), { fin: false }),
            continuation(bytes.subarray(at))
          );

          const [data, isBinary] = await message;

          assert.strictEqual(isBinary, false);
          assert.ok(data.equals(bytes));
        }
      });
    }
  });

  describe('that is invalid', () => {
    for (const [title, hex] of Object.entries(invalid)) {
      it(`as ${title} fails the connection, however split`, async (t) => {
        const wss = await startServer(t);

        for (const [bytes, at] of splits(hex)) {
          const { raw, ws } = await connectRaw(t, wss);
          const { log, until } = record(ws);

          raw.write(
            text('ok'),
            text(bytes.subarray(0, at), { fin: false }),
            continuation(bytes.subarray(at))
          );
          await raw.expectClose(1007);

          const [err] = await until('error');

          assert.strictEqual(err.code, 'WS_ERR_INVALID_UTF8');
          assert.deepStrictEqual(log, [
            ['message', Buffer.from('ok'), false],
            ['error', err]
          ]);
          raw.destroy();
        }
      });

      it(`as ${title} in a reason fails the connection`, async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);
        const { until } = record(ws);

        raw.write(close(1000, Buffer.from(hex, 'hex')));
        await raw.expectClose(1007);
        assert.strictEqual(
          (await until('error'))[0].code,
          'WS_ERR_INVALID_UTF8'
        );
        raw.socket.end();
        assert.deepStrictEqual(await until('close'), [1006, Buffer.alloc(0)]);
      });
    }

    it(
      'is found before the message is complete',
      beyondReference,
      async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);
        const { until } = record(ws);

        raw.write(text(Buffer.from('abc\xff', 'latin1'), { fin: false }));
        await raw.expectClose(1007);
        assert.strictEqual(
          (await until('error'))[0].code,
          'WS_ERR_INVALID_UTF8'
        );
      }
    );

    it('may have a control frame inside a character', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { until } = record(ws);

      raw.write(
        text(Buffer.of(0xe2), { fin: false }),
        ping(Buffer.of(0xff)),
        continuation(Buffer.of(0x82), { fin: false }),
        continuation(Buffer.of(0xac))
      );
      assert.strictEqual((await until('message'))[0].toString(), '€');
      assert.deepStrictEqual(await until('ping'), [Buffer.of(0xff)]);
    });
  });

  describe('with skipUTF8Validation', () => {
    it('is not looked at', async (t) => {
      const wss = await startServer(t, { skipUTF8Validation: true });
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      raw.write(text(Buffer.of(0xff)), close(1000, Buffer.of(0xfe)));
      raw.socket.end();
      await until('close');
      assert.deepStrictEqual(log, [
        ['message', Buffer.of(0xff), false],
        ['close', 1000, Buffer.of(0xfe)]
      ]);
    });
  });
});
