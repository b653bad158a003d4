'use strict';

/**
 * The WebSocket column: every tick is pushed to every page as it happens, by a
 * WebSocket server at `/push` of the HTTP server that serves the page.
 *
 * A message is JSON, `{ ticks, bytes, heartbeat? }`, the same envelope as the
 * polling columns answer with. `bytes` is what this connection has moved so
 * far, opening handshake and frame headers included.
 */

const { performance } = require('node:perf_hooks');

const { WebSocketServer } = require('../..');

const PATH = '/push';
const PING_INTERVAL = 2000;

// A connection with more than this unsent is skipped until it has drained. It
// misses nothing: its next message starts at the tick it last got.
const MAX_BUFFERED = 64 * 1024;

const CLOSE_GRACE = 1000;
const GOING_AWAY = 1001;

/**
 * @param {Market} market
 * @param {http.Server} server
 * @return {Object} `{ stats(), close() }`; `close()` leaves the HTTP server open
 */
function startPush(market, server) {
  const wss = new WebSocketServer({
    server,
    path: PATH,
    // A page says nothing, so more than this is not one of ours.
    maxPayload: 1024,
    // The core itself looks for dead peers, such as a phone out of reach. The
    // pings further down are only there to be seen on the page.
    heartbeat: { interval: 10_000, timeout: 5_000 }
  });

  const totals = { connections: 0, messages: 0, bytes: 0, pings: 0, pongs: 0 };
  const pages = new Set();

  wss.on('connection', (ws, req) => {
    const page = {
      ws,
      socket: ws._socket,
      latest: lastTickOf(req),
      pings: 0,
      pongs: 0,
      roundTrip: null,
      pingedAt: null,
      heartbeatChanged: false
    };

    pages.add(page);
    totals.connections++;

    ws.on('error', () => {
      // What a peer does wrong closes its own connection and nothing else.
    });
    ws.on('pong', (payload) => onPong(page, payload));
    ws.on('close', () => {
      pages.delete(page);
      totals.bytes += bytesOf(page);
    });

    ping(page);
    send(page);
  });

  function send(page) {
    const { ws } = page;
    if (ws.readyState !== ws.OPEN || ws.bufferedAmount > MAX_BUFFERED) return;

    const ticks = market.since(page.latest);
    if (ticks.length === 0) return;

    const message = { ticks, bytes: bytesOf(page) };
    if (page.heartbeatChanged) {
      const { pings, pongs, roundTrip } = page;
      message.heartbeat = { pings, pongs, roundTrip };
      page.heartbeatChanged = false;
    }

    page.latest = market.latest;
    totals.messages++;
    ws.send(JSON.stringify(message));
  }

  function ping(page) {
    const { ws } = page;
    if (ws.readyState !== ws.OPEN) return;

    page.pings++;
    page.pingedAt = performance.now();
    page.heartbeatChanged = true;
    totals.pings++;
    ws.ping(String(page.pings));
  }

  function onPong(page, payload) {
    // The answers to the core's own pings arrive here too, with its payloads.
    if (page.pingedAt === null || payload.toString() !== String(page.pings)) {
      return;
    }

    page.pongs++;
    page.roundTrip = Number((performance.now() - page.pingedAt).toFixed(2));
    page.pingedAt = null;
    page.heartbeatChanged = true;
    totals.pongs++;
  }

  const onTick = () => pages.forEach(send);
  market.on('tick', onTick);
  const pinger = setInterval(() => pages.forEach(ping), PING_INTERVAL);

  return {
    stats() {
      let { bytes } = totals;
      for (const page of pages) bytes += bytesOf(page);
      return { ...totals, bytes, open: pages.size };
    },

    async close() {
      clearInterval(pinger);
      market.off('tick', onTick);

      const closed = new Promise((resolve) => wss.close(resolve));
      for (const { ws } of pages) {
        ws.close(GOING_AWAY, 'The server is stopping');
      }

      const grace = setTimeout(() => {
        for (const { ws } of pages) ws.terminate();
      }, CLOSE_GRACE);
      await closed;
      clearTimeout(grace);
    }
  };
}

function bytesOf({ socket }) {
  return socket.bytesRead + socket.bytesWritten;
}

function lastTickOf(req) {
  const query = new URLSearchParams(req.url.split('?')[1]);
  return Number(query.get('after') ?? NaN);
}

module.exports = { startPush };
