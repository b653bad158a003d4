'use strict';

const assert = require('node:assert');
const EventEmitter = require('node:events');
const http = require('node:http');
const { Duplex, pipeline } = require('node:stream');
const { describe, it } = require('node:test');
const ws = require('ws');

const { cleanup } = require('../support/cleanup');
const { called, once, turns } = require('../support/deadline');
const { WebSocket } = require('../support/implementation');
const { connect, connectRaw, startServer } = require('../support/server');

const { createWebSocketStream } = WebSocket;

/**
 * As little of a WebSocket as a stream needs. It notes what is done to it.
 */
class Stub extends EventEmitter {
  CONNECTING = 0;
  CLOSED = 3;
  readyState = 1;
  isPaused = false;
  log = [];
  _socket = new EventEmitter();

  constructor() {
    super();
    this._socket._writableState = { finished: false };
  }

  send(data, callback) {
    this.log.push(`send ${data}`);
    setImmediate(callback);
  }

  pause() {
    this.log.push('pause');
    this.isPaused = true;
  }

  resume() {
    this.log.push('resume');
    this.isPaused = false;
  }

  close() {
    this.log.push('close');
  }

  terminate() {
    this.log.push('terminate');
  }
}

/**
 * @param {Duplex} stream A stream
 * @return {String[]} The names of what it emits, as it emits it
 */
function record(stream) {
  const events = [];

  for (const name of ['end', 'finish', 'close']) {
    stream.on(name, () => events.push(name));
  }
  stream.on('error', (err) => events.push(err.message));

  return events;
}

// Either end of a connection, and the other one as its peer.
const ends = {
  'a connection of a server': ({ client, ws }) => [ws, client],
  "ws's client": ({ client, ws }) => [client, ws]
};

