'use strict';

//
// The server against the Python library websockets; its side is client.py.
//

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const { createHash } = require('node:crypto');
const path = require('node:path');
const { before, describe, it } = require('node:test');
const { promisify } = require('node:util');

const { hasPython, prepare } = require('./python-environment');
const { record } = require('../support/record');
const { startServer } = require('../support/server');

const CLIENT = path.join(__dirname, 'client.py');
const CLIENT_TIMEOUT = 60_000;

const exec = promisify(execFile);

// Where the tests must prove something, a missing Python is a failure.
const skip =
  process.env.CI || hasPython() ? false : 'there is no python3 to run';

/**
 * @param {(Buffer|String)} data Some data
 * @return {String} Its digest
 */
function sha1(data) {
  return createHash('sha1').update(data).digest('hex');
}

describe('the Python client websockets', { skip }, () => {
  let python;

  before(async () => {
    python = await prepare();
  });

  /**
   * Runs a scenario of the client against an echo server.
   *
   * @param {TestContext} t The test
   * @param {String} scenario The name of the scenario
   * @param {Object} [options] Options object
   * @param {Function} [options.onConnection] Called with the connection
   * @param {Object} [options.server] Options of the server
   * @return {Promise<Object>} What the client saw; the log of the server's
   *     events; their arguments by name
   */
  async function converse(
    t,
    scenario,
    { onConnection = () => {}, server } = {}
  ) {
    const wss = await startServer(t, server);
    const connections = [];

    wss.on('connection', (ws) => {
      connections.push(record(ws));
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
      onConnection(ws);
    });

    const { stdout } = await exec(
      python,
      [CLIENT, `ws://127.0.0.1:${wss.address().port}`, scenario],
      { timeout: CLIENT_TIMEOUT, killSignal: 'SIGKILL' }
    );

    assert.strictEqual(connections.length, 1);

    const [{ log, until }] = connections;
    const closed = await until('close');
    const events = (name) =>
      log.filter(([event]) => event === name).map(([, ...args]) => args);

    assert.deepStrictEqual(events('error'), []);

    return { client: JSON.parse(stdout), closed, events };
  }

  for (const [scenario, type, content] of [
    ['text', 'str', 'héllo € 😀'],
    ['binary', 'bytes', Buffer.from([...Array(256).keys()])],
    ['empty_text', 'str', ''],
    ['empty_binary', 'bytes', ''],
    ['large_text', 'str', '€'.repeat(2 ** 18) + 'x'.repeat(2 ** 18)],
    [
      'large_binary',
      'bytes',
      Buffer.alloc(2 ** 20, Buffer.from([...Array(256).keys()]))
    ]
  ]) {
    it(`gets its message back: ${scenario.replace('_', ' ')}`, async (t) => {
      const { client, closed, events } = await converse(t, scenario);
      const bytes = Buffer.from(content);

      assert.deepStrictEqual(client, {
        type,
        length: bytes.length,
        sha1: sha1(bytes),
        same: true,
        closeCode: 1000
      });

      const [[data, isBinary], ...rest] = events('message');

      assert.deepStrictEqual(rest, []);
      assert.strictEqual(isBinary, type === 'bytes');
      assert.ok(data.equals(bytes));
      assert.deepStrictEqual(closed, [1000, Buffer.alloc(0)]);
    });
  }

  it('sends a message in fragments with a ping between them', async (t) => {
    const { client, events } = await converse(t, 'fragmented');

    assert.deepStrictEqual(client, {
      answer: 'fragménts',
      pong: true,
      closeCode: 1000
    });
    assert.deepStrictEqual(events('message'), [
      [Buffer.from('fragménts'), false]
    ]);
    assert.deepStrictEqual(events('ping'), [[Buffer.from('between')]]);
  });

  it('receives a message in fragments', async (t) => {
    const { client } = await converse(t, 'receive_fragments', {
      onConnection(ws) {
        ws.send('frag', { fin: false });
        ws.send('', { fin: false });
        ws.ping('between');
        ws.send('ménts', { fin: true });
      }
    });

    assert.deepStrictEqual(client, {
      fragments: ['frag', '', 'ménts'],
      closeCode: 1000
    });
  });

  it('gets a pong with the payload of its ping', async (t) => {
    const { client, events } = await converse(t, 'ping');

    assert.deepStrictEqual(client, { pong: true, closeCode: 1000 });
    assert.deepStrictEqual(events('ping'), [
      [Buffer.from('\x00\xffpayload', 'latin1')]
    ]);
  });

  it('answers a ping of the server', async (t) => {
    const { events } = await converse(t, 'wait_for_close', {
      onConnection(ws) {
        ws.on('pong', () => ws.close());
        ws.ping('are you there');
      }
    });

    assert.deepStrictEqual(events('pong'), [[Buffer.from('are you there')]]);
  });

  it('gets many messages back in order', async (t) => {
    const { client, events } = await converse(t, 'many');

    assert.deepStrictEqual(client, { inOrder: true, closeCode: 1000 });
    assert.deepStrictEqual(
      events('message').map(([data]) => data.toString()),
      Array.from({ length: 1000 }, (_, number) => `${number}`)
    );
  });

  it('agrees on the first of its subprotocols', async (t) => {
    const protocols = [];
    const { client } = await converse(t, 'subprotocol', {
      onConnection: (ws) => protocols.push(ws.protocol)
    });

    assert.strictEqual(client.subprotocol, 'first');
    assert.deepStrictEqual(protocols, ['first']);
  });

  it('agrees on the subprotocol that the server chooses', async (t) => {
    const offers = [];
    const protocols = [];
    const { client } = await converse(t, 'subprotocol', {
      onConnection: (ws) => protocols.push(ws.protocol),
      server: {
        handleProtocols(offered) {
          offers.push([...offered]);
          return 'second';
        }
      }
    });

    assert.strictEqual(client.subprotocol, 'second');
    assert.deepStrictEqual(offers, [['first', 'second']]);
    assert.deepStrictEqual(protocols, ['second']);
  });

  it('closes with a code and a reason', async (t) => {
    const { client, closed } = await converse(t, 'close');

    assert.deepStrictEqual(closed, [3001, Buffer.from('sée you')]);
    assert.strictEqual(client.closeCode, 3001);
    assert.strictEqual(client.received[0], 3001);
  });

  it('sees the code and the reason with which the server closes', async (t) => {
    const { client, closed } = await converse(t, 'wait_for_close', {
      onConnection: (ws) => ws.close(4001, 'sée you')
    });

    assert.deepStrictEqual(client, {
      received: [4001, 'sée you'],
      closeCode: 4001
    });
    assert.strictEqual(closed[0], 4001);
  });
});
