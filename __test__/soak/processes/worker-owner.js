'use strict';

//
// Has a server of its own, and workers that serve and are terminated.
//

const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const { listen } = require('../mode');
const { answer } = require('../process');
const { held } = require('../state');

const SCRIPT = path.join(__dirname, 'worker.js');

const wss = listen();
const listening = once(wss, 'listening');
const workers = new Map();
let next = 0;

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

answer({
  async port() {
    await listening;
    return wss.address().port;
  },

  async state() {
    return { ...(await held()), clients: wss.clients.size };
  },

  async startWorker() {
    const id = next++;
    const worker = new Worker(SCRIPT);

    workers.set(id, worker);

    const [port] = await once(worker, 'message');

    return { id, port };
  },

  async terminateWorker(id) {
    const worker = workers.get(id);

    workers.delete(id);
    await worker.terminate();
  }
});
