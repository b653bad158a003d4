'use strict';

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
  'echo-deflate': { options: { perMessageDeflate: true }, handle: echo }
};

function echo(wss) {
  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => {
      ws.send(data, { binary: isBinary });
    });
  });
}
