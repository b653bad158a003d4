'use strict';

//
// The server that most checks are about. What it does with a connection is
// told by the request target.
//

const { listen } = require('../mode');
const { answer, argument } = require('../process');
const { held } = require('../state');

const wss = listen(argument().options);
const listening = new Promise((resolve) => wss.on('listening', resolve));
const counts = { connections: 0, messages: 0, errors: 0, serverErrors: 0 };

function isText(data, isBinary, text) {
  return !isBinary && data.length === text.length && String(data) === text;
}

const behaviours = {
  '/echo'(ws) {
    ws.on('message', (data, isBinary) => {
      if (isText(data, isBinary, 'terminate')) ws.terminate();
      else if (isText(data, isBinary, 'close')) ws.close(4000, 'as asked');
      else ws.send(data, { binary: isBinary });
    });
  },

  // Tells how many messages and pings have come when asked.
  '/count'(ws) {
    let messages = 0;
    let bytes = 0;
    let pings = 0;

    ws.on('ping', () => pings++);
    ws.on('message', (data, isBinary) => {
      if (isText(data, isBinary, 'count')) {
        ws.send(JSON.stringify({ messages, bytes, pings }));
      } else {
        messages++;
        bytes += data.length;
      }
    });
  },

  '/paused'(ws) {
    ws.pause();
  },

  '/silent'() {}
};

wss.on('error', () => counts.serverErrors++);
wss.on('connection', (ws, { url }) => {
  const [, target, name] = /^([^?]*)\??(.*)$/.exec(url);

  counts.connections++;
  ws.on('message', () => counts.messages++);
  ws.on('error', () => counts.errors++);
  if (name !== '') {
    ws.name = decodeURIComponent(name);
    ws.on('close', (code) => {
      process.send({ event: 'close', name: ws.name, code, at: Date.now() });
    });
  }

  // A target that garbage made up.
  (behaviours[target] ?? behaviours['/echo'])(ws);
});

function block({ milliseconds, computing }) {
  const start = performance.now();

  if (computing) {
    while (performance.now() - start < milliseconds) {
      // It is the point to do nothing else.
    }
  } else {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  }

  process.send({ event: 'unblocked' });
}

answer({
  async port() {
    await listening;
    return wss.address().port;
  },

  async state() {
    return { ...(await held()), clients: wss.clients.size, ...counts };
  },

  // The answer must have left before nothing else can.
  async block(how) {
    process.send({ event: 'blocking' }, () => setImmediate(block, how));
  },

  send({ name, bytes }) {
    for (const ws of wss.clients) {
      if (ws.name === name) ws.send(Buffer.alloc(bytes));
    }
  },

  names() {
    return Array.from(wss.clients, (ws) => ws.name);
  }
});
