'use strict';

//
// What the peer writes, and all that comes of it.
//

const { once, turnsUntil } = require('../support/deadline');
const {
  Opcode,
  binary,
  buildFrame,
  close,
  continuation,
  part,
  ping,
  pong,
  text
} = require('./frames');
const { client, onHttp, only, port, unix } = require('./transports');

/**
 * A case in which a frame arrives byte by byte, each byte by a read of its own.
 */
function bytewise(options) {
  const run = async (transcript) => {
    await transcript.open(options);

    const { _socket: socket } = transcript.ws;
    const frame = transcript.bytes(text('0123456789'));
    const before = socket.bytesRead;

    for (let i = 0; i < frame.length; i++) {
      if (transcript.ws.readyState !== transcript.ws.OPEN) break;
      transcript.raw.socket.write(frame.subarray(i, i + 1));
      await turnsUntil(() => socket.bytesRead > before + i);
    }

    await transcript.finish(close(1000));
  };

  return only([port, onHttp, unix, client], run);
}

/**
 * A case in which the peer writes frames and ends.
 */
function frames(...list) {
  const options = typeof list[0] === 'object' ? list.shift() : {};

  return async (transcript) => {
    await transcript.open(options);
    await transcript.finish(...list);
  };
}

module.exports = {
  'nothing but FIN': frames(),
  'text, binary, FIN': frames(text('a'), binary('b')),
  'empty messages': frames(text(''), binary(''), close(1000)),
  'a clean close': frames(close(1000, 'bye')),
  'an empty close': frames(close()),
  'a close of an application code': frames(close(4242, 'x'.repeat(123))),
  'messages, then a close': frames(text('a'), binary('b'), close(1001, 'c')),
  'a close, then messages': frames(close(1001), text('a'), ping('b')),
  'two closes': frames(close(1000), close(1001)),
  'a close, then garbage': frames(close(1000), Buffer.alloc(100, 0xff)),
  'pings and pongs': frames(ping('a'), pong('b'), ping(''), pong(''), close()),
  'a ping, then an error': frames(ping('a'), text('x', { rsv1: true })),
  fragments: frames(
    text('a', { fin: false }),
    continuation('b', { fin: false }),
    continuation('c'),
    close(1000)
  ),
  'fragments and control frames': frames(
    binary('a', { fin: false }),
    ping('p'),
    continuation('b', { fin: false }),
    pong('q'),
    continuation(''),
    close(1000)
  ),
  'fragments, then a close': frames(text('a', { fin: false }), close(1000)),
  'fragments, then FIN': frames(text('a', { fin: false })),
  'half a frame, then FIN': frames(part(text('abcdef'), 0, 5)),
  'half a header, then FIN': frames(part(text(''), 0, 1)),
  'an unmasked frame': frames(text('ok'), text('x', { mask: false })),
  'an unmasked close': frames(close(1000, '', { mask: false })),
  RSV1: frames(text('x', { rsv1: true })),
  'RSV1 in a close': frames(close(1000, '', { rsv1: true })),
  'RSV2 and RSV3': frames(text('x', { rsv2: true, rsv3: true })),
  'a reserved data opcode': frames(buildFrame({ opcode: 5 })),
  'a reserved control opcode': frames(buildFrame({ opcode: 13 })),
  'a reserved opcode without a mask': frames(
    buildFrame({ opcode: 6, mask: false })
  ),
  'a continuation of nothing': frames(continuation('x')),
  'a new message inside another': frames(
    text('a', { fin: false }),
    binary('b')
  ),
  'a fragmented ping': frames(ping('x', { fin: false })),
  'a fragmented ping that is too long': frames(
    ping(Buffer.alloc(126), { fin: false })
  ),
  'a ping that is too long': frames(ping(Buffer.alloc(126))),
  'a ping that is too long and not masked': frames(
    ping(Buffer.alloc(126), { mask: false })
  ),
  'a close of one byte': frames(
    buildFrame({ opcode: Opcode.CLOSE, payload: 'x' })
  ),
  'a forbidden status code': frames(close(1005)),
  'a status code nobody uses': frames(close(2500, 'x')),
  'a reason that is not UTF-8': frames(close(1000, Buffer.of(0xc0, 0x80))),
  'text that is not UTF-8': frames(
    text('ok'),
    text(Buffer.of(0xed, 0xa0, 0x80))
  ),
  'a byte order mark': frames(text('\ufeffx'), close()),
  'a message over maxPayload': frames(
    { maxPayload: 10 },
    text('0123456789'),
    text('0123456789a')
  ),
  'fragments over maxPayload': frames(
    { maxPayload: 10 },
    text('01234', { fin: false }),
    continuation('56789', { fin: false }),
    continuation('a')
  ),
  'a control frame over maxPayload': frames(
    { maxPayload: 10 },
    ping('x'.repeat(100)),
    close(1000, 'y'.repeat(100))
  ),
  'a length over 2^53': frames(binary('', { declaredLength: 2n ** 60n })),
  'too many fragments': frames(
    { maxFragments: 2 },
    text('a', { fin: false }),
    continuation('b'),
    text('a', { fin: false }),
    continuation('b', { fin: false }),
    continuation('c')
  ),
  'one fragment allowed': frames({ maxFragments: 1 }, text('a'), text('b')),
  'a frame in more chunks than allowed': bytewise({ maxBufferedChunks: 5 }),
  'a frame in many chunks': bytewise({}),
  'no limits': frames(
    {
      maxBufferedChunks: 0,
      maxFragments: 0,
      maxPayload: 0,
      maxPendingAutoPongs: 0
    },
    ping('a'),
    text('b', { fin: false }),
    continuation('c', { fin: false }),
    continuation('d'),
    close(1000)
  ),
  // With many pings at once ws counts answers that are on their way already, so
  // maxPendingAutoPongs is not compared.
  'limits that are no numbers': frames(
    { maxFragments: '2', maxPayload: '3' },
    text('a', { fin: false }),
    continuation('b', { fin: false }),
    continuation('c')
  ),
  'a negative maxPayload': frames({ maxPayload: -1 }, text('abc'), close()),
  'a fractional maxPayload': frames({ maxPayload: 2.9 }, text('abc'), close()),
  'autoPong false': frames({ autoPong: false }, ping('a'), close()),
  'allowSynchronousEvents false': async (transcript) => {
    await transcript.open({ allowSynchronousEvents: false });
    transcript.write(text('a'), ping('b'), text('c'), close(1000));
    // FIN between the deferred events would be a race.
    await once(transcript.ws, 'message');
    await once(transcript.ws, 'message');
    await transcript.raw.end();
    await transcript.finish();
  },
  skipUTF8Validation: frames(
    { skipUTF8Validation: true },
    text(Buffer.of(0xff)),
    close(1000, Buffer.of(0xff))
  ),
  garbage: frames('GET / HTTP/1.1\r\n\r\n'),
  zeros: frames('\0'.repeat(64))
};
