'use strict';

/**
 * The one place where events of the core come in, once per thread: it takes
 * them in batches and gives each to its connection.
 */

const { Connection } = require('./connection');
const addon = require('./binding');
const outbox = require('./outbox');
const slabs = require('./slabs');
const { nextTick, now, setImmediate } = require('./constants');
const { openShared, payloadOf, readCounts } = slabs;

// As constants of this module: the addon's exports are a dictionary to V8.
const {
  EVENT_BINARY,
  EVENT_CLOSE,
  EVENT_CLOSED,
  EVENT_END,
  EVENT_ERROR,
  EVENT_FRAGMENTS,
  EVENT_HANDSHAKE,
  EVENT_PING,
  EVENT_PONG,
  EVENT_RAW,
  EVENT_SENT,
  EVENT_SERVER_CLOSED,
  EVENT_SLAB,
  EVENT_TEXT
} = addon;

const RECORDS = 1024;

// Layout of a record's first word, see `src/bridge/batch.rs`.
const KIND_MASK = 0xff;
const DETAIL_SHIFT = 8;
const DETAIL_MASK = 0x7fffff;
const WORDS = addon.EVENT_RECORD_WORDS;

// A drain yields to the event loop after this many milliseconds, and sends
// what has been collected after this many.
const TIME_BUDGET = 20;
const FLUSH_INTERVAL = 0.1;
// Events between two looks at the clock.
const CLOCK_INTERVAL = 16;
// Events of one connection before microtasks and ticks run.
const MAX_RUN = 64;

const { write } = outbox;

const records = new Uint32Array(RECORDS * WORDS);
const connections = [];
const listeners = [];

let environment = null;
let calls = null;
let count = 0;
let cursor = 0;
let draining = false;
let drainIsDue = false;
let keepers = 0;

/**
 * Between the events of two connections the tick queue and the microtasks run,
 * as they do under ws between two reads of sockets. Node itself does so between
 * two timers, with this same function, which has no public name. Without it
 * each run of events gets a turn of the event loop of its own.
 */
const runTicks =
  typeof process._tickCallback === 'function' ? process._tickCallback : null;

/**
 * The core of this thread, started when it is first needed.
 *
 * @return {Environment} The core
 */
function open() {
  if (environment === null) {
    environment = new addon.Environment(drain, records, outbox.block);
    hub.environment = environment;
    calls = environment.calls();
    outbox.open(calls, scheduleDrain);
    slabs.open(environment, calls);
    process.on('exit', sendTheRest);
  }

  return environment;
}

/**
 * What was sent before `process.exit()` goes out, as it does under ws.
 */
function sendTheRest() {
  settle();
  // Listeners behind this one may send, too.
  outbox.write = writeAtOnce;
  // After an exit no tick follows, but after an 'exit' that someone has emitted.
  nextTick(writeInTicks);
}

function writeAtOnce(connection, flags, payload) {
  write(connection, flags, payload);
  settle();
}

function writeInTicks() {
  outbox.write = write;
}

function settle() {
  outbox.flush(true);
  environment.settle(100);
}

/**
 * Registers a listener of the core.
 *
 * @param {Number} index Its index
 * @param {Listener} listener What gets its events
 */
function addListener(index, listener) {
  listeners[index] = listener;
}

/**
 * Registers a connection that did not come from a listener.
 *
 * @param {Connection} connection The connection
 */
function addConnection(connection) {
  connections[connection.index] = connection;
  connection.countReference(1);
}

/**
 * Counts what keeps the event loop alive: listeners and connections.
 *
 * @param {Number} change How many more, or fewer
 */
function keepAlive(change) {
  const before = keepers;

  keepers += change;
  if (before > 0 !== keepers > 0) environment.keepAlive(keepers > 0);
}

/**
 * Events arose on this thread.
 */
function scheduleDrain() {
  // A drain that is running takes them.
  if (draining || drainIsDue) return;

  drainIsDue = true;
  nextTick(drain);
}

/**
 * Takes events and emits them until there are none, or time is up.
 */
function drain() {
  drainIsDue = false;
  if (draining) return;

  let finished = false;

  draining = true;
  outbox.setDraining(true);

  try {
    finished = emitAll();
  } finally {
    // Also after a throwing listener: what it left is taken up in a turn of
    // its own.
    draining = false;
    outbox.setDraining(false);
    outbox.flush(false);

    if (!finished && !drainIsDue) {
      drainIsDue = true;
      setImmediate(drain);
    }
  }
}

/**
 * @return {Boolean} Whether all events were emitted and the core will call
 * @private
 */
function emitAll() {
  const start = now();
  let lastFlush = start;
  let sinceClock = 0;

  for (;;) {
    if (cursor === count && !take()) return true;

    const before = cursor;

    emitRun();
    if (runTicks === null) return false;
    runTicks();

    sinceClock += cursor - before;
    if (sinceClock >= CLOCK_INTERVAL) {
      const time = now();

      sinceClock = 0;
      if (time - lastFlush > FLUSH_INTERVAL) {
        outbox.flush(false);
        lastFlush = time;
      }
      if (time - start > TIME_BUDGET) return false;
    }
  }
}

