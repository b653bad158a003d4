'use strict';

/**
 * Starts each example in a process of its own, as a reader does, and looks at
 * what it does with the client of ws.
 */

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const path = require('node:path');
const { describe, it } = require('node:test');

const WebSocket = require('ws');

const { startTicker } = require('../../examples/ticker/server');
const { cleanup } = require('../support/cleanup');
const { deadline, once } = require('../support/deadline');

const examples = path.resolve(__dirname, '../../examples');
const fixtures = path.resolve(__dirname, '../fixtures/tls');
const certificate = path.join(fixtures, 'server-certificate.pem');

describe('The example', { timeout: 60_000 }, () => {
  it('client.js and echo.js speak with each other', async (t) => {
    const { url } = await serve(t, 'echo.js');

    await converse(t, url);
  });

  it('broadcast.js tells all others', async (t) => {
    const { url } = await serve(t, 'broadcast.js');
    const [first, second] = [await connect(t, url), await connect(t, url)];

    first.ws.send('hello');
    assert.match(await second.message(), / says: hello$/);
    second.ws.send('hello yourself');
    assert.match(await first.message(), / says: hello yourself$/);
  });

  it('heartbeat.js pings, and knows who answered', async (t) => {
    const server = await serve(t, 'heartbeat.js', { SECONDS: '0.05' });
    const { ws } = await connect(t, server.url);

    await once(ws, 'ping');
    ws.close(1000);
    await server.output(/^Gone \(1000\), last seen \d{4}-.*Z$/m);
  });

  it('http-server.js has a page and two WebSocket servers', async (t) => {
    const { url } = await serve(t, 'http-server.js');
    const page = await fetch(url.replace('ws', 'http'));
    assert.match(await page.text(), /^WebSockets are at/);

    const everybody = await connect(t, `${url}/public`);
    everybody.ws.send('hello');
    assert.strictEqual(await everybody.message(), 'You said: hello');

    const member = await connect(t, `${url}/private?token=open-sesame`);
    assert.strictEqual(await member.message(), 'Welcome, Ali Baba');

    const refused = { '/private?token=please': 401, '/elsewhere': 404 };
    for (const [target, status] of Object.entries(refused)) {
      const [err] = await once(new WebSocket(url + target), 'error');
      assert.ok(err.message.endsWith(`: ${status}`), err.message);
    }
  });

  it('secure.js takes a certificate', async (t) => {
    const { url } = await serve(t, 'secure.js', {
      CERT: certificate,
      KEY: path.join(fixtures, 'server-key.pem')
    });

    assert.match(url, /^wss:/);
    await converse(t, url, { NODE_EXTRA_CA_CERTS: certificate });
  });

  const noOpenssl = spawnSync('openssl', ['version']).status !== 0;
  it('secure.js makes a certificate', { skip: noOpenssl }, async (t) => {
    const server = await serve(t, 'secure.js', { CERT: '', KEY: '' });
    const [, ca] = await server.output(/NODE_EXTRA_CA_CERTS=(\S+) node/);

    await converse(t, server.url, { NODE_EXTRA_CA_CERTS: ca });
  });

  it('ticker pushes on the port of its page', async (t) => {
    const ticker = await startTicker({ host: '127.0.0.1' });
    cleanup(t, () => ticker.close());

    const { symbols, ticks } = await (
      await fetch(new URL('/market', ticker.url))
    ).json();
    const latest = ticks.at(-1)[0];
    const { message, ws } = await connect(
      t,
      `${ticker.url.replace('http', 'ws')}push?after=${latest}`
    );

    const first = JSON.parse(await message());
    assert.strictEqual(first.ticks[0][0], latest + 1);
    assert.strictEqual(first.ticks[0].length, 2 + symbols.length);

    // The handshake alone is more than this.
    const { bytes } = JSON.parse(await message());
    assert.ok(first.bytes > 150 && bytes > first.bytes);

    const gone = once(ws, 'close');
    await ticker.close();
    assert.strictEqual((await gone)[0], 1001);
  });
});

/** Has client.js send a line, and see it come back. */
async function converse(t, url, env) {
  const client = start(t, 'client.js', env, [url]);

  await client.output(/^Connected/m);
  client.child.stdin.write('hello\n');
  await client.output(/^hello$/m);
  client.child.stdin.end();
  await client.output(/^Disconnected \(1000\)$/m);
  assert.deepStrictEqual(await client.exited, [0, null]);
}

async function serve(t, name, env) {
  const server = start(t, name, env);
  const [, url] = await server.output(/^Listening on (\S+)$/m);

  return { ...server, url: url.replace('http:', 'ws:') };
}

function start(t, name, env, args = []) {
  const child = spawn(process.execPath, [path.join(examples, name), ...args], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['pipe', 'pipe', 'inherit']
  });
  const exited = new Promise((resolve) => {
    child.on('exit', (...status) => resolve(status));
  });
  let text = '';

  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  cleanup(t, async () => {
    child.kill();
    await deadline(exited, `the end of ${name}`);
  });

  return {
    child,
    exited,

    /** Waits until what it printed matches. */
    output(pattern) {
      return deadline(
        new Promise((resolve, reject) => {
          const look = () => {
            const match = text.match(pattern);
            if (match) resolve(match);
          };
          child.stdout.on('data', look);
          exited.then(() => reject(new Error(`${name} ended: ${text}`)));
          look();
        }),
        `${pattern} of ${name}`
      );
    }
  };
}

async function connect(t, url) {
  const ws = new WebSocket(url);
  const messages = [];
  let notify = () => {};

  ws.on('message', (data) => {
    messages.push(String(data));
    notify();
  });
  cleanup(t, () => ws.terminate());
  await once(ws, 'open');

  return {
    ws,
    message: () =>
      deadline(
        new Promise((resolve) => {
          notify = () => messages.length > 0 && resolve(messages.shift());
          notify();
        }),
        `a message from ${url}`
      )
  };
}
