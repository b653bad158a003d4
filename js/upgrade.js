'use strict';

/**
 * Deciding on a handshake. The core has judged it; whoever may reject it is
 * asked here, and the answer is written.
 */

const http = require('http');

const Request = require('./request');
const { RUNNING, kAccept } = require('./constants');
const { configOf } = require('./server-options');
const { socketOf } = require('./socket');

// Verdicts of the core on a handshake, see `src/net/opening.rs`.
const REJECTION_MASK = 0xf;
const BAD_SUBPROTOCOLS = 0x10;
const BAD_EXTENSIONS = 0x20;
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

const kHandshake = Symbol('kHandshake');

/**
 * A request for an upgrade, as the core offers it.
 *
 * @param {Connection} connection The connection it came over
 * @param {String[]} fields Its fields, see `src/net/opening.rs`
 * @param {Number} verdict What the core found wrong with it
 * @return {http.IncomingMessage} The request
 */
function readRequest(connection, fields, verdict) {
  connection[kHandshake] = {
    verdict,
    protocols: fields[5] === '' ? [] : fields[5].split(','),
    isAccepted: false
  };

  return new Request(connection, {
    method: fields[6],
    url: fields[7],
    minorVersion: +fields[8],
    rawHeaders: fields.slice(9)
  });
}

/**
 * Asks everyone who may reject a handshake, in the order of ws.
 *
 * @param {WebSocketServer} server The server
 * @param {http.IncomingMessage} req The request
 * @param {Connection} connection The connection it came over
 * @param {Function} onVerified Called with the subprotocols that the client
 *     offers, if nobody does
 */
function verify(server, req, connection, onVerified) {
  const { options } = server;
  const { verdict, protocols } = connection[kHandshake];
  const rejection = rejections[verdict & REJECTION_MASK];

  if (rejection !== undefined) {
    rejectOrEmit(server, req, connection, ...rejection);
    return;
  }

  if (!server.shouldHandle(req)) {
    reject(connection, 400);
    return;
  }

  if (verdict & BAD_SUBPROTOCOLS) {
    const message = 'Invalid Sec-WebSocket-Protocol header';

    rejectOrEmit(server, req, connection, 400, message);
    return;
  }

  if (options.perMessageDeflate && verdict & BAD_EXTENSIONS) {
    const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';

    rejectOrEmit(server, req, connection, 400, message);
    return;
  }

  const proceed = () => onVerified(new Set(protocols));

  if (!options.verifyClient) {
    proceed();
    return;
  }

  const isHybi8 = +req.headers['sec-websocket-version'] === 8;
  const info = {
    origin: req.headers[isHybi8 ? 'sec-websocket-origin' : 'origin'],
    // The core speaks plain TCP.
    secure: false,
    req
  };

  if (options.verifyClient.length === 2) {
    options.verifyClient(info, (verified, code, message, headers) => {
      if (verified) proceed();
      else reject(connection, code || 401, message, headers);
    });
  } else if (options.verifyClient(info)) {
    proceed();
  } else {
    reject(connection, 401);
  }
}

/**
 * Answers a handshake and makes the WebSocket.
 *
 * @param {WebSocketServer} server The server
 * @param {Set} protocols The subprotocols that the client offers
 * @param {http.IncomingMessage} req The request
 * @param {Connection} connection The connection it came over
 * @param {Function} cb Called with the WebSocket and the request
 * @throws {Error} If called twice for one connection
 */
function accept(server, protocols, req, connection, cb) {
  const handshake = connection[kHandshake];

  // The client has left while it was verified.
  if (
    connection.isEnded ||
    connection.isClosed ||
    connection.socket?.writable === false
  ) {
    connection.terminate();
    return;
  }

  if (handshake.isAccepted) {
    throw new Error(
      'server.handleUpgrade() was called more than once with the same ' +
        'socket, possibly due to a misconfiguration'
    );
  }

  if (server._state > RUNNING) {
    reject(connection, 503);
    return;
  }

  const { options } = server;
  const headers = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${connection.acceptKey}`
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

  server.emit('headers', headers, req);

  handshake.isAccepted = true;
  connection.sendRaw(headers.concat('\r\n').join('\r\n'));
  websocket[kAccept](
    connection,
    configOf(options),
    server,
    !options.allowSynchronousEvents
  );
  if (server.clients) server.clients.add(websocket);
  cb(websocket, req);
}

/**
 * Answers a handshake with an error and closes the connection.
 *
 * @private
 */
function reject(connection, code, message, headers) {
  const body = message || http.STATUS_CODES[code];
  const lines = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  };

  connection.sendRaw(
    `HTTP/1.1 ${code} ${http.STATUS_CODES[code]}\r\n` +
      Object.keys(lines)
        .map((name) => `${name}: ${lines[name]}`)
        .join('\r\n') +
      `\r\n\r\n${body}`
  );
  connection.end();
}

/**
 * Lets the user answer, if anyone listens.
 *
 * @private
 */
function rejectOrEmit(server, req, connection, code, message, headers) {
  if (server.listenerCount('wsClientError') === 0) {
    reject(connection, code, message, headers);
    return;
  }

  const err = new Error(message);

  Error.captureStackTrace(err, rejectOrEmit);
  server.emit('wsClientError', err, socketOf(connection), req);
}

module.exports = { accept, readRequest, verify };
