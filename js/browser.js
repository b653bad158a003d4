'use strict';

// What a bundler for browsers picks up: loading it is harmless, so that code
// shared with a server can be bundled; using it is a mistake.

module.exports = function () {
  throw new Error(
    'oxws runs in Node.js only; in a browser, use the WebSocket object that ' +
      'the browser provides'
  );
};
