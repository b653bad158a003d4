'use strict';

//
// permessage-deflate with the Python libraries websockets and aiohttp, each as
// client and as server; their side is peer.py, which sends back what it gets.
//

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const path = require('node:path');
const readline = require('node:readline');
const { before, describe, it } = require('node:test');

const { WebSocket, WebSocketServer } = require('../support/implementation');
const { cleanup } = require('../support/cleanup');
const { deadline, once } = require('../support/deadline');
const { record } = require('../support/record');
const { dial, exchange, finish, startEcho } = require('./echo');
const { SMALL, messages, noise, prose } = require('./messages');
const { hasPython, prepare } = require('./python-environment');

const PEER = path.join(__dirname, 'peer.py');

const NO_CONTEXT = {
  server_no_context_takeover: true,
  client_no_context_takeover: true
};

/**
 * @param {String} ours Which end we are
 * @param {String} theirs Which end Python is; its zlib makes no window of 8 bits
 * @return {Object[]} Parameters
 */
function windows(ours, theirs) {
  return [8, 12].map((bits) => ({
    [`${ours}_max_window_bits`]: bits,
    [`${theirs}_max_window_bits`]: Math.max(bits, 9)
  }));
}

// What the library is told to offer, or as a server to ask for; aiohttp as a
// server takes what it is offered.
const CASES = {
  websockets: {
    client: [
      {},
      { client_max_window_bits: true },
      NO_CONTEXT,
      { server_no_context_takeover: true },
      { client_no_context_takeover: true },
      ...windows('server', 'client')
    ],
    server: [
      {},
      NO_CONTEXT,
      { server_no_context_takeover: true },
      { client_no_context_takeover: true },
      ...windows('client', 'server')
    ]
  },
  aiohttp: {
    client: [{}, { client_max_window_bits: 9 }],
    server: [{}]
  }
};

// What this implementation asks for beside that.
const OPTIONS = [
  {},
  { serverNoContextTakeover: true, clientNoContextTakeover: true },
  { serverMaxWindowBits: 10 }
];

// Where the tests must prove something, a missing Python is a failure.
const skip =
  process.env.CI || hasPython() ? false : 'there is no python3 to run';

function describeAll(value) {
  return JSON.stringify(value).replaceAll('"', '');
}

function digests(sent) {
  return sent.map((message) => [
    typeof message === 'string' ? 'str' : 'bytes',
    createHash('sha1').update(message).digest('hex')
  ]);
}

describe('permessage-deflate: Python', { skip }, () => {
  let python;

  before(async () => {
    python = await prepare();
  });

  /**
   * Start the other end.
   *
   * @return {Promise<Function>} Resolves with the next line that it prints
   */
  function startPeer(t, library, role, options) {
    const child = spawn(
      python,
      [PEER, library, role, JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'pipe'] }
    );
    const lines = readline.createInterface({ input: child.stdout });
    const iterator = lines[Symbol.asyncIterator]();
    const exited = once(child, 'close');
    let stderr = '';

    exited.catch(() => {});
    child.stderr.on('data', (chunk) => (stderr += chunk));
    cleanup(t, async () => {
      child.kill('SIGKILL');
      await exited;
    });

    return async () => {
      const { done, value } = await deadline(
        iterator.next(),
        `a line of the peer; stderr: ${stderr}`
      );

      if (done) throw new Error(`The peer ended; stderr: ${stderr}`);
      return JSON.parse(value);
    };
  }

  /**
   * Connect with the other end.
   *
   * @return {Promise<Object>} Our end, and `line()` of the other one
   */
  async function connect(t, library, role, { perMessageDeflate, ...peer }) {
    const options = {
      perMessageDeflate: { threshold: 0, ...perMessageDeflate }
    };

    if (role === 'server') {
      const line = startPeer(t, library, role, peer);
      const { port } = await line();
      const url = `ws://localhost:${port}`;

      return { line, ws: await dial(t, WebSocket, url, options) };
    }

    const { url, wss } = await startEcho(t, WebSocketServer, 'port', options);

    wss.removeAllListeners('connection');

    const connected = once(wss, 'connection');
    const line = startPeer(t, library, role, { ...peer, url });
    const [ws] = await connected;

    cleanup(t, () => ws.terminate());
    return { line, ws };
  }

  for (const [library, roles] of Object.entries(CASES)) {
    for (const [role, cases] of Object.entries(roles)) {
      describe(`${library} as the ${role}`, () => {
        for (const parameters of cases) {
          it(`exchanges messages: ${describeAll(parameters)}`, async (t) => {
            const { line, ws } = await connect(t, library, role, {
              parameters
            });
            const sent = messages(
              Object.keys(parameters).length === 0 ? undefined : SMALL
            );

            assert.strictEqual(ws.extensions, 'permessage-deflate');
            await exchange(ws, sent);
            await finish(ws);
            assert.deepStrictEqual(await line(), {
              extensions: ['permessage-deflate'],
              messages: digests(sent),
              code: 1000
            });
          });
        }

        for (const perMessageDeflate of OPTIONS) {
          const title = describeAll(perMessageDeflate);

          it(`exchanges messages by our options: ${title}`, async (t) => {
            const { line, ws } = await connect(t, library, role, {
              parameters: {},
              perMessageDeflate
            });
            const sent = messages(SMALL);

            assert.strictEqual(ws.extensions, 'permessage-deflate');
            await exchange(ws, sent);
            await finish(ws);
            assert.deepStrictEqual((await line()).messages, digests(sent));
          });
        }

        // What aiohttp makes of them it does not tell, whoever sends them.
        if (library !== 'websockets') return;

        it('understands compressed fragments with pings between', async (t) => {
          const { line, ws } = await connect(t, library, role, {
            parameters: {}
          });
          const parts = [prose(3000, 1), '', prose(70_000, 2), 'end'];
          const { log, until } = record(ws);

          parts.forEach((part, i) => {
            const fin = i === parts.length - 1;

            ws.send(part, { fin });
            if (!fin) ws.ping(`${i}`);
          });
          await until('message');
          assert.deepStrictEqual(
            log.map(([name, data]) => [name, data.toString()]),
            [
              ['pong', '0'],
              ['pong', '1'],
              ['pong', '2'],
              ['message', parts.join('')]
            ]
          );
          await finish(ws);
          assert.deepStrictEqual(
            (await line()).messages,
            digests([parts.join('')])
          );
        });

        for (const parameters of [{}, NO_CONTEXT]) {
          const title = describeAll(parameters);

          it(`sends compressed fragments with pings: ${title}`, async (t) => {
            const { ws } = await connect(t, library, role, {
              parameters,
              fragment: 1000
            });
            const { log } = record(ws);
            const sent = [prose(2500, 1), noise(3500, 2), prose(2500, 1)];

            await exchange(ws, sent);
            assert.deepStrictEqual(
              log.filter(([name]) => name === 'ping').length,
              // In characters, not in bytes.
              sent
                .map((message) => [...message].length)
                .reduce((sum, length) => sum + Math.ceil(length / 1000) - 1, 0)
            );
            await finish(ws);
          });
        }
      });
    }
  }
});
