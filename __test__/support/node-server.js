'use strict';

const { cleanup } = require('./cleanup');
const { called } = require('./deadline');

/**
 * Close a server of Node's and all its connections when a test is over.
 *
 * @param {TestContext} t The test that owns the server
 * @param {net.Server} server The server
 * @return {net.Server} The same
 */
function keepServer(t, server) {
  const sockets = new Set();

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  cleanup(t, async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) {
      await called((cb) => server.close(cb), 'the server to close');
    }
  });

  return server;
}

module.exports = { keepServer };
