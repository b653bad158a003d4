'use strict';

/**
 * Adoption: the core takes over the socket of a relay. The user's `net.Socket`
 * stays what he has in his hands, but moves no bytes by itself any more.
 *
 * Node keeps its descriptor and the core drives a duplicate, so all by which
 * Node would read, write, end or close on its own is overridden, by a prototype
 * that is put between the socket and its own.
 */

const net = require('net');

const hub = require('./hub');
const { Connection } = require('./connection');
const {
  closeTransport,
  countInState,
  defineMembers,
  onError,
  onNewListener,
  read
} = require('./socket-members');
const {
  kAnswersPings,
  kConnection,
  kSender,
  nextTick
} = require('./constants');

const { bytesRead, bytesWritten } = Object.getOwnPropertyDescriptors(
  net.Socket.prototype
);

// Prototypes of adopted sockets, by the prototype that such a socket had.
const prototypes = new WeakMap();

/**
 * Lets the core go on with the socket of a relay, now or when what was written
 * to it is out.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {Relay} relay The relay
 */
function settle(websocket, relay) {
  if (websocket[kConnection] !== relay || relay.isClosed) return;

  const connection = adopt(relay);

  if (connection !== null) {
    websocket[kConnection] = connection;
    websocket[kSender]?.moveTo(connection);
    if (websocket[kAnswersPings]) connection.leavePings();
    return;
  }

  if (relay.isAdoptable) {
    relay.onSettled = () => settle(websocket, relay);
    if (relay.pauses === 0 && relay.socket.isPaused()) {
      settleOnResume(websocket, relay);
    }
  }

  if (websocket._heartbeat) relay.startHeartbeat();
}

/**
 * @private
 */
function settleOnResume(websocket, relay) {
  if (relay.isAwaitingResume) return;

  relay.isAwaitingResume = true;
  relay.socket.once('resume', () => {
    relay.isAwaitingResume = false;
    nextTick(settle, websocket, relay);
  });
}

/**
 * Lets the core go on with the connection of a relay, if it can.
 *
 * @param {Relay} relay The relay
 * @return {(Connection|null)} The connection that goes on, or `null`: the relay
 *     does
 * @private
 */
function adopt(relay) {
  const { socket } = relay;

  if (!canBeAdopted(relay)) return null;

  const handle = socket._handle;

  handle.readStop();
  handle.reading = false;
  const prototype = Object.getPrototypeOf(socket);

  // Properties come first: what is added behind a prototype is not shared by V8.
  socket[kConnection] = null;
  // Without a `_read()` what is left can be read and nothing more. The relay
  // hears of it by 'data'.
  Object.setPrototypeOf(socket, prototypesOn(prototype).drained);

  let ids = null;

  try {
    while (socket.read() !== null);

    // By now listeners have run.
    relay.sendDeferred();
    if (canBeAdopted(relay)) ids = hub.open().adopt(handle.fd, relay.engine);
  } finally {
    // Also after a listener of the socket that throws.
    if (ids === null) {
      Object.setPrototypeOf(socket, prototype);
      // Not `read(0)`: the stream waits for what it has asked for already.
      socket._read();
    }
  }

  if (ids === null) return null;

  relay.detach();

  const connection = new Connection(null, ids[0], ids[1]);

  connection.socket = socket;
  connection.isReferenced = handle.hasRef();
  connection.websocket = relay.websocket;
  override(socket, connection, prototypesOn(prototype).adopted);
  if (relay.isSocketShown) countInState(socket);
  hub.addConnection(connection);
  if (relay.pauses !== 0) connection.pause(relay.pauses);
  return connection;
}

/**
 * The core drives TCP and UNIX sockets of which nobody else moves, or watches,
 * the bytes.
 *
 * @private
 */
function canBeAdopted(relay) {
  const { socket } = relay;
  const handle = socket._handle;

  return (
    relay.isAdoptable &&
    handle?.fd >= 0 &&
    !relay.isClosed &&
    !relay.isEnded &&
    !relay.isCloseQueued &&
    !relay.isCloseReceived &&
    !relay.isFailed &&
    // Events that wait come before those of the core.
    !relay.isEmitting &&
    // By the user, who may resume the socket alone.
    (relay.pauses !== 0 || !socket.isPaused()) &&
    !socket.destroyed &&
    !socket.connecting &&
    socket.writable &&
    socket.writableLength === 0 &&
    socket.readableEncoding === null &&
    socket.write === net.Socket.prototype.write &&
    socket.push === net.Socket.prototype.push &&
    // Ours.
    socket.listenerCount('data') === 1 &&
    socket.listenerCount('readable') === 0
  );
}

function override(socket, connection, prototype) {
  const { timeout } = socket;
  const destroy = Object.hasOwn(socket, '_destroy') ? socket._destroy : null;

  socket[kConnection] = connection;
  socket.on('newListener', onNewListener);
  socket.on('error', onError);

  // Node's timer sees no traffic any more.
  if (timeout > 0) socket.setTimeout(0);
  Object.setPrototypeOf(socket, prototype);
  for (const key of Reflect.ownKeys(prototype)) {
    if (Object.hasOwn(socket, key)) {
      Object.defineProperty(
        socket,
        key,
        Object.getOwnPropertyDescriptor(prototype, key)
      );
    }
  }
  // One of its own is the user's, and does what he has to clean up.
  if (destroy !== null) {
    socket._destroy = function (err, callback) {
      closeTransport(this, () => destroy.call(this, err, callback));
    };
  }
  if (timeout > 0) socket.setTimeout(timeout);
}

/**
 * The same for all sockets: members of its own would turn each of them into a
 * dictionary of kilobytes.
 *
 * @private
 */
function prototypesOn(parent) {
  if (!prototypes.has(parent)) {
    prototypes.set(parent, {
      // While what Node has read is taken from it.
      drained: Object.create(parent, { _read: { value: read } }),
      adopted: createPrototype(parent)
    });
  }

  return prototypes.get(parent);
}

function createPrototype(parent) {
  const prototype = Object.create(parent, {
    _destroy: {
      configurable: true,
      value(err, callback) {
        closeTransport(this, () => parent._destroy.call(this, err, callback));
      },
      writable: true
    },
    _writev: { configurable: true, value: writev, writable: true },
    bytesRead: {
      configurable: true,
      get() {
        return bytesRead.get.call(this) + this[kConnection].traffic[0];
      }
    },
    bytesWritten: {
      configurable: true,
      get() {
        return bytesWritten.get.call(this) + this[kConnection].traffic[1];
      }
    }
  });

  defineMembers(prototype);
  return prototype;
}

function writev(chunks, callback) {
  const { length } = chunks;

  chunks.forEach(({ chunk, encoding }, i) => {
    this._write(chunk, encoding, i === length - 1 ? callback : undefined);
  });
}

module.exports = settle;
