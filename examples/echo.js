'use strict';

/**
 * Sends every message back. Try it with `node examples/client.js`.
 */

const { WebSocketServer } = require('..');

const wss = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) });

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

wss.on('listening', () => {
  console.log(`Listening on ws://localhost:${wss.address().port}`);
});
