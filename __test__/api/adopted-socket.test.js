'use strict';

//
// `ws._socket` where it is a socket of Node's that the core may have adopted:
// all is as if Node moved the bytes.
//

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called, once, turns, until } = require('../support/deadline');
const { Opcode, close, ping, text } = require('../support/frame');
const { isReference } = require('../support/implementation');
const { record } = require('../support/record');
const {
  connectClient,
  isAdopted,
  startAttached
} = require('../support/transport');

const unmasked = (payload) => text(payload, { mask: false });

/**
 * A connection of which the core has the socket, if it takes any; `prepare` gets
 * each before.
 */
async function adopted(t, transport, prepare) {
  const attached = await startAttached(t, transport);

  if (prepare) attached.server.on('connection', prepare);

  const pair = await attached.connect();

  if (!isReference && process.platform === 'linux') {
    await until(() => isAdopted(pair.ws), 'the adoption');
  }

  return { ...attached, ...pair, socket: pair.ws._socket };
}

/** Log the events of a stream and a WebSocket in their order. */
function watch(ws) {
  const { log, until } = record(ws);

  for (const name of ['end', 'finish', 'error', 'close']) {
    ws._socket.on(name, (err) => {
      log.push([`socket ${name}`, ...(err?.code ? [err.code] : [])]);
    });
  }

  return {
    names: () => log.map(([name]) => name),
    log,
    until
  };
}

async function messages(ws, count) {
  const { log, until } = record(ws);

  await until('message', count);
  return log.map(([, data]) => String(data));
}

