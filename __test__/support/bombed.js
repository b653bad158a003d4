'use strict';

//
// The end of a connection that receives a bomb, in a process whose memory is
// measured. Its argument is a JSON object: `mode`: port, server or tls, or
// client with the `url` to connect to; and `options` of the end.
//

const http = require('node:http');
const https = require('node:https');

const tls = require('./tls');
const { WebSocket, WebSocketServer } = require('./implementation');

const { mode, options, url } = JSON.parse(process.argv[2]);
const host = '127.0.0.1';

// The most that was ever resident, in bytes.
const peak = () => process.resourceUsage().maxRSS * 1024;

function watch(ws) {
  const before = peak();
  const errors = [];
  let messages = 0;

  ws.on('message', () => messages++);
  ws.on('error', ({ name, code, message }) => {
    errors.push({ name, code, message });
  });
  ws.on('close', (code) => {
    process.send({
      type: 'closed',
      code,
      errors,
      messages,
      grown: peak() - before
    });
  });
}

if (mode === 'client') {
  const ws = new WebSocket(url, { ...tls.trust, family: 4, ...options });

  watch(ws);
} else {
  const server = {
    port: () => undefined,
    server: () => http.createServer(),
    tls: () => https.createServer(tls.server)
  }[mode]();
  const wss = new WebSocketServer(
    server === undefined
      ? { host, port: 0, ...options }
      : { server, ...options }
  );

  wss.on('connection', watch);
  wss.on('listening', () => {
    process.send({ type: 'listening', port: wss.address().port });
  });
  server?.listen(0, host);
}

process.on('disconnect', () => process.exit());
