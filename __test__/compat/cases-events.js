'use strict';

//
// Events: who listens, in which order, and what comes of a listener that throws.
//

const { turns, turnsUntil } = require('../support/deadline');
const { binary, close, ping, pong, text } = require('./frames');

/**
 * A case with a connection to which the peer then sends something, and a clean
 * close.
 */
function receiving(prepare, ...pieces) {
  return async (transcript) => {
    await transcript.open();
    await prepare(transcript, transcript.ws);
    await transcript.finish(...pieces, close(1000, 'bye'));
  };
}

/**
 * A case in which listeners throw: what is uncaught is noted, apart from the
 * events, since when it is known is not the same. Not for 'message', 'ping' and
 * 'pong': a listener of these that throws lets ws receive nothing more.
 */
function throwing(prepare, ...pieces) {
  return async (transcript) => {
    await transcript.open();
    await prepare(transcript, transcript.ws);

    const uncaught = [];

    process.setUncaughtExceptionCaptureCallback((err) => {
      uncaught.push(err);
    });

    try {
      transcript.write(...pieces);
      await transcript.receivedClose();
      transcript.raw.socket.end();
      await transcript.record.until('close');
      await turns(3);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }

    await transcript.drain();
    for (const err of uncaught) transcript.note('uncaught', err);
  };
}

function fail(what) {
  throw new Error(`in ${what}`);
}

