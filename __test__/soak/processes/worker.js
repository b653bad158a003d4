'use strict';

//
// A worker thread that answers each message with two until it is terminated.
//

const { parentPort } = require('node:worker_threads');

const { listen } = require('../mode');

const MOST_BUFFERED = 1024 * 1024;

const wss = listen({}, () => {
  parentPort.postMessage(wss.address().port);
});

wss.on('connection', (ws) => {
  ws.on('message', (data) => {
    ws.send(data);
    if (ws.bufferedAmount < MOST_BUFFERED) ws.send(data);
  });
});
