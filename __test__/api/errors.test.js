'use strict';

//
// The errors that oxws builds from numbers, beside those of the core, of Node.js
// and of ws.
//

const assert = require('node:assert');
const net = require('node:net');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const {
  createNotOpenError,
  createProtocolError,
  createSocketDestroyedError,
  createSystemError,
  protocolErrors
} = require('../../js/errors');
const { cleanup } = require('../support/cleanup');
const { called, once } = require('../support/deadline');
const { beyondReference } = require('../support/implementation');
const { connect, startServer } = require('../support/server');

// By this the core's messages name an offending value.
const PARAMETER = 3;

/**
 * What can be seen of an error: its message and its own properties, in order.
 */
function shown(err) {
  assert.ok(err instanceof Error);
  return [err.name, err.message, Object.entries(err)];
}

/**
 * The error with which `net.Server` fails to listen.
 */
async function listenError(t, port, host) {
  const server = net.createServer();

  cleanup(t, () => server.close());

  const failed = once(server, 'error');

  server.listen(port, host);
  return (await failed)[0];
}

describe('Protocol errors', () => {
  it('are those of the core', beyondReference, () => {
    // Here, as the addon is not needed to compare others.
    const core = require('../../js/binding').protocolErrors();

    assert.ok(core.length > 0);
    assert.deepStrictEqual(
      Array.from(protocolErrors.values(), (row) => ({
        number: row.number,
        code: row.code,
        closeCode: row.closeCode,
        message: row.message(PARAMETER)
      })),
      core
    );
  });

  it('are built from their number', () => {
    for (const [
      number,
      { class: ErrorClass, code, message }
    ] of protocolErrors) {
      const err = createProtocolError(number, PARAMETER);

      assert.ok(err instanceof ErrorClass);
      assert.strictEqual(err.message, message(PARAMETER));
      assert.strictEqual(err.code, code);
    }

    assert.throws(() => createProtocolError(0), /Unknown protocol error: 0/);
  });
});

describe('System errors', () => {
  it('are those of net.Server for a port in use', async (t) => {
    const server = net.createServer();

    cleanup(t, () => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const { port } = server.address();
    const expected = await listenError(t, port, '127.0.0.1');

    assert.strictEqual(expected.code, 'EADDRINUSE');
    assert.deepStrictEqual(
      shown(createSystemError(expected.errno, 'listen', '127.0.0.1', port)),
      shown(expected)
    );
  });

  for (const port of [0, 1]) {
    it(`are those of net.Server for a foreign address, port ${port}`, async (t) => {
      const expected = await listenError(t, port, '192.0.2.1');

      assert.deepStrictEqual(
        shown(createSystemError(expected.errno, 'listen', '192.0.2.1', port)),
        shown(expected)
      );
    });
  }

  it('have a code even if the number is unknown', () => {
    const err = createSystemError(-999_999, 'listen');

    assert.strictEqual(err.code, 'UNKNOWN');
    assert.strictEqual(err.message, 'listen UNKNOWN: unknown error');
  });
});

describe('The error of what is sent too early or too late', () => {
  it('is that of ws while connecting', (t) => {
    const client = new WebSocket('ws://127.0.0.1:1');

    client.on('error', () => {});
    cleanup(t, () => client.terminate());
    assert.throws(
      () => client.send('x'),
      (err) => {
        assert.deepStrictEqual(
          shown(createNotOpenError(WebSocket.CONNECTING)),
          shown(err)
        );
        return true;
      }
    );
  });

  it('is that of ws while closing and when closed', async (t) => {
    const { client } = await connect(t, await startServer(t));
    const closed = once(client, 'close');

    client.close();
    for (const state of [WebSocket.CLOSING, WebSocket.CLOSED]) {
      const [err] = await called((cb) => {
        client.send('x', (...args) => {
          assert.strictEqual(client.readyState, state);
          cb(...args);
        });
      });

      assert.deepStrictEqual(shown(createNotOpenError(state)), shown(err));
      await closed;
    }
  });

  it('is that of a net.Socket when the socket is destroyed', async () => {
    const socket = new net.Socket();

    socket.on('error', () => {});
    socket.destroy();

    const [err] = await called((cb) => socket.write('x', cb));

    assert.deepStrictEqual(shown(createSocketDestroyedError()), shown(err));
  });
});
