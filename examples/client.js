'use strict';

/**
 * Sends each line that you type, and prints what comes back:
 *
 *     node examples/client.js [URL]
 *
 * The URL is ws://localhost:8080 by default; wss:// and ws+unix: work as well.
 */

const readline = require('node:readline');

const WebSocket = require('..');

const ws = new WebSocket(process.argv[2] ?? 'ws://localhost:8080');

ws.on('open', () => {
  console.log('Connected; Ctrl-D disconnects.');

  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => ws.send(line));
  lines.on('close', () => ws.close(1000));
  ws.on('close', () => lines.close());
});

ws.on('message', (data, isBinary) => {
  console.log(isBinary ? `(${data.length} bytes)` : String(data));
});

ws.on('close', (code, reason) => {
  console.log(`Disconnected (${code}) ${reason}`.trimEnd());
});

ws.on('error', (err) => {
  console.error(err.message);
  process.exitCode = 1;
});
