'use strict';

/**
 * Sends every message back. Try it with `npx wscat -c ws://localhost:8080`.
 */

const { WebSocketServer } = require('..');

const wss = new WebSocketServer({ port: 8080 });

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

wss.on('listening', () => {
  console.log(`Listening on ws://localhost:${wss.address().port}`);
});
