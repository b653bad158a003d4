'use strict';

/**
 * The stock ticker: one market, delivered to a page in three ways at once, by
 * WebSocket (push.js), by short polling and by long polling (polling.js). One
 * HTTP server serves the page and all three.
 *
 *     node examples/ticker/server.js
 *
 * Environment: PORT (8080), replaced by a free one when taken, and HOST (all
 * interfaces, so that a phone can open the page).
 */

const { once } = require('node:events');
const fs = require('node:fs/promises');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const { Market, now } = require('./market');
const { Polling } = require('./polling');
const { startPush } = require('./push');

const PORT = 8080;
const POLL_INTERVAL = 1000;

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const JS = 'text/javascript; charset=utf-8';
const SVG = 'image/svg+xml';

const FILES = new Map([
  ['/', [HTML, inPublic('index.html')]],
  ['/ticker.css', [CSS, inPublic('ticker.css')]],
  ['/ticker.js', [JS, inPublic('ticker.js')]],
  ['/favicon.svg', [SVG, inPublic('favicon.svg')]],
  ['/uplot.js', [JS, require.resolve('uplot/dist/uPlot.iife.min.js')]],
  ['/uplot.css', [CSS, require.resolve('uplot/dist/uPlot.min.css')]]
]);

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "img-src 'self'; connect-src 'self'",
  'x-content-type-options': 'nosniff'
};

/**
 * @param {Object} [options]
 * @param {Number} [options.port=0] 0 is a free one, as when it is taken
 * @param {String} [options.host] All interfaces by default
 * @param {Number} [options.seed] Makes the prices repeatable
 * @return {Promise<Object>} `{ url, port, stats(), close() }`
 */
async function startTicker({ port = 0, host, seed } = {}) {
  const market = new Market({ seed });
  const polling = new Polling(market);

  const server = http.createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });

  async function answer(req, res) {
    const url = parseTarget(req.url);
    if (url && polling.handle(req, res, url)) return;

    if (req.method !== 'GET' && req.method !== 'HEAD') {
      reply(res, 405, 'text/plain', 'Method Not Allowed', {
        allow: 'GET, HEAD'
      });
    } else if (url?.pathname === '/market') {
      replyJSON(res, {
        symbols: market.symbols,
        open: market.open,
        pollInterval: POLL_INTERVAL,
        ticks: market.ticks
      });
    } else if (url?.pathname === '/clock') {
      replyJSON(res, { now: now() });
    } else if (FILES.has(url?.pathname)) {
      const [type, file] = FILES.get(url.pathname);
      reply(res, 200, type, await fs.readFile(file), SECURITY_HEADERS);
    } else {
      reply(res, 404, 'text/plain', 'Not Found');
    }
  }

  await orOnFreePort(port, async (p) => {
    server.listen({ port: p, host });
    await once(server, 'listening');
  });

  // After the ports were tried: a WebSocket server makes its own what its HTTP
  // server reports, errors too.
  const push = startPush(market, server);
  market.start();

  return {
    url: `http://${host ? bracketed(host) : 'localhost'}:${server.address().port}/`,
    port: server.address().port,

    /** What was delivered so far, over all pages, by each of the three ways. */
    stats() {
      return { push: push.stats(), ...polling.stats() };
    },

    async close() {
      market.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([push.close(), closed]);
    }
  };
}

function inPublic(name) {
  return path.join(__dirname, 'public', name);
}

async function orOnFreePort(port, listen) {
  try {
    return await listen(port);
  } catch (err) {
    if (err.code !== 'EADDRINUSE' || port === 0) throw err;
    return listen(0);
  }
}

function parseTarget(target) {
  try {
    return new URL(target, 'http://localhost');
  } catch {
    return null;
  }
}

function replyJSON(res, value) {
  reply(res, 200, 'application/json', JSON.stringify(value));
}

function reply(res, status, type, body, headers) {
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers
  });
  res.end(body);
}

function bracketed(host) {
  return host.includes(':') ? `[${host}]` : host;
}

function portFrom(name, fallback) {
  const value = process.env[name] || String(fallback);
  const port = Number(value);

  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`${name} must be a port number, not "${value}"`);
  }
  return port;
}

function lanAddresses() {
  return Object.values(os.networkInterfaces())
    .flat()
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

async function main() {
  const port = portFrom('PORT', PORT);
  const host = process.env.HOST || undefined;
  const ticker = await startTicker({ port, host });

  if (port !== 0 && port !== ticker.port) {
    console.log(`Port ${port} is taken; using ${ticker.port}.`);
  }
  console.log(`\n  The stock ticker is on   ${ticker.url}`);
  if (!host) {
    for (const address of lanAddresses()) {
      const url = `http://${address}:${ticker.port}/`;
      console.log(`  and for a phone here on  ${url}`);
    }
    console.log('  (HOST=127.0.0.1 keeps it to this machine.)');
  }
  console.log('  Ctrl-C stops it.\n');

  // Once: a second Ctrl-C ends the process at once, as ever.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => ticker.close());
  }
}

if (require.main === module) {
  main().catch((err) => {
    console.error(`The ticker could not start: ${err.message}`);
    process.exitCode = 1;
  });
}

module.exports = { startTicker };
