'use strict';

//
// What arrives, in which form, and when: the types of binary data, pauses, and
// what was received behind the handshake.
//

const { once, turns } = require('../support/deadline');
const { binary, close, continuation, ping, pong, text } = require('./frames');

const fragments = [
  binary('a', { fin: false }),
  continuation('bc', { fin: false }),
  continuation('', { fin: false }),
  continuation('def')
];

/**
 * A case in which messages arrive while `binaryType` is as named.
 */
function typed(type) {
  return async (transcript) => {
    await transcript.open();

    const { ws } = transcript;

    ws.binaryType = type;
    transcript.note('binaryType', ws.binaryType);
    ws.on('message', (data, isBinary) => {
      if (data instanceof Blob) {
        transcript.note('a blob', data.size, data.type);
      } else if (data instanceof ArrayBuffer) {
        transcript.note('bytes', Buffer.from(data), isBinary);
      }
    });
    await transcript.finish(
      binary('one'),
      binary(''),
      ...fragments,
      text('text'),
      text('te', { fin: false }),
      continuation('xt'),
      close(1000)
    );
  };
}

/**
 * A case in which the WebSocket is paused, and goes on when `run` lets it.
 */
function paused(run, options) {
  return async (transcript) => {
    await transcript.open(options);
    transcript.ws.on('pause', () => transcript.note('never'));
    transcript.ws.pause();
    transcript.note('isPaused', transcript.ws.isPaused);
    await run(transcript, transcript.ws);
  };
}

module.exports = {
  'binaryType nodebuffer': typed('nodebuffer'),
  'binaryType arraybuffer': typed('arraybuffer'),
  'binaryType fragments': typed('fragments'),
  'binaryType blob': typed('blob'),
  'a binaryType that there is not': typed('Blob'),
  'binaryType changed between messages': async (transcript) => {
    await transcript.open();

    const { ws } = transcript;
    const types = ['arraybuffer', 'blob', 'fragments', 'nodebuffer'];

    ws.on('message', () => {
      ws.binaryType = types.shift();
    });
    await transcript.finish(
      binary('a'),
      binary('b'),
      binary('c'),
      binary('d'),
      binary('e'),
      close(1000)
    );
  },
  'the bytes of a blob': async (transcript) => {
    await transcript.open();
    transcript.ws.binaryType = 'blob';
    transcript.write(...fragments);

    const [blob] = await once(transcript.ws, 'message');

    transcript.note('text', await blob.text());
    await transcript.finish(close(1000));
  },
  'a message of 300,000 bytes': async (transcript) => {
    await transcript.open();
    transcript.write(binary(Buffer.alloc(300_000, 'x')));
    await once(transcript.ws, 'message');
    await transcript.finish(close(1000));
  },
  'fragments of 100,000 bytes': async (transcript) => {
    await transcript.open();
    transcript.ws.binaryType = 'fragments';
    transcript.ws.on('message', (data) => {
      transcript.note(
        'lengths',
        data.map((fragment) => fragment.length)
      );
    });
    transcript.write(
      binary(Buffer.alloc(100_000, 'x'), { fin: false }),
      continuation(Buffer.alloc(50_000, 'x'), { fin: false }),
      continuation(Buffer.alloc(10, 'x'))
    );
    await once(transcript.ws, 'message');
    await transcript.finish(close(1000));
  },
  'frames behind the handshake': async (transcript) => {
    await transcript.open(
      {},
      { head: [text('a'), ping('b'), binary('c'), pong('d')] }
    );
    await transcript.finish(close(1000));
  },
  'a part of a frame behind the handshake': async (transcript) => {
    const whole = text('abcdef');

    await transcript.open({}, { head: [(is) => whole(is).subarray(0, 4)] });
    await turns();
    await transcript.finish((is) => whole(is).subarray(4), close(1000));
  },
  'a close behind the handshake': async (transcript) => {
    await transcript.open({}, { head: [close(1001, 'x')] });
    await transcript.finish();
  },
  'an error behind the handshake': async (transcript) => {
    await transcript.open({}, { head: [text('a'), text('x', { rsv2: true })] });
    await transcript.finish();
  },
  'paused, then resumed': paused(async (transcript, ws) => {
    transcript.write(text('a'), binary('b'), ping('c'));
    await turns(3);
    transcript.note('nothing yet', transcript.record.log.length);
    ws.resume();
    transcript.note('isPaused', ws.isPaused);
    await once(ws, 'ping');
    await transcript.finish(close(1000));
  }),
  'paused, and the peer closes': paused(async (transcript, ws) => {
    transcript.write(text('a'), close(1000, 'x'));
    transcript.raw.socket.end();
    await turns(3);
    transcript.note('nothing yet', transcript.record.log.length);
    ws.resume();
    await transcript.drain();
  }),
  'paused, then terminated': paused(async (transcript, ws) => {
    await turns(2);
    ws.terminate();
    transcript.note('isPaused', ws.isPaused);
    await transcript.drain();
    ws.resume();
    transcript.note('isPaused', ws.isPaused);
  }),
  'paused by a listener between messages': async (transcript) => {
    await transcript.open();

    const { ws } = transcript;

    ws.once('message', () => {
      ws.pause();
      setImmediate(() => {
        transcript.note('resumed');
        ws.resume();
      });
    });
    transcript.write(text('a'));
    await once(ws, 'message');
    transcript.write(text('b'), text('c'));
    await transcript.record.until('message', 3);
    await transcript.finish(close(1000));
  },
  'pause and resume when closed': async (transcript) => {
    await transcript.open();
    await transcript.finish(close(1000));

    const { ws } = transcript;

    transcript.attempt('pause', () => ws.pause());
    transcript.note('isPaused', ws.isPaused);
    transcript.attempt('resume', () => ws.resume());
  },
  'paused while closing': async (transcript) => {
    await transcript.open();

    const { ws } = transcript;

    ws.close(1000);
    ws.pause();
    transcript.note('isPaused', ws.isPaused);
    transcript.write(text('a'), close(1000));
    await transcript.received(1);
    await turns(2);
    ws.resume();
    await transcript.finish();
  }
};