for (const transport of ['TCP', 'UNIX']) {
  describe(`WebSocket over a ${transport} socket of a server`, () => {
    describe('#_socket', () => {
      it('is the socket of the request', async (t) => {
        const { req, ws, socket } = await adopted(t, transport);

        assert.strictEqual(req.socket, socket);
        assert.strictEqual(ws._socket, socket);
        assert.strictEqual(socket.destroyed, false);
        assert.strictEqual(socket.readyState, 'open');
        assert.strictEqual(socket.writableLength, 0);
      });

      it('write() keeps its place among frames', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const order = [];

        ws.send('a', () => order.push('a'));
        socket.write(unmasked('b'), () => order.push('b'));
        ws.send('c', () => order.push('c'));
        socket.cork();
        socket.write(unmasked('d'));
        socket.write(unmasked('e').toString('latin1'), 'latin1');
        socket.uncork();
        await called((cb) => ws.send('f', cb));

        for (const payload of 'abcdef') {
          await raw.expectFrame(Opcode.TEXT, payload);
        }

        // That of raw bytes may come earlier: a frame does not wait for them.
        assert.deepStrictEqual(order.toSorted(), ['a', 'b', 'c']);
        assert.ok(order.indexOf('a') < order.indexOf('c'));
      });

      it("write() of much returns false, 'drain' comes", async (t) => {
        const { raw, socket } = await adopted(t, transport);
        const chunk = Buffer.alloc(8 * 1024 * 1024, 1);

        raw.socket.pause();
        assert.strictEqual(socket.write(chunk), false);

        const drained = once(socket, 'drain');

        await turns(3);
        assert.ok(socket.writableLength > 0);
        raw.socket.resume();
        await drained;
        assert.strictEqual(socket.writableLength, 0);
        while (raw.buffer.length < chunk.length) await raw.change('bytes');
      });

      it('end() sends what was sent before it, and ends', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const { names, until } = watch(ws);

        ws.send('a');
        socket.end(unmasked('b'));
        await raw.expectFrame(Opcode.TEXT, 'a');
        await raw.expectFrame(Opcode.TEXT, 'b');
        await raw.expectEnd();
        raw.socket.end();
        await until('close');
        assert.deepStrictEqual(names().sort(), [
          'close',
          'socket close',
          'socket end',
          'socket finish'
        ]);
        assert.strictEqual(ws.readyState, ws.CLOSED);
      });

      it('destroy() closes the connection at once', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const { names, until } = watch(ws);

        assert.strictEqual(socket.destroy(), socket);
        assert.strictEqual(socket.destroyed, true);
        await raw.expectEnd();
        await until('close');
        await turns();
        assert.deepStrictEqual(names().sort(), ['close', 'socket close']);
      });

      it("destroy(err) is an 'error' of the socket alone", async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const { log, until } = watch(ws);

        socket.destroy(Object.assign(new Error('mine'), { code: 'MINE' }));
        await raw.expectEnd();
        await until('close');
        await turns();
        assert.deepStrictEqual(log[0], ['socket error', 'MINE']);
        assert.strictEqual(log.length, 3);
      });

      for (const [how, end] of [
        ['it is destroyed', ({ socket }, err) => socket.destroy(err)],
        ['the WebSocket is terminated', ({ ws }) => ws.terminate()],
        ['the peer leaves', ({ raw }) => raw.socket.end()]
      ]) {
        it(`calls a _destroy() of its own when ${how}`, async (t) => {
          const calls = [];
          const connection = await adopted(t, transport, (socket) => {
            const { _destroy } = socket;

            socket._destroy = function (err, callback) {
              calls.push([this, err]);
              _destroy.call(this, err, callback);
            };
          });
          const { raw, ws, socket } = connection;
          const { until } = watch(ws);
          const err = how === 'it is destroyed' ? new Error('mine') : null;

          end(connection, err);
          await raw.end();
          await until('close');
          await turns();
          assert.strictEqual(calls.length, 1);
          assert.strictEqual(calls[0][0], socket);
          assert.strictEqual(calls[0][1], err);
          assert.strictEqual(socket.closed, true);
        });
      }

      it('destroySoon() sends what was written', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const { names, until } = watch(ws);

        ws.send('a');
        socket.write(unmasked('b'));
        socket.destroySoon();
        await raw.expectFrame(Opcode.TEXT, 'a');
        await raw.expectFrame(Opcode.TEXT, 'b');
        await raw.expectEnd();
        await until('close');
        await turns();
        assert.strictEqual(names()[0], 'socket finish');
        assert.strictEqual(names().length, 3);
      });

      it('pause() and resume() are those of the WebSocket', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const seen = [];

        ws.on('message', (data) => seen.push(String(data)));
        socket.pause();
        assert.strictEqual(socket.isPaused(), true);
        raw.write(text('a'), text('b'));
        await turns(20);
        assert.deepStrictEqual(seen, []);
        socket.resume();
        while (seen.length < 2) await once(ws, 'message');
        ws.pause();
        assert.strictEqual(socket.isPaused(), true);
        raw.write(text('c'));
        await turns(20);
        ws.resume();
        assert.strictEqual(socket.isPaused(), false);
        while (seen.length < 3) await once(ws, 'message');
        assert.deepStrictEqual(seen, ['a', 'b', 'c']);
      });

      it("setTimeout() emits 'timeout' and leaves it open", async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);

        await called((cb) => socket.setTimeout(20, cb));
        socket.setTimeout(0);
        ws.send('still open');
        await raw.expectFrame(Opcode.TEXT, 'still open');
      });

      it('counts bytes', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const { bytesRead, bytesWritten } = socket;
        const frame = text('12345');

        assert.ok(bytesRead > 100, 'those of the request');
        assert.ok(bytesWritten > 100, 'those of the answer');
        raw.write(frame);
        await once(ws, 'message');
        assert.strictEqual(socket.bytesRead, bytesRead + frame.length);
        await called((cb) => ws.send('123', cb));
        assert.strictEqual(socket.bytesWritten, bytesWritten + 5);
        raw.destroy();
        await once(ws, 'close');
        assert.strictEqual(socket.bytesRead, bytesRead + frame.length);
        assert.strictEqual(socket.bytesWritten, bytesWritten + 5);
      });

      it('has the setters of a net.Socket', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);

        assert.strictEqual(socket.setKeepAlive(true, 1000), socket);
        assert.strictEqual(socket.setKeepAlive(false), socket);
        assert.strictEqual(socket.setNoDelay(true), socket);
        assert.strictEqual(socket.ref(), socket);
        assert.strictEqual(socket.unref(), socket);
        assert.strictEqual(socket.ref(), socket);
        ws.send('x');
        await raw.expectFrame(Opcode.TEXT, 'x');
      });

      it("on('data') shows what is received from then on", async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const chunks = [];

        raw.write(text('before'));
        await once(ws, 'message');
        socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
        // The core has to be told first.
        raw.write(ping('1'));
        await raw.expectFrame(Opcode.PONG, '1');
        await turns(2);

        const known = Buffer.concat(chunks).length;
        const frames = Buffer.concat([text('a'), text('b')]);
        const seen = messages(ws, 2);

        raw.write(frames);
        assert.deepStrictEqual(await seen, ['a', 'b']);
        await until(
          () => Buffer.concat(chunks).length >= known + frames.length,
          'the bytes'
        );
        assert.strictEqual(Buffer.concat(chunks).length, known + frames.length);
      });

      it('push() counts as received', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const seen = messages(ws, 3);
        const frame = text('pushed');

        socket.push(frame.subarray(0, 5));
        socket.push(frame.subarray(5));
        socket.push(text('another'));
        raw.write(text('received'));
        assert.deepStrictEqual((await seen).sort(), [
          'another',
          'pushed',
          'received'
        ]);
      });

      it("emits 'end' and 'close' when the peer leaves", async (t) => {
        const { raw, ws } = await adopted(t, transport);
        const { names, until } = watch(ws);

        raw.write(text('last'));
        raw.socket.end();
        await until('close');
        await turns();
        assert.deepStrictEqual(names().sort(), [
          'close',
          'message',
          'socket close',
          'socket end',
          'socket finish'
        ]);
      });

      it('is closed behind a closing handshake', async (t) => {
        const { raw, ws, socket } = await adopted(t, transport);
        const { names, until } = watch(ws);

        raw.write(close(1000));
        await raw.expectClose(1000);
        raw.socket.end();
        await until('close');
        await turns();
        assert.deepStrictEqual(names().sort(), [
          'close',
          'socket close',
          'socket end',
          'socket finish'
        ]);
        assert.strictEqual(socket.destroyed, true);
      });
    });
  });
}

