'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const {
  Opcode,
  binary,
  buildFrame,
  close,
  continuation,
  ping,
  text
} = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

const F = 'Invalid WebSocket frame: ';

//
// The last frame of each row is the wrong one.
//
const rows = [
  ['RSV2', text('x', { rsv2: true }), 'UNEXPECTED_RSV_2_3'],
  ['RSV3', text('x', { rsv3: true }), 'UNEXPECTED_RSV_2_3'],
  [
    'RSV1, RSV2 and RSV3',
    text('x', { rsv1: true, rsv2: true, rsv3: true }),
    'UNEXPECTED_RSV_2_3'
  ],
  ['RSV1 in text', text('x', { rsv1: true }), 'UNEXPECTED_RSV_1'],
  ['RSV1 in binary', binary('x', { rsv1: true }), 'UNEXPECTED_RSV_1'],
  ['RSV1 in a ping', ping('x', { rsv1: true }), 'UNEXPECTED_RSV_1'],
  ['RSV1 in a close', close(1000, '', { rsv1: true }), 'UNEXPECTED_RSV_1'],
  [
    'RSV1 in a continuation',
    [text('x', { fin: false }), continuation('x', { rsv1: true })],
    'UNEXPECTED_RSV_1'
  ],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [
    `the reserved opcode ${opcode}`,
    buildFrame({ opcode, payload: 'x' }),
    'INVALID_OPCODE',
    `invalid opcode ${opcode}`
  ]),
  [
    'a continuation of nothing',
    continuation('x'),
    'INVALID_OPCODE',
    'invalid opcode 0'
  ],
  [
    'a continuation behind a whole message',
    [text('a'), continuation('x')],
    'INVALID_OPCODE',
    'invalid opcode 0'
  ],
  [
    'text inside a fragmented message',
    [binary('a', { fin: false }), text('x')],
    'INVALID_OPCODE',
    'invalid opcode 1'
  ],
  [
    'binary inside a fragmented message',
    [text('a', { fin: false }), binary('x')],
    'INVALID_OPCODE',
    'invalid opcode 2'
  ],
  ['a fragmented ping', ping('x', { fin: false }), 'EXPECTED_FIN'],
  [
    'a fragmented pong',
    buildFrame({ opcode: Opcode.PONG, fin: false }),
    'EXPECTED_FIN'
  ],
  ['a fragmented close', close(1000, '', { fin: false }), 'EXPECTED_FIN'],
  ['an unmasked text frame', text('x', { mask: false }), 'EXPECTED_MASK'],
  ['an unmasked empty frame', text('', { mask: false }), 'EXPECTED_MASK'],
  ['an unmasked close', close(1000, '', { mask: false }), 'EXPECTED_MASK'],
  [
    'a ping of 126 bytes',
    ping(Buffer.alloc(126)),
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    'invalid payload length 126'
  ],
  [
    'a ping of 65536 bytes',
    ping(Buffer.alloc(65536)),
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    'invalid payload length 127'
  ],
  [
    'a pong whose short length is written long',
    buildFrame({ opcode: Opcode.PONG, payload: 'x', lengthBits: 16 }),
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    'invalid payload length 126'
  ],
  [
    'a close of 1 byte',
    buildFrame({ opcode: Opcode.CLOSE, payload: 'x' }),
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    'invalid payload length 1'
  ],
  [
    'a close of 126 bytes',
    close(1000, 'x'.repeat(124)),
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    'invalid payload length 126'
  ],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535].map(
    (code) => [
      `the status code ${code}`,
      close(code),
      'INVALID_CLOSE_CODE',
      `invalid status code ${code}`
    ]
  ),
  ['text that is not UTF-8', text(Buffer.of(0xc3, 0x28)), 'INVALID_UTF8'],
  ['a reason that is not UTF-8', close(1000, Buffer.of(0xff)), 'INVALID_UTF8'],
  [
    'a declared length of 2^53',
    binary('', { declaredLength: 2n ** 53n }),
    'UNSUPPORTED_DATA_PAYLOAD_LENGTH'
  ],
  [
    'a declared length of 2^63',
    binary('', { declaredLength: 2n ** 63n }),
    'UNSUPPORTED_DATA_PAYLOAD_LENGTH'
  ],
  [
    'a declared length of 2^64 - 1',
    binary('', { declaredLength: 2n ** 64n - 1n }),
    'UNSUPPORTED_DATA_PAYLOAD_LENGTH'
  ],
  [
    'a declared length of 2^53 - 1',
    binary('', { declaredLength: 2n ** 53n - 1n }),
    'UNSUPPORTED_MESSAGE_LENGTH'
  ],
  [
    'a message over maxPayload',
    binary('', { declaredLength: 1025 }),
    'UNSUPPORTED_MESSAGE_LENGTH'
  ],
  [
    'fragments over maxPayload together',
    [
      binary(Buffer.alloc(1000), { fin: false }),
      continuation(Buffer.alloc(25))
    ],
    'UNSUPPORTED_MESSAGE_LENGTH'
  ],
  [
    'fragments over maxFragments',
    [
      text('a', { fin: false }),
      continuation('b', { fin: false }),
      continuation('c', { fin: false }),
      continuation('d')
    ],
    'TOO_MANY_BUFFERED_PARTS'
  ],
  [
    'empty fragments over maxFragments',
    [
      text('', { fin: false }),
      continuation('', { fin: false }),
      continuation('', { fin: false }),
      continuation('', { fin: false })
    ],
    'TOO_MANY_BUFFERED_PARTS'
  ]
];

