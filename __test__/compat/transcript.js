'use strict';

//
// Runs one case on one implementation and writes down all that could be seen of
// it: events with their order and arguments, errors, return values, and the
// bytes on the wire.
//

const { cleanup } = require('../support/cleanup');
const { called, once, turns } = require('../support/deadline');
const { Opcode, parseFrame } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { RawClient } = require('../support/raw-client');
const { record } = require('../support/record');
const { startServer } = require('../support/server');

const opcodeNames = Object.fromEntries(
  Object.entries(Opcode).map(([name, value]) => [value, name.toLowerCase()])
);

/**
 * Turn a value into something that can be compared and read.
 *
 * @param {*} value The value
 * @return {*} Plain data
 */
function plain(value) {
  if (value instanceof Error) {
    return { error: value.name, code: value.code, message: value.message };
  }

  if (Buffer.isBuffer(value)) {
    return value.length > 64
      ? `Buffer of ${value.length}`
      : `Buffer ${value.toString('latin1')}`;
  }

  if (value instanceof ArrayBuffer) return `ArrayBuffer ${value.byteLength}`;
  if (value instanceof Blob) return `Blob ${value.size}`;
  if (Array.isArray(value)) return value.map(plain);

  if (typeof value === 'object' && value !== null) {
    return `object ${value.constructor.name}`;
  }

  return value;
}

class Transcript {
  /**
   * @param {TestContext} t The test
   * @param {WebSocket} implementation The implementation
   */
  constructor(t, implementation) {
    this.t = t;
    this.implementation = implementation;
    this.lines = [];
  }

  note(...values) {
    this.lines.push(values.map(plain));
  }

  /**
   * Note what a call returns or throws.
   */
  attempt(label, fn) {
    try {
      this.note(label, 'returned', fn());
    } catch (err) {
      this.note(label, 'threw', err);
    }
  }

  /**
   * Wait for a callback and note its error, if any.
   */
  async callback(label, start) {
    const [err] = await called(start, label);

    this.note(label, err ?? 'no error');
  }

  async serve(options) {
    this.wss = await startServer(
      this.t,
      options,
      this.implementation.WebSocketServer
    );
    return this.wss;
  }

  /**
   * Open a raw connection; events of the server's end are noted apart from the
   * frames, since their relative order is the network's.
   */
  async open(options, request) {
    const wss = this.wss ?? (await this.serve(options));
    const connection = once(wss, 'connection');

    this.raw = await RawClient.connect(this.t, wss);
    this.raw.write(buildRequest(request));
    this.response = await this.raw.response();
    this.note('response', this.response.statusLine);
    [this.ws, this.req] = await connection;
    this.record = record(this.ws);
    return this;
  }

  /**
   * Send a request and note the whole answer.
   */
  async ask(options, request, events = []) {
    const wss = this.wss ?? (await this.serve(options));

    for (const name of events) {
      wss.on(name, (...args) => this.note(name, ...args.map(kindOf)));
    }

    const raw = await RawClient.connect(this.t, wss);

    raw.write(
      typeof request === 'string' || Buffer.isBuffer(request)
        ? request
        : buildRequest(request)
    );

    const response = await raw.response();

    this.note(response.head.replace(/^Date: .*$/m, 'Date: …'), response.body);
    return raw;
  }

  /**
   * End the peer's side and wait for the end; note the frames the server sent,
   * then its events.
   */
  async finish(...bytes) {
    if (bytes.length > 0) this.raw.write(...bytes);
    this.raw.socket.end();
    await this.drain();
  }

  async drain() {
    await this.record.until('close');
    await this.raw.end();
    await turns(2);

    let parsed;

    while ((parsed = parseFrame(this.raw.buffer)) !== undefined) {
      const { fin, rsv, opcode, masked, payload } = parsed.frame;

      this.raw.buffer = this.raw.buffer.subarray(parsed.consumed);
      this.note('frame', opcodeNames[opcode], fin, rsv, masked, payload);
    }

    this.note('rest of the wire', this.raw.buffer);
    for (const entry of this.record.log) this.note('event', ...entry);
    this.note('readyState', this.ws.readyState);
  }
}

function kindOf(value) {
  if (value instanceof Error) return value;
  if (Array.isArray(value)) return value;
  return typeof value === 'object' ? 'object' : value;
}

/**
 * Run a case.
 *
 * @param {TestContext} t The test
 * @param {WebSocket} implementation The implementation
 * @param {Function} run The case, given the transcript
 * @return {Promise<Array>} The lines
 */
async function transcribe(t, implementation, run) {
  const transcript = new Transcript(t, implementation);

  cleanup(t, () => transcript.raw?.destroy());
  await run(transcript);
  return transcript.lines;
}

module.exports = { transcribe };
