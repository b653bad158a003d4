'use strict';

//
// Servers that send clients on.
//

const { answer, respond, startHttp } = require('./client');

/**
 * Start a server that redirects by path and accepts what it has no redirect for.
 *
 * @param {TestContext} t The test that owns the server
 * @param {Object} [locations] Where a path leads to; may be added to later
 * @param {Object} [options] As for `startHttp()`
 * @return {Promise<http.Server>} The server
 */
function startRedirecting(t, locations = {}, options = {}) {
  return startHttp(t, {
    ...options,
    upgrade(req, socket) {
      const location = locations[req.url];

      if (location === undefined) answer(req, socket);
      else respond(socket, 302, { Location: location });
    }
  });
}

module.exports = { startRedirecting };
