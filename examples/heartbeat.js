'use strict';

/**
 * Who is still there? The core pings every connection and terminates one that
 * answered nothing in time, whatever JavaScript is busy with. 'pong' still
 * arrives, for those who want to know.
 */

const { WebSocketServer } = require('..');

const wss = new WebSocketServer({
  port: 8080,
  heartbeat: { interval: 30_000, timeout: 10_000 }
});

wss.on('connection', (ws) => {
  ws.on('pong', () => {
    ws.lastSeen = new Date();
  });
  ws.on('close', (code) => {
    console.log(`Gone (${code}), last seen ${ws.lastSeen}`);
  });
});
