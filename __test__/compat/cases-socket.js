'use strict';

//
// `ws._socket`, and what else dependants use that has an underscore.
//

const { once, turns, turnsUntil } = require('../support/deadline');
const { close, ping, text } = require('./frames');
const {
  client,
  duplex,
  onHttp,
  onHttps,
  only,
  port,
  secureClient,
  unix
} = require('./transports');

// Where there is a socket, not just a stream.
const sockets = [port, onHttp, onHttps, unix, client, secureClient];
const tcp = [port, onHttp, client];

/**
 * A case that does something with the socket of a connection.
 */
function act(run, options) {
  return async (transcript) => {
    await transcript.open(options);
    await run(transcript, transcript.ws._socket, transcript.ws);
  };
}

/**
 * Note the events of a socket. Whether our side or the peer's ends first is a
 * matter of how what the peer sends comes in.
 */
function watch(transcript, socket) {
  const ends = [];

  for (const name of ['end', 'finish']) socket.on(name, () => ends.push(name));
  for (const name of ['close', 'error']) {
    socket.on(name, (...args) => {
      transcript.note('socket', name, ...args, ends.sort());
    });
  }
}

module.exports = {
  'members of a socket': only(
    tcp,
    act(async (transcript, socket) => {
      const { address, family, port: number } = socket.address();

      transcript.note(address, family, number === socket.localPort);
      transcript.note(socket.remoteAddress, socket.remoteFamily);
      transcript.note(socket.localAddress, typeof socket.remotePort);
      transcript.note(socket.readyState, socket.connecting, socket.pending);
      transcript.note(socket.destroyed, socket.readable, socket.writable);
      transcript.note(socket.encrypted, socket.allowHalfOpen, socket.timeout);
      transcript.note(socket.writableLength, socket.writableEnded);
      transcript.note(socket.setNoDelay() === socket);
      transcript.note(socket.setKeepAlive(true, 1000) === socket);
      transcript.note(socket.setTimeout(0) === socket);
      transcript.note(socket.ref() === socket, socket.unref() === socket);
      await transcript.finish(close(1000));
      transcript.note(socket.remoteAddress, socket.address());
      transcript.note(socket.readyState, socket.destroyed);
    })
  ),
  'members of a socket over TLS': only(
    [onHttps, secureClient],
    act(async (transcript, socket) => {
      transcript.note(socket.encrypted, socket.authorized);
      transcript.note(socket.getProtocol(), socket.getCipher().name);
      transcript.note(socket.getPeerCertificate()?.subject?.CN);
      await transcript.finish(close(1000));
    })
  ),
  'the socket is always the same': act(async (transcript, socket, ws) => {
    transcript.note(ws._socket === socket, transcript.req?.socket === socket);
    await turns(2);
    transcript.note(ws._socket === socket);
    await transcript.finish(text('a'), close(1000));
    transcript.note(ws._socket === socket);
  }),
  'bytes that are counted': only(
    tcp,
    act(async (transcript, socket, ws) => {
      const before = [socket.bytesRead, socket.bytesWritten];

      ws.send('abc');
      await transcript.received(1);
      transcript.write(text('abcdef'), ping(''));
      await once(ws, 'ping');
      transcript.note('read', socket.bytesRead - before[0]);
      await transcript.received(2);
      transcript.note('written', socket.bytesWritten - before[1]);
      await transcript.finish(close(1000));
      transcript.note('read', socket.bytesRead - before[0]);
      transcript.note('written', socket.bytesWritten - before[1]);
    })
  ),
  'events of a socket at a clean close': act(async (transcript, socket, ws) => {
    watch(transcript, socket);
    ws.on('close', () => transcript.note('ws close', socket.destroyed));
    await transcript.finish(close(1000));
  }),
  'events of a socket at FIN': act(async (transcript, socket, ws) => {
    watch(transcript, socket);
    ws.on('close', () => transcript.note('ws close', socket.destroyed));
    await transcript.finish();
  }),
  'events of a socket at our close': act(async (transcript, socket, ws) => {
    watch(transcript, socket);
    ws.close(1001);
    await transcript.receivedClose();
    await transcript.finish(close(1001));
  }),
  'events of a socket at an error': act(async (transcript, socket) => {
    watch(transcript, socket);
    await transcript.finish(text('a', { rsv3: true }));
  }),
  destroy: act(async (transcript, socket) => {
    watch(transcript, socket);
    socket.destroy();
    transcript.note(socket.destroyed);
    await transcript.drain();
  }),
  'destroy with an error': act(async (transcript, socket) => {
    watch(transcript, socket);
    socket.destroy(new Error('mine'));
    await transcript.drain();
  }),
  'send, then destroy': act(async (transcript, socket, ws) => {
    ws.send('a', (err) => transcript.note('sent', err ?? 'no error'));
    socket.destroy();
    await transcript.drain();
  }),
  end: act(async (transcript, socket) => {
    watch(transcript, socket);
    socket.end();
    await transcript.raw.end();
    await transcript.finish();
  }),
  'end with bytes': act(async (transcript, socket, ws) => {
    ws.send('a');
    socket.end(Buffer.of(0x81, 1, 0x62));
    await transcript.raw.end();
    await transcript.finish();
  }),
  'write between frames': act(async (transcript, socket, ws) => {
    ws.send('a');
    transcript.note(
      socket.write(Buffer.of(0x81, 1, 0x62), () => transcript.note('written'))
    );
    ws.send('c');
    await transcript.received(3);
    await transcript.finish(close(1000));
  }),
  'send after the socket was ended': act(async (transcript, socket, ws) => {
    socket.end();
    await transcript.callback('sent', (cb) => ws.send('a', cb));
    transcript.note(ws.readyState);
    await transcript.raw.end();
    await transcript.finish();
  }),
  'send after the socket was destroyed': act(async (transcript, socket, ws) => {
    socket.destroy();
    await transcript.callback('sent', (cb) => ws.send('a', cb));
    await transcript.drain();
  }),
  'pause and resume of a socket': act(async (transcript, socket, ws) => {
    socket.pause();
    transcript.note(socket.isPaused(), ws.isPaused);
    transcript.write(text('a'));
    await turns(3);
    transcript.note('nothing yet', transcript.record.log.length);
    socket.resume();
    await once(ws, 'message');
    await transcript.finish(close(1000));
  }),
  "a listener of 'data'": act(async (transcript, socket, ws) => {
    const chunks = [];

    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
    // A round trip: it shows what is read from then on.
    ws.send('now');
    await transcript.received(1);
    transcript.write(ping('a'), text('b'));
    await once(ws, 'message');
    // ws unmasks in place, so that the contents are a matter of order.
    transcript.note('bytes', Buffer.concat(chunks).length);
    await transcript.finish(close(1000));
  }),
  'what a user emits as data': act(async (transcript, socket, ws) => {
    // As test suites of dependants do.
    const message = once(ws, 'message');

    socket.push(transcript.bytes(text('pushed')));
    await message;
    await transcript.finish(close(1000));
  }),
  'a timeout': only(
    sockets,
    act(async (transcript, socket) => {
      socket.setTimeout(30, () => transcript.note('called'));
      await once(socket, 'timeout');
      transcript.note(socket.timeout, socket.destroyed);
      socket.setTimeout(0);
      await transcript.finish(close(1000));
    })
  ),
  'cork and uncork': act(async (transcript, socket, ws) => {
    socket.cork();
    ws.send('a');
    ws.send('b');
    socket.uncork();
    await transcript.received(2);
    await transcript.finish(close(1000));
  }),
  'the error of a socket': act(async (transcript, socket, ws) => {
    ws.on('error', () => transcript.note('never'));
    socket.emit('error', new Error('emitted'));
    transcript.note(ws.readyState, socket.destroyed);
    await turnsUntil(() => ws.readyState === ws.CLOSED);
    ws.terminate();
    await transcript.drain();
  }),
  'limits of the receiver': act(
    async (transcript, socket, ws) => {
      const { _receiver: receiver } = ws;

      for (const name of [
        '_maxPayload',
        '_maxFragments',
        '_maxBufferedChunks',
        '_skipUTF8Validation',
        '_allowSynchronousEvents',
        '_isServer'
      ]) {
        transcript.note(name, receiver[name]);
      }

      receiver.on('conclude', (code, reason) => {
        transcript.note('conclude', code, reason);
      });
      await transcript.finish(close(1001, 'x'));
    },
    { maxPayload: 1000, maxFragments: 5, maxBufferedChunks: 7 }
  ),
  'Sender.frame': act(async (transcript, socket, ws) => {
    const { Sender } = transcript.implementation;
    const options = { fin: true, rsv1: false, readOnly: true, mask: false };

    for (const [data, more] of [
      ['a', { opcode: 1 }],
      [Buffer.from('b'), { opcode: 2 }],
      [Buffer.alloc(126, 'c'), { opcode: 2, fin: false }],
      [Buffer.alloc(70_000), { opcode: 2, rsv1: true }],
      [
        Buffer.from('e'),
        {
          opcode: 1,
          mask: true,
          generateMask: (mask) => mask.fill(3),
          maskBuffer: Buffer.alloc(4)
        }
      ]
    ]) {
      transcript.attempt(more.opcode, () =>
        Sender.frame(data, { ...options, ...more })
      );
    }

    const list = Sender.frame('é', { ...options, opcode: 1 });

    await transcript.callback('sent', (cb) => ws._sender.sendFrame(list, cb));
    ws._sender.sendFrame(
      Sender.frame(Buffer.from('b'), { ...options, opcode: 2 })
    );
    await transcript.received(2);
    transcript.note(ws._sender._socket === socket);
    await transcript.finish(close(1000));
  }),
  'private members': act(async (transcript, socket, ws) => {
    const names = [
      '_isServer',
      '_closeTimer',
      '_closeCode',
      '_closeFrameSent',
      '_closeFrameReceived',
      '_closeMessage',
      '_errorEmitted',
      '_paused',
      '_autoPong',
      '_binaryType',
      '_protocol',
      '_redirects',
      '_req'
    ];

    transcript.note(names.map((name) => ws[name]));
    ws.on('close', () => {
      transcript.note(
        'at close',
        names.filter((name) => name !== '_closeTimer').map((name) => ws[name])
      );
    });
    ws.close(1000, 'x');
    transcript.note(ws._closeTimer !== null);
    await transcript.receivedClose();
    await transcript.finish(close(1000, 'x'));
  }),
  'a Sender of ones own': act(async (transcript, socket, ws) => {
    const { _sender: sender } = ws;
    const own = { _bufferedBytes: 0 };

    for (const name of ['send', 'ping', 'pong', 'close']) {
      own[name] = function (...args) {
        transcript.note(name, this === own, typeof args[0]);
        if (name === 'send') transcript.note(Object.entries(args[1]).sort());
        return sender[name](...args);
      };
    }

    ws._sender = own;
    transcript.note(ws._sender === own);
    ws.send('a');
    ws.send(Buffer.from('b'), { binary: false });
    ws.send(1, { compress: true, fin: false }, () => {});
    ws.send();
    ws.ping();
    ws.pong('c', true, () => {});
    await transcript.received(6);
    transcript.note(ws.bufferedAmount);
    await transcript.finish(close(1000));
  }),
  'setSocket with a WebSocket of ones own': only(
    [duplex, onHttp, onHttps],
    async (transcript) => {
      const WebSocket = transcript.implementation;
      const httpServer = await transcript.serveHttp();
      const opened = new Promise((resolve) => {
        httpServer.on('upgrade', (req, socket, head) => {
          const ws = new WebSocket(null, undefined, { isServer: false });

          transcript.watch(ws);
          ws._isServer = true;
          transcript.note(ws.readyState, ws.url, ws._isServer);
          ws.setSocket(socket, head, {
            allowSynchronousEvents: false,
            maxPayload: 10,
            skipUTF8Validation: false
          });
          transcript.note(ws.readyState, ws._socket === socket);
          resolve();
        });
      });

      await transcript.connectRaw();
      transcript.write('GET / HTTP/1.1\r\nHost: a\r\n');
      transcript.write('Connection: Upgrade\r\nUpgrade: x\r\n\r\n', text('a'));
      await opened;
      await once(transcript.ws, 'message');
      transcript.ws.send('b');
      await transcript.received(1);
      await transcript.finish(close(1000));
    }
  ),
  'setSocket as a client': only(
    [duplex, onHttp, onHttps],
    async (transcript) => {
      const WebSocket = transcript.implementation;
      const httpServer = await transcript.serveHttp();

      httpServer.on('upgrade', (req, socket, head) => {
        const ws = new WebSocket(null, undefined, { isServer: false });

        transcript.watch(ws);
        ws._isServer = false;
        ws.setSocket(socket, head, { maxPayload: 0 });
        ws.send('masked');
      });
      await transcript.connectRaw();
      transcript.write('GET / HTTP/1.1\r\nHost: a\r\n');
      transcript.write('Connection: Upgrade\r\nUpgrade: x\r\n\r\n');
      await transcript.received(1);
      // What a server may not receive and a client does.
      await transcript.finish(
        text('a', { mask: false }),
        close(1000, '', { mask: false })
      );
    }
  ),
  'what a plain WebSocket is like': only([port], async (transcript) => {
    const WebSocket = transcript.implementation;
    const ws = new WebSocket(null, undefined, {});

    ws.on('error', (err) => transcript.note(err));
    ws.on('close', (...args) => transcript.note('close', ...args));
    // Its bufferedAmount is a number here and undefined there.
    transcript.note(ws.readyState, ws.extensions, ws.url);
    transcript.note(ws._socket, ws._sender, ws._receiver, ws._isServer);
    transcript.attempt('pause', () => ws.pause());
    transcript.attempt('send', () => ws.send('x'));
    transcript.attempt('emitClose', () => ws.emitClose());
    transcript.note(ws.readyState);
    transcript.attempt('close', () => ws.close());
    transcript.attempt('terminate', () => ws.terminate());
    await turns();
  })
};