const errors = {
  UNEXPECTED_RSV_2_3: [1002, RangeError, `${F}RSV2 and RSV3 must be clear`],
  UNEXPECTED_RSV_1: [1002, RangeError, `${F}RSV1 must be clear`],
  INVALID_OPCODE: [1002, RangeError],
  EXPECTED_FIN: [1002, RangeError, `${F}FIN must be set`],
  EXPECTED_MASK: [1002, RangeError, `${F}MASK must be set`],
  INVALID_CONTROL_PAYLOAD_LENGTH: [1002, RangeError],
  INVALID_CLOSE_CODE: [1002, RangeError],
  INVALID_UTF8: [1007, Error, `${F}invalid UTF-8 sequence`],
  UNSUPPORTED_DATA_PAYLOAD_LENGTH: [
    1009,
    RangeError,
    'Unsupported WebSocket frame: payload length > 2^53 - 1'
  ],
  UNSUPPORTED_MESSAGE_LENGTH: [1009, RangeError, 'Max payload size exceeded'],
  TOO_MANY_BUFFERED_PARTS: [1008, RangeError, 'Too many message fragments']
};

function assertError(err, code, detail) {
  const [, ErrorClass, message] = errors[code];

  assert.strictEqual(Object.getPrototypeOf(err), ErrorClass.prototype);
  assert.strictEqual(err.code, `WS_ERR_${code}`);
  assert.strictEqual(err.message, message ?? `${F}${detail}`);
}

describe('Protocol errors', () => {
  const limits = { maxPayload: 1024, maxFragments: 3 };

  for (const [title, frames, code, detail] of rows) {
    const bytes = Buffer.concat([frames].flat());

    describe(title, () => {
      it('fails the connection as the table says', async (t) => {
        const wss = await startServer(t, limits);
        const other = await connectRaw(t, wss);
        const { raw, ws } = await connectRaw(t, wss);
        const { log, until } = record(ws);

        raw.write(text('before'), bytes, text('after'));
        await raw.expectClose(errors[code][0]);

        const [err] = await until('error');

        assertError(err, code, detail);
        assert.strictEqual(ws.readyState, ws.CLOSING);

        // The peer's answer ends the closing handshake.
        raw.write(close(errors[code][0]));
        raw.socket.end();
        await until('close');
        await raw.expectEnd();

        const whole = log.filter(([name]) => name === 'message');

        assert.strictEqual(whole[0][1].toString(), 'before');
        assert.ok(whole.every(([, data]) => data.toString() !== 'after'));
        assert.deepStrictEqual(log.slice(whole.length), [
          ['error', err],
          ['close', 1006, Buffer.alloc(0)]
        ]);
        assert.strictEqual(ws.readyState, ws.CLOSED);

        other.raw.write(ping('x'));
        await other.raw.expectFrame(Opcode.PONG, 'x');
        assert.strictEqual(wss.clients.size, 1);
      });
    });
  }

  it('are found byte by byte as well', async (t) => {
    const wss = await startServer(t, limits);

    // One row of each error.
    for (const code of Object.keys(errors)) {
      const [, frames, , detail] = rows.find((row) => row[2] === code);
      const { raw, ws } = await connectRaw(t, wss);
      const { until } = record(ws);

      await raw.writeSlowly(
        Buffer.concat([text('before'), ...[frames].flat()])
      );
      await raw.expectClose(errors[code][0]);
      assert.strictEqual((await until('message'))[0].toString(), 'before');
      assertError((await until('error'))[0], code, detail);
      raw.destroy();
      assert.deepStrictEqual(await until('close'), [1006, Buffer.alloc(0)]);
    }
  });

  it('come after all messages before them', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const order = [];
    const failed = once(ws, 'error');

    ws.on('message', (data) => order.push(data.toString()));
    ws.on('error', () => order.push('error'));
    raw.write(text('1'), text('2'), text('3'), text('4', { mask: false }));
    await raw.expectClose(1002);
    await failed;
    assert.deepStrictEqual(order, ['1', '2', '3', 'error']);
  });

  it('close the connection even if the peer does not answer', async (t) => {
    const wss = await startServer(t, { closeTimeout: 100 });
    const { raw, ws } = await connectRaw(t, wss);
    const { until } = record(ws);

    raw.write(text('x', { mask: false }));
    await raw.expectClose(1002);
    assert.deepStrictEqual(await until('close'), [1006, Buffer.alloc(0)]);
    await raw.expectEnd();
  });

  it('swallow what the peer keeps sending', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(text('x', { rsv2: true }));
    await raw.expectClose(1002);
    for (let i = 0; i < 32; i++) raw.write(binary(Buffer.alloc(65536)));
    raw.write(text('y', { rsv3: true }), close(1000));
    raw.socket.end();
    await until('close');
    assert.deepStrictEqual(
      log.map(([name]) => name),
      ['error', 'close']
    );
  });
});
