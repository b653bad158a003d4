'use strict';

/**
 * A chat room: what one client says, all others hear.
 */

const WebSocket = require('..');

const wss = new WebSocket.Server({ port: Number(process.env.PORT ?? 8080) });

wss.on('connection', (ws, req) => {
  const name = `${req.socket.remoteAddress}:${req.socket.remotePort}`;

  ws.on('error', console.error);
  ws.on('message', (data) => {
    wss.broadcast(`${name} says: ${data}`, { except: ws });
  });
});

wss.on('listening', () => {
  console.log(`Listening on ws://localhost:${wss.address().port}`);
});
