'use strict';

//
// Which sockets of Node's the core takes over, and when.
//

const assert = require('node:assert');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');

const { called, once, turns, until } = require('../support/deadline');
const { Opcode, text } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { WebSocketServer, isReference } = require('../support/implementation');
const { linuxOnly } = require('../support/process-state');
const { manage } = require('../support/server');
const {
  connectClient,
  isAdopted,
  startAttached,
  transports
} = require('../support/transport');

// Sees the duplicate of a descriptor in /proc.
const options = {
  skip: isReference ? 'nothing is adopted under ws' : linuxOnly.skip
};

const frameOf = ({ raw }, payload) => text(payload, { mask: !raw.isServer });

async function assertWorks(pair, what) {
  const { raw, ws } = pair;
  const message = once(ws, 'message');

  raw.write(frameOf(pair, what));
  assert.strictEqual(String((await message)[0]), what);
  ws.send(what);
  await raw.expectFrame(Opcode.TEXT, what);
}

async function assertAdopted(pair) {
  await until(() => isAdopted(pair.ws), 'the adoption');
  await assertWorks(pair, 'adopted');
}

async function assertRelayed(pair) {
  await assertWorks(pair, 'relayed');
  await turns(3);
  assert.strictEqual(isAdopted(pair.ws), false);
}

/**
 * Connects to a server that does something to the socket of each connection.
 */
async function connectWith(t, prepare, transport) {
  const attached = await startAttached(t, transport);

  attached.wss.on('connection', prepare);
  return attached.connect();
}

const foreign = {
  "a listener of 'data'": ({ _socket }) => _socket.on('data', () => {}),
  "a listener of 'readable'": ({ _socket }) => _socket.on('readable', () => {}),
  'a push() of its own'({ _socket }) {
    const { push } = _socket;

    _socket.push = (...args) => push.apply(_socket, args);
  },
  'a write() of its own'({ _socket }) {
    const { write } = _socket;

    _socket.write = (...args) => write.apply(_socket, args);
  }
};

describe('The core', options, () => {
  for (const [name, { isAdopted: adopted }] of Object.entries(transports)) {
    const verb = adopted ? 'adopts' : 'does not adopt';
    const assertion = adopted ? assertAdopted : assertRelayed;

    it(`${verb} a ${name} socket of a server`, async (t) => {
      await assertion(await (await startAttached(t, name)).connect());
    });

    it(`${verb} a ${name} socket of a client`, async (t) => {
      await assertion(await connectClient(t, name));
    });
  }

  it('adopts a socket given to handleUpgrade()', async (t) => {
    const { server, open } = await startAttached(t, 'TCP', {
      path: '/not-this-one'
    });
    const wss = new WebSocketServer({ noServer: true });

    manage(t, wss);
    server.removeAllListeners('upgrade');
    server.on('upgrade', (req, socket, head) => {
      wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws));
    });

    const connection = once(wss, 'connection');
    const raw = await open();

    await raw.handshake();
    await assertAdopted({ raw, ws: (await connection)[0] });
  });

  for (const [what, prepare] of Object.entries(foreign)) {
    //
    // A foreign listener of 'readable' takes the socket out of flowing mode, in
    // which ws too receives nothing.
    //
    if (what.includes('readable')) {
      it(`does not adopt a socket with ${what}`, async (t) => {
        const { ws } = await connectWith(t, prepare);

        await turns(3);
        assert.strictEqual(isAdopted(ws), false);
      });
      continue;
    }

    it(`does not adopt a socket with ${what}`, async (t) => {
      await assertRelayed(await connectWith(t, prepare));
    });
  }

  it('does not adopt what is no socket of the system', async (t) => {
    const { server, open } = await startAttached(t);
    const wss = new WebSocketServer({ noServer: true });

    manage(t, wss);
    server.removeAllListeners('upgrade');
    server.on('upgrade', (req, socket, head) => {
      const duplex = new Duplex({
        read() {},
        write(chunk, encoding, callback) {
          socket.write(chunk, callback);
        },
        final(callback) {
          socket.end(callback);
        },
        destroy(err, callback) {
          socket.destroy();
          callback(err);
        }
      });

      socket.on('data', (chunk) => duplex.push(chunk));
      socket.on('end', () => duplex.push(null));
      wss.handleUpgrade(req, duplex, head, (ws) => wss.emit('connection', ws));
    });

    const connection = once(wss, 'connection');
    const raw = await open();

    await raw.handshake();
    await assertWorks({ raw, ws: (await connection)[0] }, 'relayed');
  });

  describe('with a large snapshot to send first', () => {
    for (const transport of ['TCP', 'UNIX']) {
      it(`adopts the ${transport} socket when it is out`, async (t) => {
        const { wss, open } = await startAttached(t, transport);
        const snapshot = Buffer.alloc(8 * 1024 * 1024, 'snapshot');
        const connection = once(wss, 'connection');
        const sent = called((cb) => {
          wss.on('connection', (ws) => {
            ws.send(snapshot, cb);
            ws.send('behind it');
          });
        });
        const raw = await open();

        raw.socket.pause();
        raw.write(buildRequest());

        const [ws] = await connection;

        await turns(5);
        assert.strictEqual(isAdopted(ws), false);
        assert.ok(ws.bufferedAmount > 0);
        // Also while it is out only in part.
        ws.send('later');
        raw.socket.resume();
        assert.ok((await sent)[0] == null);
        await raw.response();
        assert.strictEqual((await raw.frame()).payload.length, snapshot.length);
        await raw.expectFrame(Opcode.TEXT, 'behind it');
        await raw.expectFrame(Opcode.TEXT, 'later');
        await assertAdopted({ raw, ws });
      });
    }

    it('leaves a socket that is ended before that to Node', async (t) => {
      const { wss, open } = await startAttached(t);
      const connection = once(wss, 'connection');

      wss.on('connection', (ws) => {
        ws.send(Buffer.alloc(8 * 1024 * 1024));
        ws.close(1000);
      });

      const raw = await open();

      raw.socket.pause();
      raw.write(buildRequest());

      const [ws] = await connection;
      const closed = once(ws, 'close');

      await turns(5);
      raw.socket.resume();
      await raw.response();
      assert.strictEqual((await raw.frame()).opcode, Opcode.BINARY);
      await raw.expectClose(1000);
      assert.strictEqual(isAdopted(ws), false);
      raw.socket.end();
      assert.deepStrictEqual(await closed, [1006, Buffer.alloc(0)]);
    });
  });

  it('does not adopt a socket that is closed in its tick', async (t) => {
    const { wss, open } = await startAttached(t);

    wss.on('connection', (ws) => ws.terminate());

    const connection = once(wss, 'connection');
    const raw = await open();

    raw.write(buildRequest());

    const [ws] = await connection;

    await once(ws, 'close');
    await raw.end();
  });
});
