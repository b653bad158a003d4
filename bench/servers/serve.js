'use strict';

const handlers = require('./handlers');

/**
 * Serves the handler named on the command line on a free port of 127.0.0.1,
 * says so in one line of JSON, and exits when standard input ends.
 *
 * @param {Function} WebSocketServer The library's server class
 * @param {Object} facts What the server says of itself beside the port
 */
module.exports = function serve(WebSocketServer, facts) {
  const handler = handlers[process.argv[2]];
  if (handler === undefined) {
    throw new Error(`No such handler: ${process.argv[2]}`);
  }

  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
    const { port } = wss.address();
    console.log(JSON.stringify({ port, ...facts }));
  });
  handler(wss);

  process.stdin.on('end', () => process.exit()).resume();
};
