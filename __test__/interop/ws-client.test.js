'use strict';

//
// The server against the client of ws.
//

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { once } = require('../support/deadline');
const { record } = require('../support/record');
const { connect, startServer } = require('../support/server');

/**
 * Opens a connection to an echo server.
 *
 * @param {TestContext} t The test
 * @param {Object} [options] Options object
 * @param {Object} [options.client] Options of the client
 * @param {Object} [options.server] Options of the server
 * @return {Promise<Object>} `client` and `server`: both ends, each as the
 *     WebSocket, its log of events, and `until()`
 */
async function open(t, { client: clientOptions, server: serverOptions } = {}) {
  const wss = await startServer(t, serverOptions);
  let server;

  // Before the first event of the connection, which may come with its opening.
  wss.on('connection', (ws) => {
    server = { ws, ...record(ws) };
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });

  const { client } = await connect(t, wss, clientOptions);

  return { client: { ws: client, ...record(client) }, server };
}

/**
 * @param {Object} end One end of a connection
 * @param {String} name The name of an event
 * @return {Array[]} The arguments of all such events so far
 */
function events({ log }, name) {
  return log.filter(([event]) => event === name).map(([, ...args]) => args);
}

/**
 * Closes a connection from the client, and checks that neither end saw an error.
 *
 * @param {Object} ends Both ends
 */
async function finish({ client, server }) {
  client.ws.close(1000);
  await Promise.all([client.until('close'), server.until('close')]);

  for (const end of [client, server]) {
    assert.deepStrictEqual(events(end, 'error'), []);
    assert.strictEqual(events(end, 'close')[0][0], 1000);
  }
}

const pattern = Buffer.from([...Array(256).keys()]);

describe('the client of ws', () => {
  for (const [name, message] of [
    ['text', 'héllo € 😀'],
    ['binary', pattern],
    ['empty text', ''],
    ['empty binary', Buffer.alloc(0)],
    ['125 bytes', Buffer.alloc(125, pattern)],
    ['126 bytes', Buffer.alloc(126, pattern)],
    ['65535 bytes', Buffer.alloc(65535, pattern)],
    ['65536 bytes', Buffer.alloc(65536, pattern)],
    ['large text', '€'.repeat(2 ** 18) + 'x'.repeat(2 ** 18)],
    ['large binary', Buffer.alloc(2 ** 20, pattern)]
  ]) {
    it(`gets its message back: ${name}`, async (t) => {
      const ends = await open(t);
      const bytes = Buffer.from(message);

      ends.client.ws.send(message);
      await ends.client.until('message');

      for (const end of [ends.client, ends.server]) {
        const [[data, isBinary], ...rest] = events(end, 'message');

        assert.deepStrictEqual(rest, []);
        assert.strictEqual(isBinary, typeof message !== 'string');
        assert.ok(data.equals(bytes));
      }

      await finish(ends);
    });
  }

  it('sends a message in fragments with a ping between them', async (t) => {
    const ends = await open(t);
    const { client, server } = ends;

    client.ws.send('frag', { fin: false });
    client.ws.ping('between');
    client.ws.send('', { fin: false });
    client.ws.send('ménts', { fin: true });
    await client.until('message');

    assert.deepStrictEqual(
      server.log.filter(([name]) => name !== 'open'),
      [
        ['ping', Buffer.from('between')],
        ['message', Buffer.from('fragménts'), false]
      ]
    );
    assert.deepStrictEqual(
      client.log.map(([name, data]) => [name, data.toString()]),
      [
        ['pong', 'between'],
        ['message', 'fragménts']
      ]
    );

    await finish(ends);
  });

  it('receives a message in fragments', async (t) => {
    const ends = await open(t);
    const { client, server } = ends;

    client.ws.binaryType = 'fragments';
    server.ws.send(Buffer.from('frag'), { fin: false });
    server.ws.ping('between');
    server.ws.send(Buffer.from('ments'), { fin: true });

    const [fragments, isBinary] = await client.until('message');

    assert.deepStrictEqual(fragments, [
      Buffer.from('frag'),
      Buffer.from('ments')
    ]);
    assert.strictEqual(isBinary, true);
    assert.deepStrictEqual(client.log[0], ['ping', Buffer.from('between')]);

    await finish(ends);
  });

  it('gets a pong with the payload of its ping', async (t) => {
    const ends = await open(t);
    const { client, server } = ends;
    const payload = Buffer.alloc(125, pattern);

    client.ws.ping(payload);
    await client.until('pong');
    // The pong may be there first: it does not wait for JavaScript.
    await server.until('ping');

    assert.deepStrictEqual(events(client, 'pong'), [[payload]]);
    assert.deepStrictEqual(events(server, 'ping'), [[payload]]);

    await finish(ends);
  });

  it('answers a ping of the server', async (t) => {
    const ends = await open(t);
    const { client, server } = ends;

    server.ws.ping('are you there');
    await server.until('pong');

    assert.deepStrictEqual(events(server, 'pong'), [
      [Buffer.from('are you there')]
    ]);
    assert.deepStrictEqual(events(client, 'ping'), [
      [Buffer.from('are you there')]
    ]);

    await finish(ends);
  });

  it('gets many messages back in order', async (t) => {
    const ends = await open(t);
    const numbers = Array.from({ length: 1000 }, (_, number) => `${number}`);

    for (const number of numbers) ends.client.ws.send(number);
    await ends.client.until('message', numbers.length);

    for (const end of [ends.client, ends.server]) {
      assert.deepStrictEqual(
        events(end, 'message').map(([data]) => data.toString()),
        numbers
      );
    }

    await finish(ends);
  });

  it('agrees on the first of its subprotocols', async (t) => {
    const ends = await open(t, { client: { protocols: ['first', 'second'] } });

    assert.strictEqual(ends.client.ws.protocol, 'first');
    assert.strictEqual(ends.server.ws.protocol, 'first');

    await finish(ends);
  });

  it('agrees on the subprotocol that the server chooses', async (t) => {
    const offers = [];
    const ends = await open(t, {
      client: { protocols: ['first', 'second'] },
      server: {
        handleProtocols(offered) {
          offers.push([...offered]);
          return 'second';
        }
      }
    });

    assert.deepStrictEqual(offers, [['first', 'second']]);
    assert.strictEqual(ends.client.ws.protocol, 'second');
    assert.strictEqual(ends.server.ws.protocol, 'second');

    await finish(ends);
  });

  it('closes with a code and a reason', async (t) => {
    const { client, server } = await open(t);

    client.ws.close(3001, 'sée you');

    assert.deepStrictEqual(await server.until('close'), [
      3001,
      Buffer.from('sée you')
    ]);
    assert.strictEqual((await client.until('close'))[0], 3001);
  });

  it('sees the code and the reason with which the server closes', async (t) => {
    const { client, server } = await open(t);

    server.ws.close(4001, 'sée you');

    assert.deepStrictEqual(await client.until('close'), [
      4001,
      Buffer.from('sée you')
    ]);
    assert.strictEqual((await server.until('close'))[0], 4001);
  });

  it('sees 1006 when the server terminates the connection', async (t) => {
    const { client, server } = await open(t);
    const closed = once(client.ws, 'close');

    server.ws.terminate();

    assert.deepStrictEqual(await closed, [1006, Buffer.alloc(0)]);
    assert.strictEqual((await server.until('close'))[0], 1006);
  });
});
