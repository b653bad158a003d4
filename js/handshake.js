'use strict';

/**
 * A client's opening handshake as a server sees it: one that came over a
 * listener of the core, and one that Node's HTTP server has read. Both say what
 * is wrong with it, answer it, and open the WebSocket.
 */

const addon = require('./binding');
const Request = require('./request');
const subprotocol = require('./subprotocol');
const { configOf } = require('./connection-options');
const { kAccept, kWebSocket } = require('./constants');
const { socketOf } = require('./socket');

// Verdicts of the core on a handshake, see `src/net/opening.rs`.
const REJECTION_MASK = 0xf;
const BAD_SUBPROTOCOLS = 0x10;

/**
 * Offered by the core.
 */
class OfferedHandshake {
  /**
   * @param {Connection} connection The connection it came over
   * @param {String} text What it says, a line each, see `src/net/opening.rs`
   * @param {Number} verdict What the core found wrong with it
   */
  constructor(connection, text, verdict) {
    const key = text.indexOf('\n');
    const protocols = text.indexOf('\n', key + 1);

    this.connection = connection;
    this.isAccepted = false;
    this.rejection = verdict & REJECTION_MASK;
    this.acceptKey = text.slice(0, key);
    // The core speaks plain TCP.
    this.isSecure = false;
    this.req = new Request(connection, text, protocols + 1);
    this._verdict = verdict;
    this._protocols = text.slice(key + 1, protocols);
  }

  /**
   * The socket is made only when someone asks for it.
   *
   * @type {Socket}
   */
  get socket() {
    return socketOf(this.connection);
  }

  /**
   * @return {(Set<String>|null)} The subprotocols that the client offers; none
   *     if the header is malformed
   */
  protocols() {
    if (this._verdict & BAD_SUBPROTOCOLS) return null;

    return this._protocols === ''
      ? new Set()
      : new Set(this._protocols.split(','));
  }

  /**
   * Whether the client has left while it was verified.
   *
   * @type {Boolean}
   */
  get isGone() {
    const { isClosed, isEnded, socket } = this.connection;

    return isClosed || isEnded || socket?.writable === false;
  }

  leave() {
    this.connection.terminate();
  }

  /**
   * @param {String} text What to answer before the connection is closed
   */
  refuse(text) {
    this.connection.sendRaw(text);
    this.connection.end();
  }

  /**
   * Answers, and opens the WebSocket.
   *
   * @param {WebSocket} websocket The WebSocket
   * @param {String} text The answer
   * @param {WebSocketServer} server The server
   */
  accept(websocket, text, server) {
    const { options } = server;

    this.isAccepted = true;
    this.connection.sendRaw(text);
    websocket[kAccept](
      this.connection,
      configOf(options, true, websocket._extensions),
      options
    );
  }
}

/**
 * Read by Node's HTTP server, or whatever else calls `handleUpgrade()`.
 */
class NodeHandshake {
  /**
   * @param {http.IncomingMessage} req The request
   * @param {Duplex} socket The socket it came over
   * @param {Buffer} head What the client sent behind it
   */
  constructor(req, socket, head) {
    this.req = req;
    this.socket = socket;
    this.acceptKey = '';
    this.rejection = 0;
    this._head = head;
  }

  /**
   * Judges the request.
   *
   * @return {NodeHandshake} This
   */
  judge() {
    const { headers, method } = this.req;
    const { acceptKey, rejection } = addon.judgeHandshake(
      method,
      headers.upgrade,
      headers['sec-websocket-key'],
      textOf(headers['sec-websocket-version'])
    );

    this.acceptKey = acceptKey;
    this.rejection = rejection;
    this.socket.on('error', destroySocket);
    return this;
  }

  get isAccepted() {
    return this.socket[kWebSocket] !== undefined;
  }

  get isSecure() {
    const { authorized, encrypted } = this.req.socket;

    return !!(authorized || encrypted);
  }

  protocols() {
    const header = this.req.headers['sec-websocket-protocol'];

    if (header === undefined) return new Set();

    try {
      return subprotocol.parse(header);
    } catch {
      return null;
    }
  }

  get isGone() {
    return !this.socket.readable || !this.socket.writable;
  }

  leave() {
    this.socket.destroy();
  }

  refuse(text) {
    this.socket.once('finish', this.socket.destroy);
    this.socket.end(text);
  }

  accept(websocket, text, server) {
    this.socket.write(text);
    this.socket.removeListener('error', destroySocket);
    websocket.setSocket(this.socket, this._head, server.options);
  }
}

function textOf(value) {
  return value === undefined ? undefined : String(value);
}

/**
 * A socket may fail while its request is verified.
 *
 * @private
 */
function destroySocket() {
  this.destroy();
}

module.exports = { NodeHandshake, OfferedHandshake };
