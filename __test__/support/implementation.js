'use strict';

//
// Names the implementation under test. The whole suite runs on any module with
// the interface of ws: `OXWS_TEST_IMPLEMENTATION=ws` proves the tests
// themselves, since there the expected behaviour is ws's own.
//

const path = require('node:path');

const name =
  process.env.OXWS_TEST_IMPLEMENTATION || path.resolve(__dirname, '../..');

/**
 * Load an implementation.
 *
 * @param {String} id A package name, or a path relative to the working directory
 * @return {Function} The `WebSocket` class with its statics
 */
function load(id) {
  return require(/^\.{1,2}[\\/]/.test(id) ? path.resolve(id) : id);
}

const isReference = name === 'ws';
const WebSocket = load(name);

module.exports = {
  isReference,
  load,
  name,
  WebSocket,
  WebSocketServer: WebSocket.WebSocketServer,

  /**
   * Test options for behaviour that ws does not have.
   */
  beyondReference: {
    skip: isReference ? 'not a feature of ws' : false
  }
};
