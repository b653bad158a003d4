'use strict';

//
// What a program does with a server's connection, and all that comes of it.
//

const { once, turns } = require('../support/deadline');
const { binary, close, ping, pong, text } = require('./frames');

/**
 * A case in which the server's end does something, and the peer then closes.
 */
function act(run, ...bytes) {
  return async (transcript) => {
    await transcript.open();
    await run(transcript.ws, transcript);
    await turns();
    await transcript.finish(...(bytes.length > 0 ? bytes : [close(1000)]));
  };
}

/**
 * As `act()`, if the server's end is gone after it: what the peer writes then
 * might make it lose what it has not read.
 */
function leave(run) {
  return async (transcript) => {
    await transcript.open();
    await run(transcript.ws, transcript);
    await transcript.drain();
  };
}

/**
 * A case in which a method is called with arguments of all kinds.
 */
function attempts(method, ...list) {
  return act((ws, transcript) => {
    for (const [i, args] of list.entries()) {
      transcript.attempt(`${method} ${i}`, () => ws[method](...args));
    }
  });
}

const cyclic = {};

cyclic.self = cyclic;

module.exports = {
  'send: all kinds of data': attempts(
    'send',
    ['a'],
    [''],
    [],
    [null],
    [undefined],
    [false],
    [0],
    [-0],
    [NaN],
    [1e21],
    [Infinity],
    [Buffer.from('b')],
    [new Uint16Array([1, 2])],
    [new DataView(new ArrayBuffer(4), 1, 2)],
    [new ArrayBuffer(3)],
    [[1, 2, 300]],
    [{ type: 'Buffer', data: [65] }],
    [new String('s')],
    [{ length: 2, 0: 65, 1: 66 }],
    [new Date(0)],
    ['\ud800'],
    [0n]
  ),
  'send: what is no data': attempts(
    'send',
    [true],
    [{}],
    [cyclic],
    [Symbol('s')],
    [1n],
    [() => {}],
    [new Map()],
    [/x/]
  ),
  'send: options': attempts(
    'send',
    ['a', { binary: true }],
    [Buffer.from('b'), { binary: false }],
    ['c', null],
    ['d', undefined],
    ['e', { compress: true }],
    ['f', { fin: false }],
    ['g', { fin: false, binary: true }],
    ['h', { fin: true }],
    ['i', { mask: false }],
    ['j', { mask: 0, fin: 1 }]
  ),
  'ping: arguments': attempts(
    'ping',
    [],
    ['a'],
    [1],
    [0],
    [''],
    [Buffer.from('b')],
    ['x'.repeat(126)],
    [true],
    [{}],
    [null, undefined, () => {}]
  ),
  'pong: arguments': attempts(
    'pong',
    [],
    ['a'],
    [1],
    [new Uint8Array(126)],
    [Symbol('s')]
  ),
  'close: refused arguments': attempts(
    'close',
    [0],
    [999],
    [1004],
    [1005],
    [1006],
    [1015],
    [1016],
    [2999],
    [5000],
    [1000.5],
    ['1000'],
    [null],
    [1000, 'x'.repeat(124)],
    [1000, 1],
    [1000, { length: 1 }],
    [1000, new Uint16Array(2)]
  ),
  'close: a code and a reason': act((ws) => ws.close(4000, 'é')),
  'close: an ArrayBuffer as reason': act((ws) =>
    ws.close(4000, new ArrayBuffer(2))
  ),
  'close: no code but a reason': act((ws) => ws.close(undefined, 'x')),
  'close twice': act((ws) => {
    ws.close(1000, 'a');
    ws.close(1001, 'b');
  }),
  'close, then terminate': leave((ws) => {
    ws.close(1000, 'a');
    ws.terminate();
  }),
  'close: answered by another code': act(
    (ws) => ws.close(1000),
    close(4001, 'x')
  ),
  'close: answered by FIN': act((ws) => ws.close(1000), Buffer.alloc(0)),
  'close: answered by an error': act(
    (ws) => ws.close(1000),
    text('x', { mask: false })
  ),
  'close: messages in between': act(
    (ws) => ws.close(1000),
    text('a'),
    ping('b'),
    close(1000)
  ),
  terminate: leave((ws) => ws.terminate()),
  'send, then terminate': leave(async (ws, transcript) => {
    const sent = transcript.callback('send', (cb) => ws.send('x', cb));

    ws.terminate();
    await sent;
  }),
  'send, then close': act((ws) => {
    ws.send('a');
    ws.ping('b');
    ws.close();
  }),
  'send after close': act(async (ws, transcript) => {
    ws.close();
    await transcript.callback('send', (cb) => ws.send('x', cb));
    await transcript.callback('send', (cb) => ws.send('x', {}, cb));
    await transcript.callback('ping', (cb) => ws.ping('x', cb));
    await transcript.callback('pong', (cb) => ws.pong('x', false, cb));
    transcript.attempt('send', () => ws.send({}));
    transcript.attempt('send', () => ws.send(true));
    transcript.attempt('ping', () => ws.ping('x'.repeat(200)));
    transcript.note('bufferedAmount', ws.bufferedAmount);
  }),
  'send after terminate': leave(async (ws, transcript) => {
    ws.terminate();
    await transcript.callback('send', (cb) => ws.send('x', cb));
  }),
  callbacks: act(async (ws, transcript) => {
    const all = [
      transcript.callback('a', (cb) => ws.send('a', cb)),
      transcript.callback('b', (cb) => ws.send('b', {}, cb)),
      transcript.callback('c', (cb) => ws.ping(cb)),
      transcript.callback('d', (cb) => ws.pong('d', cb)),
      transcript.callback('e', (cb) => ws.send(Buffer.alloc(300_000), cb)),
      transcript.callback('f', (cb) => ws.send('f', cb))
    ];

    transcript.note('nothing yet');
    await Promise.all(all);
  }),
  states: act(async (ws, transcript) => {
    ws.on('close', () => transcript.note('at close', ws.readyState));
    transcript.note('open', ws.readyState, ws.isPaused);
    ws.pause();
    transcript.note('paused', ws.readyState, ws.isPaused);
    ws.resume();
    ws.close();
    transcript.note('closing', ws.readyState, ws.isPaused);
  }),
  'all that one can see of a connection': act((ws, transcript) => {
    const names = [];

    // Their order is nobody's business.
    for (const name in ws) names.push(name);

    for (const name of names.sort()) {
      if (name.startsWith('_') || typeof ws[name] === 'function') continue;
      // Ports and paths are new ones each time.
      transcript.note(name, name === 'url' ? typeof ws.url : ws[name]);
    }
  }),
  echo: async (transcript) => {
    await transcript.open();

    const { ws } = transcript;
    const last = once(ws, 'pong');

    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    transcript.write(text('a'), binary('b'), text(''), pong('c'));
    await last;
    await transcript.finish(close(1000));
  },
  'close in a listener of the first of three messages': async (transcript) => {
    await transcript.open();
    transcript.ws.on('message', () => transcript.ws.close(1000));
    await transcript.finish(text('a'), text('b'), text('c'), close(1000));
  },
  'terminate in a listener of the last message': async (transcript) => {
    await transcript.open();
    transcript.ws.on('message', (data) => {
      if (data.toString() === 'b') transcript.ws.terminate();
    });
    await transcript.finish(text('a'), text('b'));
  },
  'events as an EventTarget sees them': async (transcript) => {
    await transcript.open();

    const { ws } = transcript;

    for (const type of ['open', 'message', 'error', 'close']) {
      ws.addEventListener(type, (event) => {
        const seen = [];

        for (const name in event) {
          if (name !== 'target') seen.push(name, event[name]);
        }

        transcript.note(type, ...seen);
      });
    }

    await transcript.finish(text('é'), text('x', { rsv3: true }));
  }
};
