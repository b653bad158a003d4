'use strict';

/**
 * What the servers do in a scenario: the same code for every library with the
 * API of ws.
 */
module.exports = {
  echo(wss) {
    wss.on('connection', (ws) => {
      ws.on('message', (data, isBinary) => {
        ws.send(data, { binary: isBinary });
      });
    });
  }
};
