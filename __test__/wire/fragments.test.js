'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once } = require('../support/deadline');
const {
  Opcode,
  binary,
  close,
  continuation,
  ping,
  pong,
  text
} = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

function fragments(count, first, payload = '') {
  return [
    first(payload, { fin: false }),
    ...Array.from({ length: count - 2 }, () =>
      continuation(payload, { fin: false })
    ),
    continuation(payload)
  ];
}

describe('Fragments', () => {
  it('make one message', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(
      text('a', { fin: false }),
      continuation('', { fin: false }),
      continuation('b', { fin: false }),
      continuation('c'),
      binary('', { fin: false }),
      continuation('d'),
      text('', { fin: false }),
      continuation('')
    );
    await until('message', 3);
    assert.deepStrictEqual(log, [
      ['message', Buffer.from('abc'), false],
      ['message', Buffer.from('d'), true],
      ['message', Buffer.alloc(0), false]
    ]);
  });

  it('may arrive byte by byte', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const message = once(ws, 'message');

    await raw.writeSlowly(
      Buffer.concat([
        text('a€'.slice(0, 1), { fin: false }),
        continuation(Buffer.of(0xe2, 0x82), { fin: false }),
        continuation(Buffer.of(0xac))
      ])
    );
    assert.strictEqual((await message)[0].toString(), 'a€');
  });

  it('may have control frames between them', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(
      text('a', { fin: false }),
      ping('1'),
      continuation('b', { fin: false }),
      pong('2'),
      ping(''),
      continuation('c')
    );
    await until('message');
    assert.deepStrictEqual(log, [
      ['ping', Buffer.from('1')],
      ['pong', Buffer.from('2')],
      ['ping', Buffer.alloc(0)],
      ['message', Buffer.from('abc'), false]
    ]);
    await raw.expectFrame(Opcode.PONG, '1');
    await raw.expectFrame(Opcode.PONG, '');
  });

  it('may be cut off by a close frame', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(text('a', { fin: false }), close(1001));
    await raw.expectClose(1001);
    raw.socket.end();
    await until('close');
    assert.deepStrictEqual(log, [['close', 1001, Buffer.alloc(0)]]);
  });

  it('may be cut off by the end of the connection', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(text('a', { fin: false }), continuation('b').subarray(0, 3));
    raw.socket.end();
    await until('close');
    assert.deepStrictEqual(log, [['close', 1006, Buffer.alloc(0)]]);
    await raw.expectEnd();
  });

  it('may be 10,000 and empty', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const message = once(ws, 'message');

    raw.write(...fragments(10_000, binary));
    assert.deepStrictEqual(await message, [Buffer.alloc(0), true]);
  });

  it('may be 16,384 and no more', async (t) => {
    const wss = await startServer(t);
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    raw.write(...fragments(16_384, text, 'x'));
    assert.strictEqual((await until('message'))[0].length, 16_384);

    raw.write(...fragments(16_385, text));
    await raw.expectClose(1008);
    assert.strictEqual(
      (await until('error'))[0].code,
      'WS_ERR_TOO_MANY_BUFFERED_PARTS'
    );
    assert.strictEqual(log.length, 2);
  });

  it('are unlimited with a maxFragments of 0', async (t) => {
    const wss = await startServer(t, { maxFragments: 0, maxBufferedChunks: 0 });
    const { raw, ws } = await connectRaw(t, wss);
    const message = once(ws, 'message');

    raw.write(...fragments(20_000, binary, 'x'));
    assert.strictEqual((await message)[0].length, 20_000);
  });

  it('are counted anew for each message', async (t) => {
    const wss = await startServer(t, { maxFragments: 3 });
    const { raw, ws } = await connectRaw(t, wss);
    const { log, until } = record(ws);

    for (let i = 0; i < 5; i++) raw.write(...fragments(3, text, 'x'));
    await until('message', 5);
    assert.strictEqual(log.length, 5);
  });

  it('are kept apart per connection', async (t) => {
    const wss = await startServer(t);
    const a = await connectRaw(t, wss);
    const b = await connectRaw(t, wss);
    const messages = [once(a.ws, 'message'), once(b.ws, 'message')];
    const half = [
      called((cb) => a.ws.once('ping', cb)),
      called((cb) => b.ws.once('ping', cb))
    ];

    a.raw.write(text('a1', { fin: false }), ping(''));
    b.raw.write(binary('b1', { fin: false }), ping(''));
    await Promise.all(half);
    a.raw.write(continuation('a2'));
    b.raw.write(continuation('b2'));
    assert.deepStrictEqual(await Promise.all(messages), [
      [Buffer.from('a1a2'), false],
      [Buffer.from('b1b2'), true]
    ]);
  });
});