/**
 * @return {Boolean} Whether there are events
 * @private
 */
function take() {
  cursor = 0;
  count = slabs.take();
  return count > 0;
}

/**
 * Emits the next events as far as they are of one connection.
 *
 * @private
 */
function emitRun() {
  const base = cursor * WORDS;
  const kind = records[base] & KIND_MASK;
  const index = records[base + 1];

  if (kind === EVENT_SERVER_CLOSED) {
    const listener = listeners[index];

    cursor++;
    listeners[index] = undefined;
    environment.forgetServer(index);
    listener.handleClosed();
  } else if (kind === EVENT_SLAB) {
    cursor++;
    openShared(index, records[base + 2]);
  } else if (kind === EVENT_HANDSHAKE) {
    cursor++;
    offer(index, base);
  } else {
    const connection = connections[index];

    connection.runInAsyncScope(
      emitOf,
      connection,
      index,
      Math.min(count, cursor + MAX_RUN)
    );
  }
}

/**
 * A request for an upgrade. Its payload is that of `src/net/opening.rs`.
 *
 * @private
 */
function offer(index, base) {
  const payload = payloadOf(records, base);
  const verdict = (records[base] >>> DETAIL_SHIFT) & DETAIL_MASK;
  const listener = listeners[wordOf(payload, 4)];
  const connection = listener.runInAsyncScope(
    addOffered,
    null,
    listener,
    index,
    wordOf(payload, 0)
  );

  connection.runInAsyncScope(
    listener.handleHandshake,
    listener,
    connection,
    payload.latin1Slice(8, payload.length),
    verdict
  );
}

/**
 * As `readUInt32LE()`, without checks.
 *
 * @private
 */
function wordOf(bytes, place) {
  return (
    (bytes[place] |
      (bytes[place + 1] << 8) |
      (bytes[place + 2] << 16) |
      (bytes[place + 3] << 24)) >>>
    0
  );
}

/**
 * @private
 */
function addOffered(listener, index, generation) {
  const connection = new Connection(listener, index, generation);

  connections[index] = connection;
  connection.countReference(1);
  return connection;
}

/**
 * Emits events of one connection, up to a record; `this` is the connection.
 *
 * @private
 */
function emitOf(index, end) {
  while (cursor < end) {
    const base = cursor * WORDS;

    if (records[base + 1] !== index) return;

    const head = records[base];
    const kind = head & KIND_MASK;

    switch (kind) {
      case EVENT_TEXT:
      case EVENT_BINARY:
        cursor++;
        this.handleMessage(payloadOf(records, base), kind === EVENT_BINARY);
        break;
      case EVENT_FRAGMENTS:
        cursor++;
        this.handleFragments(payloadOf(records, base));
        break;
      case EVENT_RAW:
        cursor++;
        this.handleRaw(payloadOf(records, base));
        break;
      case EVENT_PING:
        cursor++;
        this.handlePing(payloadOf(records, base));
        break;
      case EVENT_PONG:
        cursor++;
        this.handlePong(payloadOf(records, base));
        break;
      case EVENT_CLOSE:
        cursor++;
        this.handleClose(
          (head >>> DETAIL_SHIFT) & DETAIL_MASK,
          payloadOf(records, base)
        );
        break;
      case EVENT_ERROR:
        cursor++;
        this.handleError(
          (head >>> DETAIL_SHIFT) & DETAIL_MASK,
          records[base + 2]
        );
        break;
      case EVENT_END:
        cursor++;
        this.handleEnd();
        break;
      case EVENT_SENT:
        cursor++;
        this.handleSent(records[base + 2]);
        break;
      case EVENT_CLOSED:
        cursor++;
        emitClosed(this, index, base);
        return;
      default:
        // A handshake at an index that has just become free, or a listener
        // of the same index.
        return;
    }
  }
}

/**
 * The last event of a connection.
 *
 * @private
 */
function emitClosed(connection, index, base) {
  const detail = (records[base] >>> DETAIL_SHIFT) & DETAIL_MASK;
  const wasClean = (detail & 1) === 1;
  const counts = readCounts(records[base + 2]);

  connections[index] = undefined;
  calls.forget(index);
  connection.countReference(-1);
  // The peer's end was not told on its own, which changes nothing more
  // unless there is someone to see it.
  if (detail & 2 && (!wasClean || connection.socket !== null)) {
    connection.handleEnd();
  }
  connection.handleClosed(
    wasClean,
    [counts[0], counts[1]],
    detail >>> 2,
    counts[2]
  );
}

const hub = {
  addConnection,
  addListener,
  environment: null,
  keepAlive,
  open
};

Connection.prototype.hub = hub;

module.exports = hub;
