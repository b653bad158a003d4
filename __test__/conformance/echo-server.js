'use strict';

/**
 * The server under test, in a process of its own: it sends back what it
 * receives, and ends when its parent does.
 *
 * Arguments: the path of the implementation, which has the API of ws, and the
 * mode: `port`, `server` or `tls`.
 */

const http = require('node:http');
const https = require('node:https');

const tls = require('../support/tls');

const [, , implementation, mode] = process.argv;
const { WebSocketServer } = require(implementation);

const ADDRESS = { host: '127.0.0.1', port: 0 };

const createServer = {
  port: () => undefined,
  server: () => http.createServer(),
  tls: () => https.createServer(tls.server)
}[mode];

const server = createServer();
const wss = new WebSocketServer({
  ...(server === undefined ? ADDRESS : { server }),
  // Short messages are to be compressed too, whatever the parameters.
  perMessageDeflate: { threshold: 0 },
  // The suite sends 4 MiB in fragments of 64 and 256 bytes (9.3.1, 9.3.2,
  // 9.4.1, 9.4.2), which the default limits refuse on purpose.
  maxFragments: 0,
  maxBufferedChunks: 0
});

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  // Most cases are protocol errors; the suite judges the close frame.
  ws.on('error', () => {});
});

wss.on('listening', () => process.send({ port: wss.address().port }));

server?.listen(ADDRESS);

process.on('disconnect', () => process.exit());
