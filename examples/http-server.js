'use strict';

/**
 * One HTTP server for a page, for a WebSocket to everybody and for another one
 * to those who name a token:
 *
 *     node examples/client.js ws://localhost:8080/public
 *     node examples/client.js "ws://localhost:8080/private?token=open-sesame"
 */

const http = require('node:http');

const { WebSocketServer } = require('..');

const TOKENS = new Map([['open-sesame', 'Ali Baba']]);

const server = http.createServer((req, res) => {
  res.setHeader('content-type', 'text/plain');
  res.end('WebSockets are at /public and /private.\n');
});

const everybody = new WebSocketServer({ noServer: true });
const members = new WebSocketServer({ noServer: true });

everybody.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data) => ws.send(`You said: ${data}`));
});

members.on('connection', (ws, req, name) => {
  ws.on('error', console.error);
  ws.send(`Welcome, ${name}`);
});

server.on('upgrade', (req, socket, head) => {
  const { pathname, searchParams } = new URL(req.url, 'ws://localhost');
  const name = TOKENS.get(searchParams.get('token'));

  socket.on('error', console.error);

  if (pathname === '/public') {
    accept(everybody, req, socket, head);
  } else if (pathname === '/private' && name !== undefined) {
    accept(members, req, socket, head, name);
  } else {
    socket.end(
      pathname === '/private'
        ? 'HTTP/1.1 401 Unauthorized\r\n\r\n'
        : 'HTTP/1.1 404 Not Found\r\n\r\n'
    );
  }
});

function accept(wss, req, socket, head, name) {
  socket.off('error', console.error);
  wss.handleUpgrade(req, socket, head, (ws) => {
    wss.emit('connection', ws, req, name);
  });
}

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`Listening on http://localhost:${server.address().port}`);
});
