'use strict';

const { WebSocketServer } = require('../..');

require('./serve')(WebSocketServer, {
  library: 'oxws',
  version: require('../../package.json').version
});
