'use strict';

const http = require('node:http');

const handlers = require('./handlers');

/**
 * Serves the handler named on the command line on a free port of 127.0.0.1,
 * says so in one line of JSON, and exits when standard input ends. The second
 * argument is the mode: see contenders.js.
 *
 * @param {Function} WebSocketServer The library's server class
 * @param {Object} facts What the server says of itself beside the port
 */
module.exports = function serve(WebSocketServer, facts) {
  const [name, mode] = process.argv.slice(2);
  const handler = handlers[name];
  if (handler === undefined) throw new Error(`No such handler: ${name}`);

  const address = { host: '127.0.0.1', port: 0 };
  const server = mode === 'server' ? http.createServer() : undefined;
  const wss = new WebSocketServer({
    ...(server ? { server } : address),
    ...handler.options
  });
  handler.handle(wss);
  wss.on('listening', () => {
    const { port } = wss.address();
    console.log(JSON.stringify({ port, ...facts }));
  });
  server?.listen(address);

  process.stdin.on('end', () => process.exit()).resume();
};
