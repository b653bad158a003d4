'use strict';

/**
 * Deciding on a handshake: whoever may reject it is asked, in the order of ws,
 * and the answer is written.
 */

const http = require('http');

const PerMessageDeflate = require('./permessage-deflate');
const extension = require('./extension');
const { RUNNING, kServer } = require('./constants');

// By the number of a rejection, see `src/protocol/handshake/validation.rs`.
const rejections = {
  1: [405, 'Invalid HTTP method'],
  2: [400, 'Invalid Upgrade header'],
  3: [400, 'Missing or invalid Sec-WebSocket-Key header'],
  4: [
    400,
    'Missing or invalid Sec-WebSocket-Version header',
    { 'Sec-WebSocket-Version': '13, 8' }
  ]
};

/**
 * Asks everyone who may reject a handshake.
 *
 * @param {WebSocketServer} server The server
 * @param {(NodeHandshake|OfferedHandshake)} handshake The handshake
 * @param {Function} onVerified Called with the accepted extensions and the
 *     subprotocols that the client offers, if nobody does
 */
function verify(server, handshake, onVerified) {
  if (handshake.rejection !== 0) {
    rejectOrEmit(server, handshake, ...rejections[handshake.rejection]);
    return;
  }

  const { options } = server;
  const { req } = handshake;

  if (!server.shouldHandle(req)) {
    reject(handshake, 400);
    return;
  }

  const protocols = handshake.protocols();

  if (protocols === null) {
    const message = 'Invalid Sec-WebSocket-Protocol header';

    rejectOrEmit(server, handshake, 400, message);
    return;
  }

  const extensions = {};

  if (options.perMessageDeflate && !negotiate(extensions, req, options)) {
    const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';

    rejectOrEmit(server, handshake, 400, message);
    return;
  }

  if (options.verifyClient) {
    askUser(server, handshake, () => onVerified(extensions, protocols));
  } else {
    onVerified(extensions, protocols);
  }
}

/**
 * Calls `verifyClient()`.
 *
 * @private
 */
function askUser(server, handshake, proceed) {
  const { options } = server;
  const { req } = handshake;
  const isHybi8 = +req.headers['sec-websocket-version'] === 8;
  const info = {
    origin: req.headers[isHybi8 ? 'sec-websocket-origin' : 'origin'],
    secure: handshake.isSecure,
    req
  };

  if (options.verifyClient.length === 2) {
    options.verifyClient(info, (verified, code, message, headers) => {
      if (verified) proceed();
      else reject(handshake, code || 401, message, headers);
    });
  } else if (options.verifyClient(info)) {
    proceed();
  } else {
    reject(handshake, 401);
  }
}

/**
 * Accepts one of the offers of permessage-deflate, if there are any.
 *
 * @return {Boolean} Not if the header is malformed, or none of them can be
 *     accepted
 * @private
 */
function negotiate(extensions, req, options) {
  const header = req.headers['sec-websocket-extensions'];

  if (header === undefined) return true;

  const name = PerMessageDeflate.extensionName;

  try {
    const offers = extension.parse(header);

    if (offers[name] === undefined) return true;

    const perMessageDeflate = new PerMessageDeflate({
      ...options.perMessageDeflate,
      isServer: true,
      maxPayload: options.maxPayload
    });

    perMessageDeflate.accept(offers[name]);
    extensions[name] = perMessageDeflate;
    return true;
  } catch {
    return false;
  }
}

/**
 * Answers a handshake and makes the WebSocket.
 *
 * @param {WebSocketServer} server The server
 * @param {(NodeHandshake|OfferedHandshake)} handshake The handshake
 * @param {Object} extensions The accepted extensions
 * @param {Set} protocols The subprotocols that the client offers
 * @param {Function} cb Called with the WebSocket and the request
 * @throws {Error} If called twice for one connection
 */
function accept(server, handshake, extensions, protocols, cb) {
  const { req } = handshake;

  if (handshake.isGone) {
    handshake.leave();
    return;
  }

  if (handshake.isAccepted) {
    throw new Error(
      'server.handleUpgrade() was called more than once with the same ' +
        'socket, possibly due to a misconfiguration'
    );
  }

  if (server._state > RUNNING) {
    reject(handshake, 503);
    return;
  }

  const { options } = server;
  const headers = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${handshake.acceptKey}`
  ];
  const websocket = new options.WebSocket(null, undefined, options);

  if (protocols.size > 0) {
    const protocol = options.handleProtocols
      ? options.handleProtocols(protocols, req)
      : protocols.values().next().value;

    if (protocol) {
      headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
      websocket._protocol = protocol;
    }
  }

  const name = PerMessageDeflate.extensionName;

  if (extensions[name]) {
    const value = extension.format({ [name]: [extensions[name].params] });

    headers.push(`Sec-WebSocket-Extensions: ${value}`);
    websocket._extensions = extensions;
  }

  server.emit('headers', headers, req);

  websocket[kServer] = server;
  handshake.accept(websocket, `${headers.join('\r\n')}\r\n\r\n`, server);
  if (server.clients) server.clients.add(websocket);
  cb(websocket, req);
}

/**
 * Answers a handshake with an error and closes the connection.
 *
 * @private
 */
function reject(handshake, code, message, headers) {
  const body = message || http.STATUS_CODES[code];
  const lines = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  };

  handshake.refuse(
    `HTTP/1.1 ${code} ${http.STATUS_CODES[code]}\r\n` +
      Object.keys(lines)
        .map((name) => `${name}: ${lines[name]}`)
        .join('\r\n') +
      `\r\n\r\n${body}`
  );
}

/**
 * Lets the user answer, if anyone listens.
 *
 * @private
 */
function rejectOrEmit(server, handshake, code, message, headers) {
  if (server.listenerCount('wsClientError') === 0) {
    reject(handshake, code, message, headers);
    return;
  }

  const err = new Error(message);

  Error.captureStackTrace(err, rejectOrEmit);
  server.emit('wsClientError', err, handshake.socket, handshake.req);
}

module.exports = { accept, verify };