describe('WebSocket over a TCP socket of a server', () => {
  describe('#_socket', () => {
    it('tells both addresses', async (t) => {
      const { raw, socket, server } = await adopted(t);

      assert.strictEqual(socket.remoteAddress, '127.0.0.1');
      assert.strictEqual(socket.remoteFamily, 'IPv4');
      assert.strictEqual(socket.remotePort, raw.socket.localPort);
      assert.deepStrictEqual(socket.address(), server.address());
      assert.strictEqual(socket.localPort, server.address().port);
    });

    it('counts what the kernel did not take, in its state, too', async (t) => {
      const { raw, socket, ws } = await adopted(t);

      raw.socket.pause();
      while (ws.bufferedAmount === 0) ws.send(Buffer.alloc(64 * 1024));

      // Under ws the stream counts the headers of frames as well.
      assert.ok(socket.writableLength >= ws.bufferedAmount);
      assert.strictEqual(
        ws._socket._writableState.length,
        socket.writableLength
      );
    });

    it("emits 'error' ECONNRESET before 'close'", async (t) => {
      const { raw, ws } = await adopted(t);
      const { log, until } = watch(ws);

      raw.socket.resetAndDestroy();
      await until('close');
      await turns();
      assert.deepStrictEqual(log[0], ['socket error', 'ECONNRESET']);
      assert.deepStrictEqual(log.map(([name]) => name).sort(), [
        'close',
        'socket close',
        'socket error'
      ]);
    });

    it('resetAndDestroy() resets the connection', async (t) => {
      const { raw, ws, socket } = await adopted(t);
      const { names, until } = watch(ws);

      socket.resetAndDestroy();
      await raw.end();
      assert.strictEqual(raw.error?.code, 'ECONNRESET');
      await until('close');
      assert.ok(names().includes('close'));
    });
  });
});

describe('The HTTP server of adopted sockets', () => {
  const count = (server) =>
    called((cb) => server.getConnections(cb)).then(([, number]) => number);

  for (const [how, end] of [
    ['the peer resets it', ({ raw }) => raw.socket.resetAndDestroy()],
    ['the peer leaves', ({ raw }) => raw.socket.end()],
    ['it is terminated', ({ ws }) => ws.terminate()],
    ['its socket is destroyed', ({ ws }) => ws._socket.destroy()]
  ]) {
    it(`counts a connection until ${how}`, async (t) => {
      const { server, raw, ws } = await adopted(t);

      assert.strictEqual(await count(server), 1);

      const closed = once(ws, 'close');

      end({ raw, ws });
      await closed;
      await until(async () => (await count(server)) === 0, 'none to be left');
    });
  }

  it('closes when the last of them is gone', async (t) => {
    const { server, raw, ws } = await adopted(t);
    let isClosed = false;
    const closed = called((cb) => {
      server.close(() => {
        isClosed = true;
        cb();
      });
    });

    await turns(5);
    ws.send('still open');
    await raw.expectFrame(Opcode.TEXT, 'still open');
    assert.strictEqual(isClosed, false);
    raw.write(close(1000));
    await raw.expectClose(1000);
    raw.socket.end();
    await closed;
  });

  it('leaves them alone in closeAllConnections()', async (t) => {
    const { server, raw, ws } = await adopted(t);

    server.closeAllConnections();
    await turns(5);
    ws.send('still open');
    await raw.expectFrame(Opcode.TEXT, 'still open');
  });
});

describe('WebSocket of a client', () => {
  describe('#_socket', () => {
    it('is the socket of the connection', async (t) => {
      const { raw, ws } = await connectClient(t);
      const { _socket: socket } = ws;

      assert.strictEqual(socket.remotePort, raw.socket.localPort);
      assert.strictEqual(socket.localPort, raw.socket.remotePort);
      socket.write(text('raw'));
      await raw.expectFrame(Opcode.TEXT, 'raw');

      const { log, until } = watch(ws);

      raw.write(unmasked('last'));
      raw.socket.end();
      await until('close');
      await turns();
      assert.deepStrictEqual(log.map(([name]) => name).sort(), [
        'close',
        'message',
        'socket close',
        'socket end',
        'socket finish'
      ]);
    });

    it('is closed behind a closing handshake', async (t) => {
      const { raw, ws } = await connectClient(t);
      const { log, until } = watch(ws);

      ws.close(1000);
      await raw.expectClose(1000);
      raw.write(close(1000, '', { mask: false }));
      raw.socket.end();
      await until('close');
      await turns();
      assert.deepStrictEqual(
        log.find(([name]) => name === 'close'),
        ['close', 1000, Buffer.alloc(0)]
      );
    });
  });
});
