'use strict';

/**
 * Tests of ws's suite that fail on oxws, and why: the private member of ws or
 * the race that each depends on. A run fails if one that is not here fails, or
 * one that is here passes.
 *
 * @type {Array<{file: String, title: String, reason: String}>} `file` is the
 *     test file without `.test.js`, `title` the test's with those of its suites
 */
module.exports = [
  {
    file: 'websocket',
    title:
      'WebSocket permessage-deflate consumes all received data when ' +
      'connection is closed (1/2)',
    reason:
      '`_receiver._state`: 5 while zlib inflates on a thread of its own; here a ' +
      'message is inflated where it is received, before anyone can look'
  },
  {
    file: 'websocket',
    title:
      'WebSocket permessage-deflate consumes all received data when ' +
      'connection is closed (2/2)',
    reason: '`_receiver._state`, as before'
  },
  {
    file: 'websocket',
    title:
      'WebSocket permessage-deflate #close can be used while data is being ' +
      'decompressed',
    reason: '`_receiver._state`, as before'
  },
  {
    file: 'websocket',
    title:
      'WebSocket permessage-deflate #terminate can be used while data is ' +
      'being decompressed',
    reason: '`_receiver._state`, as before'
  },
  {
    file: 'websocket',
    title: "WebSocket Events emits the 'error' event only once (2/2)",
    reason:
      'a race: a Blob that can not be read against an invalid frame behind ' +
      'messages that take ws a while to inflate'
  },
  {
    file: 'websocket',
    title:
      'WebSocket permessage-deflate #send calls the callback if the socket is ' +
      'closed prematurely',
    reason:
      "a race: the peer's end against data that takes ws a while to compress; " +
      'here it has been sent by then'
  },
  {
    file: 'create-websocket-stream',
    title:
      'createWebSocketStream The returned stream handles backpressure (2/3)',
    reason: "`_receiver._writableState` and the 'drain' event of `_receiver`"
  },
  {
    file: 'create-websocket-stream',
    title:
      'createWebSocketStream The returned stream handles backpressure (3/3)',
    reason: "`_receiver._writableState` and the 'drain' event of `_receiver`"
  }
];
