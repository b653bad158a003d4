'use strict';

/**
 * The server under test, in a process of its own: it sends back what it
 * receives, and ends when its parent does.
 *
 * Arguments: the path of the implementation, which has the API of ws.
 */

const { WebSocketServer } = require(process.argv[2]);

const wss = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: true,
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

process.on('disconnect', () => process.exit());
