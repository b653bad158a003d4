'use strict';

const { WebSocketServer } = require('ws');

// ws loads bufferutil by itself if it can, and bufferutil falls back to
// JavaScript if its addon does not load: only the loaded addon proves it.
const bufferutil = Object.keys(require.cache).some((file) =>
  /[\\/]bufferutil[\\/].*\.node$/.test(file)
);

require('./serve')(WebSocketServer, {
  library: 'ws',
  version: require('ws/package.json').version,
  bufferutil
});
