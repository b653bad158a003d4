'use strict';

/**
 * Who is still there? The core pings every connection and terminates one that
 * answered nothing in time, whatever JavaScript is busy with. 'pong' still
 * arrives, for those who want to know.
 */

const { WebSocketServer } = require('..');

const seconds = Number(process.env.SECONDS ?? 30);

const wss = new WebSocketServer({
  port: Number(process.env.PORT ?? 8080),
  heartbeat: { interval: seconds * 1000, timeout: 10_000 }
});

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('pong', () => {
    ws.lastSeen = new Date();
  });
  ws.on('close', (code) => {
    console.log(`Gone (${code}), last seen ${ws.lastSeen?.toISOString()}`);
  });
});

wss.on('listening', () => {
  console.log(`Listening on ws://localhost:${wss.address().port}`);
});
