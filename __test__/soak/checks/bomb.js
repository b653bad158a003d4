'use strict';

//
// Compressed messages of 1 GiB in 1 MiB cost no more memory than a message may
// have, on every way to a connection, as server and as client, and many at once.
//

const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const WebSocket = require('ws');

const tls = require('../../support/tls');
const { bomb, compressedFrames } = require('../../support/bomb');
const { start } = require('../process');
const { MiB, inMiB } = require('../state');
const { within } = require('../waiting');

const DEFAULT_MAX_PAYLOAD = 100 * MiB;
// More than the compressed message, whose length alone is not to be what fails it.
const LIMIT = 2 * MiB;
// What a process takes beside messages: buffers of sockets, the heap of V8.
const SLACK = 40 * MiB;
// A bomb that is received, not yet inflated, and the queues of the system.
const PER_CONNECTION = 8 * MiB;
const MANY = 50;
const TIMEOUT = 120_000;
const BOMBED = '../../support/bombed';

const perMessageDeflate = true;

/**
 * Start the process that is bombed, as a server.
 *
 * @return {Promise<Function>} Opens a connection
 */
async function bombedServer(check, mode, child) {
  const { port } = await child.event('listening');
  const url = `${mode === 'tls' ? 'wss' : 'ws'}://localhost:${port}`;

  return async () => {
    const ws = new WebSocket(url, { ...tls.trust, family: 4 });

    ws.on('error', () => {});
    check.defer(() => ws.terminate());
    await once(ws, 'open');
    return ws;
  };
}

/**
 * Start a server for the process that is bombed, as a client.
 *
 * @return {Promise<Object>} Its URL, and `connection()`
 */
async function bombingServer(check, isSecure) {
  const server = isSecure
    ? https.createServer(tls.server)
    : http.createServer();
  const wss = new WebSocket.Server({ server, perMessageDeflate });
  const connected = once(wss, 'connection');

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  check.defer(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
  });

  return {
    url: `${isSecure ? 'wss' : 'ws'}://localhost:${server.address().port}`,
    async connection() {
      const [ws] = await connected;

      ws.on('error', () => {});
      return ws;
    }
  };
}

/**
 * Start the process that is bombed.
 */
function startBombed(check, argument) {
  const child = start(check, BOMBED, { argument });
  const events = [];
  let notify = () => {};

  child.onevent = (event) => {
    events.push(event);
    notify();
  };
  child.event = (type) =>
    within(
      (async () => {
        for (;;) {
          const index = events.findIndex((event) => event.type === type);

          if (index !== -1) return events.splice(index, 1)[0];
          await new Promise((resolve) => (notify = resolve));
        }
      })(),
      TIMEOUT,
      `'${type}' of the bombed process`
    );

  return child;
}

module.exports = async function bombs(check) {
  const payload = bomb(check.quick ? 256 : 1024);

  check.figure('the bomb', `${inMiB(payload.length)} compressed`);

  for (const mode of ['port', 'server', 'tls', 'client', 'client, TLS']) {
    for (const maxPayload of [undefined, LIMIT]) {
      for (const fragments of [1, 9]) {
        const options = { perMessageDeflate, maxPayload };
        const isClient = mode.startsWith('client');
        let child;
        let ws;

        if (isClient) {
          const server = await bombingServer(check, mode !== 'client');

          child = startBombed(check, {
            mode: 'client',
            url: server.url,
            options
          });
          ws = await server.connection();
        } else {
          child = startBombed(check, { mode, options });
          ws = await (await bombedServer(check, mode, child))();
        }

        const closed = once(ws, 'close');
        const started = performance.now();

        ws._socket.write(
          compressedFrames(payload, { fragments, mask: !isClient })
        );

        const { errors, grown, messages } = await child.event('closed');
        const [code] = await within(closed, TIMEOUT, 'the close of the peer');
        const took = performance.now() - started;
        const most = (maxPayload ?? DEFAULT_MAX_PAYLOAD) + SLACK;

        check.judge(
          `${mode}, maxPayload ${maxPayload ?? 'default'}, ${fragments} ` +
            'frames: 1009 and bounded memory',
          code === 1009 &&
            messages === 0 &&
            errors.length === 1 &&
            errors[0].code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' &&
            grown <= most,
          `${code} ${errors.map((err) => err.message)}, grew by ` +
            `${inMiB(grown)}, after ${took.toFixed(0)} ms`
        );
        await child.end();
      }
    }
  }

  const child = startBombed(check, {
    mode: 'port',
    options: { perMessageDeflate, maxPayload: LIMIT }
  });
  const connect = await bombedServer(check, 'port', child);
  const peers = await Promise.all(Array.from({ length: MANY }, connect));
  const frames = compressedFrames(payload, { fragments: 3, mask: true });
  const closed = peers.map((ws) => once(ws, 'close'));
  let grown = 0;

  for (const ws of peers) ws._socket.write(frames);
  for (let i = 0; i < MANY; i++) {
    grown = Math.max(grown, (await child.event('closed')).grown);
  }

  const codes = await within(Promise.all(closed), TIMEOUT, 'all closes');

  check.judge(
    `${MANY} at once, each within its limit`,
    codes.every(([code]) => code === 1009) &&
      grown <= SLACK + MANY * PER_CONNECTION,
    `${codes.filter(([code]) => code === 1009).length} times 1009, grew by ` +
      inMiB(grown)
  );
};
