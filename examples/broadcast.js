'use strict';

/**
 * A chat room: what one client says, all others hear.
 */

const WebSocket = require('..');

const wss = new WebSocket.Server({ port: 8080 });

wss.on('connection', (ws, req) => {
  const name = `${req.socket.remoteAddress}:${req.socket.remotePort}`;

  ws.on('message', (data) => {
    for (const client of wss.clients) {
      if (client !== ws && client.readyState === WebSocket.OPEN) {
        client.send(`${name} says: ${data}`);
      }
    }
  });
});
