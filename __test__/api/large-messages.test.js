'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { promisify } = require('node:util');

const { WebSocket, WebSocketServer } = require('../support/implementation');

// Below and above where payloads are copied, shared, and memory of their own.
const LENGTHS = [
  4095, 4096, 16383, 16384, 16385, 32767, 32768, 65535, 65536, 70000, 262144,
  300000, 1048576, 5000000
];

describe('Large messages', () => {
  it('come back as they were sent, in order', async (t) => {
    const { client } = await echoing(t);
    const sent = [];

    for (let round = 0; round < 5; round++) {
      for (const length of LENGTHS) sent.push(fill(length, sent.length));
    }
    for (const data of sent) client.send(data);

    const received = await messages(client, sent.length);

    received.forEach((data, i) => {
      assert.ok(data.equals(sent[i]), `message ${i} of ${sent[i].length}`);
    });
  });

  it('stay as they are while others come in', async (t) => {
    const { client } = await echoing(t);
    const kept = [];

    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 20; i++) client.send(fill(20000, round * 20 + i));

      // Every tenth is kept, and what holds the others may be used again.
      const received = await messages(client, 20);

      kept.push(received[0], received[10]);
      global.gc?.();
    }

    kept.forEach((data, i) => {
      assert.ok(data.equals(fill(20000, i * 10)), `message ${i}`);
    });
  });

  it('stay as they are on many connections, whatever is between them', async (t) => {
    const { wss, clients } = await connected(t, 8);
    const lengths = [16384, 20000, 10, 5000, 65000, 16384, 100, 40000, 4096];
    const ROUNDS = 12;
    const COUNT = ROUNDS * lengths.length;
    const atServer = [...wss.clients].map((ws) => {
      ws.on('message', (data) => ws.send(data));
      return messages(ws, COUNT);
    });
    const atClients = clients.map((client) => messages(client, COUNT));

    for (let round = 0; round < ROUNDS; round++) {
      clients.forEach((client, number) => {
        lengths.forEach((length, i) => {
          client.send(fill(length, number * 7 + round + i));
          if (i % 3 === 0) client.ping('between');
        });
      });
      // What comes next does so in other reads.
      await new Promise((resolve) => setTimeout(resolve, 5));
      global.gc?.();
    }

    const received = await Promise.all([...atServer, ...atClients]);

    received.forEach((all, number) => {
      all.forEach((data, i) => {
        const place = i % lengths.length;
        const round = (i - place) / lengths.length;
        const seed = (number % clients.length) * 7 + round + place;

        assert.ok(
          data.equals(fill(lengths[place], seed)),
          `message ${i} of connection ${number}`
        );
      });
    });
  });

  it('are seen as they came by who listens to the socket', async (t) => {
    const { wss, clients } = await connected(t, 1);
    const [ws] = wss.clients;
    const [client] = clients;

    ws.on('message', () => ws.send('next'));

    for (let i = 0; i < 5; i++) {
      client.send(fill(20000, i));
      await messages(client, 1);
    }

    const chunks = [];

    ws._socket.on('data', (chunk) => chunks.push(chunk));

    for (let i = 0; i < 5; i++) {
      client.send(fill(20000, i));
      await messages(client, 1);
    }

    const bytes = Buffer.concat(chunks);

    assert.equal(bytes.length, 5 * 20008);

    for (let i = 0; i < 5; i++) {
      const frame = bytes.subarray(i * 20008, (i + 1) * 20008);
      const payload = frame
        .subarray(8)
        .map((byte, j) => byte ^ frame[4 + (j & 3)]);

      assert.equal(frame.readUInt16BE(2), 20000);
      assert.ok(Buffer.from(payload).equals(fill(20000, i)), `message ${i}`);
    }
  });

  it('are the listener’s to write to', async (t) => {
    const { client } = await echoing(t);

    for (let i = 0; i < 50; i++) client.send(fill(10000, i));
    (await messages(client, 50)).forEach((data, i, all) => {
      data.fill(0xff);
      if (i < 49) assert.ok(all[i + 1].equals(fill(10000, i + 1)));
    });
  });

  it('go out as they were when they were sent', async (t) => {
    const COUNT = 12;
    const { wss, clients } = await connected(t, 20);
    const data = Buffer.alloc(60000);
    const all = clients.map((client) => messages(client, COUNT));

    // More than the memory for blocks holds, from one that changes.
    for (let i = 0; i < COUNT; i++) {
      for (const ws of wss.clients) {
        ws.send(data.fill(i).subarray(0, 59000 + i));
      }
    }
    data.fill(0xff);

    for (const received of await Promise.all(all)) {
      received.forEach((message, i) => {
        assert.ok(message.equals(Buffer.alloc(59000 + i, i)), `message ${i}`);
      });
    }
  });

  it('may be passed on with a change for each receiver', async (t) => {
    const { wss, clients } = await connected(t, 5);
    const LENGTH = 20000;
    const COUNT = 4;
    const all = clients.map((client) => messages(client, COUNT));

    for (const ws of wss.clients) {
      ws.on('message', (data) => {
        [...wss.clients].forEach((receiver, i) => {
          data.fill(i);
          receiver.send(data);
        });
        data.fill(0xff);
      });
    }
    for (let i = 0; i < COUNT; i++) clients[0].send(fill(LENGTH, i));

    const firstBytes = (await Promise.all(all)).map((received) => {
      received.forEach((message) => {
        assert.ok(message.equals(Buffer.alloc(LENGTH, message[0])));
      });
      return received.map((message) => message[0]);
    });

    // In whatever order the server has its clients.
    assert.deepEqual(
      firstBytes.sort(),
      clients.map((_, i) => Array(COUNT).fill(i))
    );
  });

  it('keep their place among others, and their callbacks', async (t) => {
    const { wss, clients } = await connected(t, 6);
    const called = [];
    const all = clients.map((client) => messages(client, 5));

    for (const ws of wss.clients) {
      ws.send('first');
      called.push(promisify(ws.send).call(ws, fill(20000, 1)));
      ws.send(fill(100000, 2));
      ws.send(fill(30000, 3));
      called.push(promisify(ws.send).call(ws, 'last'));
    }

    const expected = [
      Buffer.from('first'),
      fill(20000, 1),
      fill(100000, 2),
      fill(30000, 3),
      Buffer.from('last')
    ];

    for (const received of await Promise.all(all)) {
      received.forEach((message, i) => assert.ok(message.equals(expected[i])));
    }

    await Promise.all(called);
  });

  it('arrive before the close that follows them', async (t) => {
    const { wss, clients } = await connected(t, 6);
    const all = clients.map((client) => messages(client, 3));
    const closes = clients.map((client) => once(client, 'close'));

    for (const ws of wss.clients) {
      for (let i = 0; i < 3; i++) ws.send(fill(30000, i));
      ws.close(4000, 'enough');
    }

    for (const received of await Promise.all(all)) {
      received.forEach((data, i) => assert.ok(data.equals(fill(30000, i))));
    }

    for (const [code, reason] of await Promise.all(closes)) {
      assert.equal(code, 4000);
      assert.equal(reason.toString(), 'enough');
    }
  });

  it('call back with an error where the peer is gone', async (t) => {
    const { wss, clients } = await connected(t, 3);
    const ends = [...wss.clients].map((ws) => once(ws, 'close'));

    for (const client of clients) client.pause();

    // More than the kernel takes.
    const sent = [...wss.clients].flatMap((ws) =>
      Array.from({ length: 300 }, () =>
        promisify(ws.send).call(ws, fill(60000, 1))
      )
    );

    for (const client of clients) client.terminate();

    const outcomes = await Promise.allSettled(sent);

    await Promise.all(ends);
    assert.ok(outcomes.some(({ status }) => status === 'rejected'));
    assert.equal(wss.clients.size, 0);
  });

  it('can be array buffers to transfer', async (t) => {
    const { client } = await echoing(t);

    client.binaryType = 'arraybuffer';
    client.send(fill(20000, 1));
    client.send(fill(20000, 2));

    const [one, two] = await messages(client, 2);

    assert.equal(one.byteLength, 20000);
    structuredClone(one, { transfer: [one] });
    assert.equal(one.byteLength, 0);
    assert.ok(Buffer.from(two).equals(fill(20000, 2)));
  });

  it('are text of any length', async (t) => {
    const { client } = await echoing(t);

    for (const length of [1400, 5500, 30000, 400000]) {
      const text = '€'.repeat(length);

      client.send(text);
      const [data] = await messages(client, 1);

      assert.equal(data.toString(), text);
    }
  });
});

async function echoing(t) {
  const { wss, clients } = await connected(t, 1);

  for (const ws of wss.clients) {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  }

  return { client: clients[0] };
}

async function connected(t, count) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  await once(wss, 'listening');

  const { port } = wss.address();
  const clients = Array.from(
    { length: count },
    () => new WebSocket(`ws://127.0.0.1:${port}`)
  );

  t.after(() => {
    for (const client of clients) client.terminate();
    wss.close();
  });
  await Promise.all(clients.map((client) => once(client, 'open')));

  return { wss, clients };
}

function messages(client, count) {
  const received = [];

  return new Promise((resolve) => {
    client.on('message', function handle(data) {
      received.push(data);
      if (received.length < count) return;

      client.off('message', handle);
      resolve(received);
    });
  });
}

function fill(length, seed) {
  const data = Buffer.alloc(length);

  for (let i = 0; i < length; i += 4099) data[i] = seed + i;
  data[length - 1] = seed;

  return data;
}