describe('createWebSocketStream', () => {
  it('returns a Duplex', () => {
    assert.ok(createWebSocketStream(new EventEmitter()) instanceof Duplex);
  });

  it('takes the options of a Duplex', () => {
    const stream = createWebSocketStream(new Stub(), {
      allowHalfOpen: false,
      decodeStrings: false,
      encoding: 'utf8',
      readableHighWaterMark: 1,
      writableHighWaterMark: 2
    });

    assert.strictEqual(stream.allowHalfOpen, false);
    assert.strictEqual(stream.readableEncoding, 'utf8');
    assert.strictEqual(stream.readableHighWaterMark, 1);
    assert.strictEqual(stream.writableHighWaterMark, 2);
  });

  it('decides some of them itself', async () => {
    const stub = new Stub();
    const stream = createWebSocketStream(stub, {
      autoDestroy: true,
      emitClose: true,
      objectMode: true,
      writableObjectMode: true,
      read: assert.fail,
      write: assert.fail,
      final: assert.fail,
      destroy: assert.fail
    });
    const events = record(stream);

    assert.strictEqual(stream.readableObjectMode, false);
    assert.strictEqual(stream.writableObjectMode, false);

    stub.emit('message', Buffer.from('a'), false);
    assert.deepStrictEqual(stream.read(), Buffer.from('a'));
    await called((cb) => stream.write('b', cb));
    stream.destroy();
    await turns();
    assert.deepStrictEqual(events, []);
    stub.emit('close');
    await turns();
    assert.deepStrictEqual(events, ['close']);
    assert.deepStrictEqual(stub.log, ['send b', 'terminate']);
  });

  describe('reading', () => {
    for (const [title, choose] of Object.entries(ends)) {
      it(`gives the messages and ends with ${title}`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket);
        const chunks = [];

        stream.on('data', (chunk) => chunks.push(chunk));
        peer.send('text');
        peer.send(Buffer.from([1, 2]));
        peer.close();
        await once(stream, 'end');
        assert.deepStrictEqual(chunks, [
          Buffer.from('text'),
          Buffer.from([1, 2])
        ]);
      });

      it(`stops ${title} until the stream is read`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket);
        const firstMessage = once(websocket, 'message');
        const message = Buffer.alloc(200_000, 'x');
        let received = 0;
        let bytes = 0;

        websocket.on('message', () => received++);
        for (let i = 0; i < 20; i++) peer.send(message);
        peer.close();
        await firstMessage;
        assert.ok(websocket.isPaused);
        // Events that were under way when it was paused may still come.
        await turns(5);

        const receivedWhilePaused = received;

        await turns(20);
        assert.strictEqual(received, receivedWhilePaused);
        assert.ok(received < 20);

        stream.on('data', (chunk) => {
          bytes += chunk.length;
        });
        await once(stream, 'end');
        assert.strictEqual(bytes, 20 * message.length);
        assert.ok(!websocket.isPaused);
      });
    }

    it('gives text as strings in readable object mode', async (t) => {
      const { client, ws } = await connect(t, await startServer(t));
      const stream = createWebSocketStream(ws, { readableObjectMode: true });
      const chunks = [];

      stream.on('data', (chunk) => chunks.push(chunk));
      client.send('é');
      client.send('');
      client.send(Buffer.from('b'));
      client.close();
      await once(stream, 'end');
      assert.deepStrictEqual(chunks, ['é', '', Buffer.from('b')]);
    });

    it('gives text that is not UTF-8 as it came', () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub);

      stub.emit('message', Buffer.from([0xff]), false);
      assert.deepStrictEqual(stream.read(), Buffer.from([0xff]));
    });

    it('resumes only what is paused', () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub, { highWaterMark: 2 });

      stream.read();
      assert.deepStrictEqual(stub.log, []);
      stub.emit('message', Buffer.from('a'), true);
      assert.deepStrictEqual(stub.log, []);
      stub.emit('message', Buffer.from('b'), true);
      assert.deepStrictEqual(stub.log, ['pause']);

      const chunks = [];

      // One read gives both or the first, depending on Node's release.
      for (let chunk; (chunk = stream.read()) !== null;) chunks.push(chunk);
      assert.deepStrictEqual(Buffer.concat(chunks), Buffer.from('ab'));
      assert.deepStrictEqual(stub.log, ['pause', 'resume']);
    });
  });

  describe('writing', () => {
    for (const [title, choose] of Object.entries(ends)) {
      it(`sends a message for each chunk by ${title}`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket);
        const messages = [];

        peer.on('message', (data, isBinary) => messages.push([data, isBinary]));
        stream.write('text');
        stream.write(Buffer.from([1]));
        await called((cb) => stream.write('é', cb));
        websocket.close();
        await once(peer, 'close');
        assert.deepStrictEqual(messages, [
          [Buffer.from('text'), true],
          [Buffer.from([1]), true],
          [Buffer.from('é'), true]
        ]);
      });

      it(`is not drained until ${title} has sent`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket, { highWaterMark: 1 });

        assert.strictEqual(stream.write('a'), false);
        await once(stream, 'drain');
        assert.strictEqual(stream.writableLength, 0);
        peer.close();
        stream.resume();
        await once(stream, 'end');
      });
    }

    it('waits for the connection to be open', async (t) => {
      const wss = await startServer(t);
      const connection = once(wss, 'connection');
      const client = new ws(`ws://127.0.0.1:${wss.address().port}`);
      const stream = createWebSocketStream(client);
      const received = [];

      cleanup(t, () => client.terminate());
      stream.write('a');
      stream.write('b');
      stream.end('c');
      stream.resume();

      const [peer] = await connection;

      peer.on('message', (data) => received.push(`${data}`));

      const [code] = await once(peer, 'close');

      assert.deepStrictEqual(received, ['a', 'b', 'c']);
      assert.strictEqual(code, 1005);
    });

    it('fails on a connection that is closing', async (t) => {
      const { client, ws } = await connect(t, await startServer(t));
      const stream = createWebSocketStream(ws);
      const events = record(stream);

      ws.close();
      stream.write('a');
      assert.ok(!stream.destroyed);
      await once(stream, 'error');
      assert.ok(stream.destroyed);
      client.terminate();
      await once(stream, 'close');
      assert.deepStrictEqual(events, [
        'WebSocket is not open: readyState 2 (CLOSING)',
        'close'
      ]);
    });

    it('fails on a connection that is closed', async (t) => {
      const { client, ws } = await connect(t, await startServer(t));
      const stream = createWebSocketStream(ws);
      const events = record(stream);

      client.close();
      await once(ws, 'close');
      stream.write('a');
      await once(stream, 'close');
      assert.deepStrictEqual(events, [
        'WebSocket is not open: readyState 3 (CLOSED)',
        'close'
      ]);
    });
  });

  describe('ending', () => {
    for (const [title, choose] of Object.entries(ends)) {
      it(`closes ${title}, and is followed by 'end' and 'close'`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket);
        const events = record(stream);
        const closed = once(peer, 'close');

        stream.resume();
        stream.end('last');

        const [data] = await once(peer, 'message');

        assert.strictEqual(`${data}`, 'last');
        await once(stream, 'close');
        assert.deepStrictEqual(events, ['finish', 'end', 'close']);
        assert.strictEqual((await closed)[0], 1005);
      });

      it(`ends after ${title} was closed`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket);
        const events = record(stream);

        stream.resume();
        peer.close();
        await once(stream, 'end');
        assert.ok(!stream.destroyed);
        stream.end();
        await once(stream, 'close');
        assert.deepStrictEqual(events, ['end', 'finish', 'close']);
      });
    }

    it("waits for the socket's 'finish'", async () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub);
      const events = record(stream);

      stream.end();
      await turns();
      assert.deepStrictEqual(stub.log, ['close']);
      assert.deepStrictEqual(events, []);
      stub._socket.emit('finish');
      await once(stream, 'finish');
      assert.ok(!stream.destroyed);
    });

    it('does not close what has finished', async () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub);

      stub._socket._writableState.finished = true;
      stream.end();
      await once(stream, 'finish');
      assert.deepStrictEqual(stub.log, []);
      assert.ok(!stream.destroyed);
    });

    it('waits for a handshake', async () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub);

      stub.readyState = stub.CONNECTING;
      stream.end();
      await turns();
      assert.deepStrictEqual(stub.log, []);
      stub.readyState = 1;
      stub.emit('open');
      assert.deepStrictEqual(stub.log, ['close']);
      stub._socket.emit('finish');
      await once(stream, 'finish');
    });

    it('leaves it to a handshake that failed to tell of it', async (t) => {
      const server = http.createServer();

      server.on('upgrade', (req, socket) => {
        socket.on('error', () => {});
        socket.end(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
            'Connection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n'
        );
      });
      cleanup(t, () => server.close());
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');

      const client = new ws(`ws://127.0.0.1:${server.address().port}`);
      const stream = createWebSocketStream(client);
      const events = record(stream);

      client.on('upgrade', () => process.nextTick(() => stream.end()));
      await once(stream, 'close');
      assert.deepStrictEqual(events, [
        'Invalid Sec-WebSocket-Accept header',
        'close'
      ]);
    });
  });

  describe('#destroy', () => {
    for (const [title, choose] of Object.entries(ends)) {
      it(`terminates ${title}`, async (t) => {
        const pair = await connect(t, await startServer(t));
        const [websocket, peer] = choose(pair);
        const stream = createWebSocketStream(websocket);
        const events = record(stream);
        const closed = once(peer, 'close');

        stream.destroy(new Error('mine'));
        assert.strictEqual(websocket.readyState, WebSocket.CLOSING);
        await once(stream, 'close');
        assert.strictEqual(websocket.readyState, WebSocket.CLOSED);
        assert.deepStrictEqual(events, ['mine', 'close']);
        assert.strictEqual((await closed)[0], 1006);
      });
    }

    it('works on a connection that is closed', async (t) => {
      const { client, ws } = await connect(t, await startServer(t));
      const stream = createWebSocketStream(ws);
      const events = record(stream);

      client.close();
      await once(ws, 'close');
      stream.destroy();
      await once(stream, 'close');
      assert.deepStrictEqual(events, ['close']);
    });

    it('tells the error that the WebSocket then has', async () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub);
      const events = record(stream);

      stream.destroy(new Error('mine'));
      stub.emit('error', new Error('its own'));
      stub.emit('close');
      await once(stream, 'close');
      assert.deepStrictEqual(events, ['its own', 'close']);
      assert.deepStrictEqual(stub.log, ['terminate']);
    });

    it('is not needed at the end of a pipeline', async (t) => {
      const wss = await startServer(t);
      const { client, ws } = await connect(t, wss);
      const received = [];

      ws.on('message', (data) => received.push(`${data}`));

      const [err] = await called((cb) =>
        pipeline(['a', 'b'], createWebSocketStream(client).resume(), cb)
      );

      assert.ifError(err);
      assert.deepStrictEqual(received, ['a', 'b']);
    });
  });

  describe("'error'", () => {
    it('is that of the connection, which still closes properly', async (t) => {
      const { raw, ws } = await connectRaw(t, await startServer(t));
      const stream = createWebSocketStream(ws);
      const events = record(stream);
      const failed = once(stream, 'error');
      const closed = once(stream, 'close');

      raw.write(Buffer.from([0x85, 0x80, 0, 0, 0, 0]));
      await raw.expectClose(1002);
      raw.socket.end();

      const [err] = await failed;

      assert.ok(err instanceof RangeError);
      assert.strictEqual(err.code, 'WS_ERR_INVALID_OPCODE');
      await closed;
      assert.deepStrictEqual(events, [
        'Invalid WebSocket frame: invalid opcode 5',
        'close'
      ]);
    });

    it('does not terminate', async () => {
      const stub = new Stub();
      const stream = createWebSocketStream(stub);
      const events = record(stream);

      stub.emit('error', new Error('its own'));
      assert.ok(stream.destroyed);
      stub.emit('close');
      await once(stream, 'close');
      assert.deepStrictEqual(stub.log, []);
      assert.deepStrictEqual(events, ['its own', 'close']);
    });

    it('is thrown if nobody listens', () => {
      const stream = createWebSocketStream(new Stub());
      const err = new Error('unheard');

      assert.throws(() => stream.emit('error', err), err);
      assert.ok(stream.destroyed);
    });
  });
});
