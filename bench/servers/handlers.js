'use strict';

const { BURN_US, SLICE_MS, burnInSlices, burner } = require('./burn');
const { BURST, message } = require('./messages');

/**
 * What the servers do in a scenario: the same code for every library with the
 * API of ws. `options` are those of the server.
 *
 * @typedef {Object} Handler
 * @property {Object} [options] Options of the WebSocketServer
 * @property {Function} handle Given the server, makes it do its work
 */

/** @type {Object<String, Handler>} */
module.exports = {
  echo: { handle: echo },
  'echo-callback': { handle: echoWithCallback },
  'echo-deflate': { options: { perMessageDeflate: true }, handle: echo },
  'echo-burn': { handle: echoAndBurn },
  'pong-busy': { handle: () => burnInSlices(SLICE_MS) },
  burst: { handle: burst },
  broadcast: { handle: broadcast },
  'broadcast-native': { handle: broadcastNative }
};

function echo(wss) {
  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => {
      ws.send(data, { binary: isBinary });
    });
  });
}

/**
 * As programs do that send the next message when this one is out, or wait for a
 * promise.
 */
function echoWithCallback(wss) {
  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => {
      ws.send(data, { binary: isBinary }, throwIfFailed);
    });
  });
}

function throwIfFailed(err) {
  if (err) throw err;
}

function echoAndBurn(wss) {
  const burn = burner(BURN_US);
  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => {
      burn();
      ws.send(data, { binary: isBinary });
    });
  });
}

function burst(wss) {
  const messages = Array.from({ length: BURST }, (_, number) =>
    Buffer.from(message(number))
  );
  wss.on('connection', (ws) => {
    ws.on('message', () => {
      for (const data of messages) ws.send(data);
    });
  });
}

function broadcast(wss) {
  let number = 0;
  wss.on('connection', (ws) => {
    ws.on('message', () => {
      const data = message(number++);
      for (const client of wss.clients) client.send(data);
    });
  });
}

/**
 * In the way that the library has for it: ws has none but the loop.
 */
function broadcastNative(wss) {
  if (!wss.broadcast) {
    broadcast(wss);
    return;
  }
  let number = 0;
  wss.on('connection', (ws) => {
    ws.on('message', () => {
      wss.broadcast(message(number++));
    });
  });
}
