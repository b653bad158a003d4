'use strict';

/**
 * Adoption: the core takes over the socket of a relay. The user's `net.Socket`
 * stays what he has in his hands, but moves no bytes by itself any more.
 *
 * Node keeps its descriptor and the core drives a duplicate, so all by which
 * Node would read, write, end or close on its own is overridden on this socket.
 */

const net = require('net');

const hub = require('./hub');
const { Connection } = require('./connection');
const {
  closeTransport,
  countBuffered,
  members,
  onError,
  onNewListener
} = require('./socket-members');
const { kConnection } = require('./constants');

const { bytesRead, bytesWritten } = Object.getOwnPropertyDescriptors(
  net.Socket.prototype
);

/**
 * Lets the core go on with the connection of a relay, if it can.
 *
 * @param {Relay} relay The relay
 * @return {(Connection|null)} The connection that goes on, or `null`: the relay
 *     does
 */
function adopt(relay) {
  const { socket } = relay;

  if (!canBeAdopted(relay)) return null;

  const handle = socket._handle;

  handle.readStop();
  handle.reading = false;
  // Without a `_read()` what is left can be read and nothing more. The relay
  // hears of it by 'data'.
  socket._read = members._read;

  let ids = null;

  try {
    while (socket.read() !== null);

    // By now listeners have run.
    relay.sendDeferred();
    if (canBeAdopted(relay)) ids = hub.open().adopt(handle.fd, relay.engine);
  } finally {
    // Also after a listener of the socket that throws.
    if (ids === null) {
      delete socket._read;
      // Not `read(0)`: the stream waits for what it has asked for already.
      socket._read();
    }
  }

  if (ids === null) return null;

  relay.detach();

  const connection = new Connection(hub, null, ids[0], ids[1]);

  connection.socket = socket;
  connection.isReferenced = handle.hasRef();
  connection.inbound = relay.inbound;
  relay.inbound.moveTo(connection);
  override(socket, connection);
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

function override(socket, connection) {
  const { _destroy: destroyHandle } = socket;

  socket[kConnection] = connection;
  socket.on('newListener', onNewListener);
  socket.on('error', onError);

  const { timeout } = socket;

  // Node's timer sees no traffic any more.
  if (timeout > 0) socket.setTimeout(0);
  for (const name of Object.keys(members)) define(socket, name, members[name]);
  if (timeout > 0) socket.setTimeout(timeout);

  define(socket, '_writev', writev);
  define(socket, '_destroy', function (err, callback) {
    closeTransport(this, () => destroyHandle.call(this, err, callback));
  });

  Object.defineProperties(socket, {
    bytesRead: {
      configurable: true,
      get() {
        return bytesRead.get.call(this) + connection.traffic[0];
      }
    },
    bytesWritten: {
      configurable: true,
      get() {
        return bytesWritten.get.call(this) + connection.traffic[1];
      }
    }
  });
  countBuffered(socket);
}

function define(socket, name, value) {
  Object.defineProperty(socket, name, {
    configurable: true,
    value,
    writable: true
  });
}

function writev(chunks, callback) {
  const { length } = chunks;

  chunks.forEach(({ chunk, encoding }, i) => {
    this._write(chunk, encoding, i === length - 1 ? callback : undefined);
  });
}

module.exports = adopt;
