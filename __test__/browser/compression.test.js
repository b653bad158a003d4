'use strict';

/**
 * permessage-deflate with headless Chromium, which always offers it.
 */

const assert = require('node:assert');
const { createHash } = require('node:crypto');
const http = require('node:http');
const { after, before, describe, it } = require('node:test');

const { WebSocketServer } = require('../..');
const { messages, prose } = require('../interop/messages');
const { launch, skip } = require('../support/chromium');

const HOST = '127.0.0.1';

const OPTIONS = [
  {},
  { serverNoContextTakeover: true, clientNoContextTakeover: true },
  { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  { serverMaxWindowBits: 8, clientMaxWindowBits: 15 }
];

describe('permessage-deflate in Chromium', { skip, timeout: 120_000 }, () => {
  let browser;

  before(async () => {
    browser = await launch();
  });

  after(() => browser?.close());

  for (const mode of ['port', 'server']) {
    for (const options of OPTIONS) {
      const title = JSON.stringify(options).replaceAll('"', '');

      it(`echoes messages, mode ${mode}: ${title}`, async (t) => {
        const { page, url, connection } = await open(t, mode, options);
        const sent = messages();
        const opened = page.evaluate(connect, url);
        const ws = await connection;
        const received = [];
        const complete = new Promise((resolve) => {
          ws.on('message', (data, isBinary) => {
            received.push({ data, isBinary });
            if (received.length === sent.length) resolve();
          });
        });

        assert.strictEqual(ws.extensions, 'permessage-deflate');
        assert.match(await opened, /^permessage-deflate/);

        const before = ws._socket.bytesRead;

        for (const message of sent) ws.send(message);
        await complete;

        sent.forEach((message, i) => {
          assert.strictEqual(received[i].isBinary, typeof message !== 'string');
          assert.ok(received[i].data.equals(Buffer.from(message)), `${i}`);
        });

        // What the page itself has seen.
        assert.deepStrictEqual(
          await page.evaluate(() => globalThis.digested),
          sent.map((message) => [
            typeof message === 'string' ? 'string' : 'object',
            createHash('sha-256').update(message).digest('hex')
          ])
        );

        // Two of four messages of each size are words.
        const size = sent.reduce((sum, m) => sum + Buffer.byteLength(m), 0);
        const bytes = ws._socket.bytesRead - before;

        assert.ok(bytes < size * 0.75, `${bytes} of ${size} bytes`);
        assert.deepStrictEqual(await closed(page, ws), [1000, true]);
      });
    }

    it(`receives compressed fragments, mode ${mode}`, async (t) => {
      const { page, url, connection } = await open(t, mode, {});
      const opened = page.evaluate(connect, url);
      const ws = await connection;
      const parts = [prose(3000, 1), '', prose(70_000, 2), 'end'];
      const answer = new Promise((resolve) => {
        ws.once('message', (data) => resolve(data.toString()));
      });
      const pongs = [];

      ws.on('pong', (data) => pongs.push(data.toString()));
      await opened;
      parts.forEach((part, i) => {
        const fin = i === parts.length - 1;

        ws.send(part, { fin });
        if (!fin) ws.ping(`${i}`);
      });

      assert.strictEqual(await answer, parts.join(''));
      assert.deepStrictEqual(pongs, ['0', '1', '2']);
      assert.deepStrictEqual(await closed(page, ws), [1000, true]);
    });
  }

  /**
   * Start a server, and open a page of its own origin.
   */
  async function open(t, mode, options) {
    const perMessageDeflate = { threshold: 0, ...options };
    const site = http.createServer((req, res) => {
      res.setHeader('Content-Type', 'text/html');
      res.end('<!doctype html><title>permessage-deflate</title>');
    });
    const wss =
      mode === 'server'
        ? new WebSocketServer({ server: site, perMessageDeflate })
        : new WebSocketServer({ host: HOST, port: 0, perMessageDeflate });

    t.after(() => {
      for (const ws of wss.clients) ws.terminate();
      wss.close();
      site.closeAllConnections();
      return new Promise((resolve) => site.close(resolve));
    });
    await Promise.all([
      mode === 'server' ||
        new Promise((resolve) => wss.on('listening', resolve)),
      new Promise((resolve) => site.listen(0, HOST, resolve))
    ]);

    const context = await browser.newContext();
    t.after(() => context.close());

    const page = await context.newPage();
    await page.goto(`http://${HOST}:${site.address().port}/`);

    return {
      page,
      url: `ws://${HOST}:${wss.address().port}/`,
      connection: new Promise((resolve) => wss.once('connection', resolve))
    };
  }
});

/** In the page: connects, and sends back what it gets. */
function connect(url) {
  const ws = new WebSocket(url);

  globalThis.digested = Promise.resolve([]);
  globalThis.ws = ws;
  ws.binaryType = 'arraybuffer';
  ws.onmessage = ({ data }) => {
    ws.send(data);
    globalThis.digested = globalThis.digested.then(async (digests) => {
      const bytes =
        typeof data === 'string' ? new TextEncoder().encode(data) : data;
      const digest = await crypto.subtle.digest('SHA-256', bytes);
      const hex = [...new Uint8Array(digest)].map((byte) =>
        byte.toString(16).padStart(2, '0')
      );

      return [...digests, [typeof data, hex.join('')]];
    });
  };

  return new Promise((resolve, reject) => {
    ws.onopen = () => resolve(ws.extensions);
    ws.onerror = () => reject(new Error('The connection failed'));
  });
}

/** Closes the connection from the page; what both ends see. */
async function closed(page, ws) {
  const [code, [wasClean]] = await Promise.all([
    new Promise((resolve) => ws.once('close', resolve)),
    page.evaluate(
      () =>
        new Promise((resolve) => {
          globalThis.ws.onclose = ({ wasClean }) => resolve([wasClean]);
          globalThis.ws.close(1000);
        })
    )
  ]);

  return [code, wasClean];
}
