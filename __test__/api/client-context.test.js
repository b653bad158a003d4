'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const tls = require('../support/tls');
const { createClient, respond, startHttp } = require('../support/client');
const { once } = require('../support/deadline');
const { Opcode, buildFrame } = require('../support/frame');
const { startRedirecting } = require('../support/redirects');

const EVENTS = [
  'upgrade',
  'redirect',
  'unexpected-response',
  'open',
  'message',
  'ping',
  'error',
  'close'
];

/** Create a client in a context, and write down the context of its events. */
function createInContext(t, url, options) {
  const storage = new AsyncLocalStorage();
  const ws = storage.run('client', () => createClient(t, url, options));
  const log = [];

  for (const name of EVENTS) {
    if (options?.events && !options.events.includes(name)) continue;
    ws.on(name, () => log.push([name, storage.getStore()]));
  }

  return { log, storage, ws };
}

const inContext = (names) => names.map((name) => [name, 'client']);

const frames = Buffer.concat(
  [Opcode.TEXT, Opcode.PING, Opcode.CLOSE].map((opcode) =>
    buildFrame({ opcode, mask: false })
  )
);

/** Let a server say something and close what has been opened. */
function serve(server) {
  server.on('upgrade', (req, socket) => {
    socket.on('data', () => socket.end());
    setImmediate(() => socket.write(frames));
  });
}

describe('The asynchronous context of a client', () => {
  for (const [name, scheme, options] of [
    ['TCP', 'ws', {}],
    ['TLS', 'wss', { tls: tls.server }]
  ]) {
    it(`is that of its constructor, over ${name}`, async (t) => {
      const server = await startHttp(t, options);

      serve(server);

      const { log, storage, ws } = createInContext(
        t,
        `${scheme}://${server.authority}`,
        tls.trust
      );

      await storage.run('other', () => once(ws, 'close'));
      assert.deepStrictEqual(
        log,
        inContext(['upgrade', 'open', 'message', 'ping', 'close'])
      );
    });
  }

  it('is kept when it is redirected', async (t) => {
    const server = await startRedirecting(t, { '/': '/b' });
    const { log, ws } = createInContext(t, `ws://${server.authority}`, {
      followRedirects: true
    });

    await once(ws, 'open');
    assert.deepStrictEqual(log, inContext(['redirect', 'upgrade', 'open']));
  });

  it('is that of its constructor when it is refused', async (t) => {
    const server = await startHttp(t, {
      upgrade: (req, socket) => respond(socket, 400)
    });
    const events = ['error', 'close'];
    const { log, ws } = createInContext(t, `ws://${server.authority}`, {
      events
    });

    await once(ws, 'close');
    assert.deepStrictEqual(log, inContext(events));
  });

  it('is that of its constructor for an answer to look at', async (t) => {
    const server = await startHttp(t, {
      upgrade: (req, socket) => respond(socket, 400)
    });
    const { log, ws } = createInContext(t, `ws://${server.authority}`);

    await once(ws, 'unexpected-response');
    assert.deepStrictEqual(log, inContext(['unexpected-response']));
  });

  it('is that of the call that ends it while connecting', async (t) => {
    const server = await startHttp(t, { upgrade() {} });
    const { log, storage, ws } = createInContext(t, `ws://${server.authority}`);

    storage.run('end', () => ws.terminate());
    await once(ws, 'close');
    assert.deepStrictEqual(log, [
      ['error', 'end'],
      ['close', 'end']
    ]);
  });

  it('is its own where clients share an agent', async (t) => {
    const server = await startHttp(t);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const storage = new AsyncLocalStorage();
    const clients = ['a', 'b'].map((name) =>
      storage.run(name, () =>
        createClient(t, `ws://${server.authority}`, { agent })
      )
    );
    const stores = await Promise.all(
      clients.map(
        (ws) =>
          new Promise((resolve) => {
            ws.on('open', () => resolve(storage.getStore()));
          })
      )
    );

    assert.deepStrictEqual(stores, ['a', 'b']);
  });
});