module.exports = {
  'the same listener twice': receiving((transcript, ws) => {
    const listener = (event) => transcript.note('message', event.data);

    ws.addEventListener('message', listener);
    ws.addEventListener('message', listener);
    transcript.note(ws.listenerCount('message'));
  }, text('a')),
  'a listener for one event': receiving(
    (transcript, ws) => {
      ws.addEventListener(
        'message',
        (event) => transcript.note('once', event.data),
        { once: true }
      );
    },
    text('a'),
    text('b')
  ),
  'a listener that is an object': receiving((transcript, ws) => {
    ws.addEventListener('message', {
      name: 'object',
      handleEvent(event) {
        transcript.note(this.name, event.type, event.data);
      }
    });
  }, text('a')),
  'a listener that is removed': receiving((transcript, ws) => {
    const listener = () => transcript.note('never');

    ws.addEventListener('message', listener);
    ws.removeEventListener('message', () => {});
    ws.removeEventListener('message', listener);
    ws.onmessage = listener;
    ws.onmessage = null;
  }, text('a')),
  'attributes of listeners': receiving((transcript, ws) => {
    const first = () => transcript.note('first');
    const second = (event) => transcript.note('second', event.data);

    ws.addEventListener('message', first);
    transcript.note(ws.onmessage, ws.onopen, ws.onerror, ws.onclose);
    ws.onmessage = first;
    transcript.note(ws.onmessage === first, ws.listenerCount('message'));
    ws.onmessage = second;
    transcript.note(ws.onmessage === second, ws.listenerCount('message'));
    ws.onmessage = 'x';
    transcript.note(ws.onmessage);
    ws.onmessage = second;
    ws.onclose = (event) => {
      transcript.note(event.code, event.reason, event.wasClean);
    };
  }, text('a')),
  'other types of events': receiving((transcript, ws) => {
    const listener = () => transcript.note('never');

    for (const type of ['ping', 'pong', 'upgrade', 'x', '']) {
      transcript.attempt(type, () => ws.addEventListener(type, listener));
      transcript.note(ws.listenerCount(type));
    }
  }, ping('a')),
  'what an event is': receiving(
    (transcript, ws) => {
      for (const type of ['message', 'close']) {
        ws.addEventListener(type, (event) => {
          transcript.note(event.type, event.target === ws);
          transcript.note(event.constructor.name, event instanceof Event);
          transcript.note(Object.prototype.toString.call(event));
          transcript.note(Object.keys(event).length);
          transcript.attempt('set', () => {
            event.type = 'x';
          });
        });
      }
    },
    text('a'),
    binary('b')
  ),
  'an event of an error': async (transcript) => {
    await transcript.open();
    transcript.ws.onerror = (event) => {
      transcript.note(event.type, event.message, event.error);
    };
    transcript.ws.onclose = (event) => {
      transcript.note(event.code, event.reason, event.wasClean);
    };
    await transcript.finish(text('x', { rsv2: true }));
  },
  wasClean: async (transcript) => {
    await transcript.open();
    transcript.ws.onclose = (event) => {
      transcript.note(event.code, event.reason, event.wasClean);
    };
    await transcript.finish();
  },
  'wasClean after terminate': async (transcript) => {
    await transcript.open();
    transcript.ws.onclose = (event) => {
      transcript.note(event.code, event.reason, event.wasClean);
    };
    transcript.ws.terminate();
    await transcript.drain();
  },
  'data of events by the type of binary data': receiving(
    (transcript, ws) => {
      const types = ['arraybuffer', 'fragments', 'blob'];

      ws.onmessage = ({ data }) => {
        transcript.note(typeof data, data);
        ws.binaryType = types.shift();
      };
    },
    text('é'),
    binary('a'),
    binary('b'),
    binary('c'),
    text('d')
  ),
  'no listeners at all': async (transcript) => {
    const { ws } = await transcript.open();

    ws.removeAllListeners();
    transcript.write(text('a'), ping('b'), close(1000));
    await transcript.receivedClose();
    transcript.raw.socket.end();
    await transcript.raw.end();
    await turnsUntil(() => ws.readyState === ws.CLOSED);
    transcript.note(ws.readyState);
    transcript.noteFrames();
    // Under ws it stays there, which nobody wants.
    transcript.wss?.clients.delete(ws);
    transcript.wss?.close();
  },
  'no listener of an error': async (transcript) => {
    const { ws } = await transcript.open();
    const uncaught = [];

    ws.removeAllListeners('error');
    process.setUncaughtExceptionCaptureCallback((err) => uncaught.push(err));

    try {
      transcript.write(text('a', { rsv2: true }));
      await transcript.receivedClose();
      transcript.raw.socket.end();
      await transcript.record.until('close');
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }

    for (const err of uncaught) transcript.note('uncaught', err);
    await transcript.drain();
  },
  'one event in a turn': async (transcript) => {
    await transcript.open({ allowSynchronousEvents: false });

    const { ws } = transcript;
    let isSameTurn = false;

    for (const name of ['message', 'ping', 'pong']) {
      ws.on(name, () => {
        transcript.note(name, 'in the turn of another', isSameTurn);
        isSameTurn = true;
        setImmediate(() => {
          isSameTurn = false;
        });
      });
    }

    transcript.write(text('a'), ping('b'), pong('c'), binary('d'), text('e'));
    await transcript.record.until('message', 3);
    await transcript.finish(close(1000));
  },
  'microtasks between events': receiving((transcript, ws) => {
    ws.on('message', (data) => {
      process.nextTick(() => transcript.note('tick', data));
      Promise.resolve().then(() => transcript.note('microtask', data));
    });
  }, text('a')),
  'a listener added while an event is emitted': receiving(
    (transcript, ws) => {
      ws.once('message', () => {
        ws.on('message', (data) => transcript.note('late', data));
      });
    },
    text('a'),
    text('b')
  ),
  'a listener of a close throws': throwing(
    (transcript, ws) => {
      ws.on('close', () => fail('close'));
    },
    text('a'),
    close(1000)
  ),
  'a listener of an error throws': throwing(
    (transcript, ws) => {
      ws.on('error', () => fail('error'));
    },
    text('a', { rsv2: true })
  ),
  'a callback of send throws': throwing(
    (transcript, ws) => {
      ws.send('a', () => fail('callback'));
      ws.send('b', () => transcript.note('the next'));
    },
    text('a'),
    close(1000)
  ),
  'a listener sends and closes': receiving(
    (transcript, ws) => {
      ws.on('message', () => {
        ws.send('reply');
        ws.ping('p');
        ws.close(4000, 'mine');
        ws.send('too late');
        transcript.note(ws.bufferedAmount, ws.readyState);
      });
    },
    text('a'),
    text('b')
  ),
  'a close in a listener of a close': receiving((transcript, ws) => {
    ws.on('close', () => {
      ws.close(1000);
      ws.terminate();
      ws.pause();
      ws.resume();
      transcript.attempt('send', () => ws.send('x'));
      transcript.attempt('ping', () => ws.ping('x'));
    });
  }, text('a')),
  'methods after the close': async (transcript) => {
    await transcript.open();
    await transcript.finish(close(1000));

    const { ws } = transcript;

    for (const method of ['send', 'ping', 'pong']) {
      await transcript.callback(method, (cb) => ws[method]('abc', cb));
      await transcript.callback(method, (cb) =>
        ws[method](Buffer.alloc(5), cb)
      );
      transcript.attempt(method, () => ws[method](new Blob(['abcdef'])));
      transcript.attempt(method, () => ws[method]());
      transcript.attempt(method, () => ws[method]({}));
      transcript.attempt(method, () => ws[method](12345));
    }

    transcript.note(ws.bufferedAmount);
    transcript.attempt('close', () => ws.close(1));
    transcript.attempt('terminate', () => ws.terminate());
    transcript.note(ws.readyState, ws.protocol, ws.extensions);
  },
  'a close timeout': async (transcript) => {
    await transcript.open({ closeTimeout: 30 });
    transcript.ws.close(1000);
    await transcript.receivedClose();
    await transcript.drain();
  },
  'a close timeout after an error': async (transcript) => {
    await transcript.open({ closeTimeout: 30 });
    transcript.write(text('a', { rsv2: true }));
    await transcript.receivedClose();
    await transcript.drain();
  },
  'the constants': async (transcript) => {
    await transcript.open();

    const { implementation, ws } = transcript;

    for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']) {
      transcript.note(name, implementation[name], ws[name]);
      transcript.note(
        JSON.stringify(Object.getOwnPropertyDescriptor(implementation, name))
      );
    }

    ws.own = 1;
    transcript.note(ws.own, Object.isExtensible(ws));
    transcript.note(ws instanceof implementation);
    await transcript.finish(close(1000));
  },
  'a Blob among what is sent': async (transcript) => {
    await transcript.open({ perMessageDeflate: false });

    const { ws } = transcript;

    await transcript.callback('a', (cb) => ws.send('a', cb));

    const sent = [
      transcript.callback('blob', (cb) => ws.send(new Blob(['bc']), cb)),
      transcript.callback('d', (cb) => ws.send('d', cb)),
      transcript.callback('ping', (cb) => ws.ping(new Blob(['e']), cb)),
      transcript.callback('f', (cb) => ws.send('f', { fin: false }, cb)),
      transcript.callback('g', (cb) => ws.send(new Blob([]), cb))
    ];

    transcript.note(ws.bufferedAmount);
    await Promise.all(sent);
    transcript.note(ws.bufferedAmount);
    ws.close(1000);
    await transcript.receivedClose();
    await transcript.finish(close(1000));
  },
  'a Blob, then terminate': async (transcript) => {
    await transcript.open();

    const { ws } = transcript;
    const sent = [
      transcript.callback('blob', (cb) => ws.send(new Blob(['bc']), cb)),
      transcript.callback('d', (cb) => ws.send('d', cb))
    ];

    ws.terminate();
    await Promise.all(sent);
    await transcript.drain();
  },
  'much that is sent': async (transcript) => {
    await transcript.open({ perMessageDeflate: false });

    const { raw, ws } = transcript;

    // 20 MB of frames are nothing to keep.
    raw.socket.removeAllListeners('data');
    raw.socket.pause();
    for (let i = 0; i < 40; i++) ws.send(Buffer.alloc(500_000));

    const waiting = ws.bufferedAmount > 1_000_000;

    transcript.note('bufferedAmount', waiting, ws.readyState);

    const sent = transcript.callback('last', (cb) => ws.send('last', cb));

    raw.socket.resume();
    await sent;
    transcript.note('bufferedAmount', ws.bufferedAmount);
    transcript.write(close(1000));
    raw.socket.end();
    await transcript.record.until('close');
    transcript.note('readyState', ws.readyState);
  }
};
