'use strict';

const assert = require('node:assert');
const EventEmitter = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const { cleanup } = require('../support/cleanup');
const { called, once } = require('../support/deadline');
const { WebSocket, WebSocketServer } = require('../support/implementation');

function collect() {
  const seen = [];
  const events = new EventEmitter();

  return {
    seen,
    see(what) {
      seen.push(what);
      events.emit('seen');
    },
    async until(count) {
      while (seen.length < count) await once(events, 'seen');
    }
  };
}

//
// The core tells several connections' events together. While JavaScript emits
// them a connection may come about that takes the place of one of which the last
// event has yet to be emitted.
//
describe('A connection that is adopted while events are emitted', () => {
  it("gets none of another's", async (t) => {
    const server = http.createServer();
    const wss = new WebSocketServer({ noServer: true });
    const { seen, see, until } = collect();
    const sockets = [];
    let third = null;

    const open = (request, name) => {
      wss.handleUpgrade(...request, (ws) => {
        sockets.push(ws);
        ws.on('message', (data) => {
          see(`${name}: ${data}`);
          if (third !== null) open(third, 'c');
          third = null;
        });
        ws.on('close', () => see(`${name} is closed`));
      });
    };

    server.on('upgrade', (...request) => {
      if (sockets.length < 2) open(request, 'ab'[sockets.length]);
      else third = request;
    });
    cleanup(t, async () => {
      for (const ws of wss.clients) ws.terminate();
      await called((cb) => server.close(cb), 'the server to close');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const url = `ws://127.0.0.1:${server.address().port}`;
    const a = new WebSocket(url);

    await once(a, 'open');

    const b = new WebSocket(url);

    await once(b, 'open');

    const c = new WebSocket(url);
    const opened = once(c, 'open');

    await once(server, 'upgrade');
    // All of it is there when JavaScript comes to look.
    const end = Date.now() + 200;

    a.send('from a');
    b.send('from b');
    b.terminate();
    // Asking hands over what was sent.
    assert.ok(a.bufferedAmount >= 0 && b.bufferedAmount >= 0);
    while (Date.now() < end);

    await opened;
    c.send('from c');
    await until(4);
    assert.deepStrictEqual(seen.sort(), [
      'a: from a',
      'b is closed',
      'b: from b',
      'c: from c'
    ]);
  });
});
