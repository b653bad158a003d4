'use strict';

//
// Runs one case on one implementation over one transport and writes down all
// that could be seen of it: events with their order and arguments, errors,
// return values, and the bytes on the wire.
//

const { cleanup } = require('../support/cleanup');
const { answer } = require('../support/client');
const { called, once, turns } = require('../support/deadline');
const { parseFrame } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { RawClient } = require('../support/raw-client');
const { record } = require('../support/record');
const { Opcode, build } = require('./frames');
const { Inflater } = require('./deflate');
const { kindOf, plain } = require('./plain');

const RSV1 = 4;
const opcodeNames = Object.fromEntries(
  Object.entries(Opcode).map(([name, value]) => [value, name.toLowerCase()])
);

class Transcript {
  /**
   * @param {TestContext} t The test
   * @param {WebSocket} implementation The implementation
   * @param {Object} transport See `transports.js`
   */
  constructor(t, implementation, transport) {
    this.t = t;
    this.implementation = implementation;
    this.transport = transport;
    this.isClient = transport.isClient === true;
    this.lines = [];
    // Of the implementation: its server, if it is one, and its WebSocket, with
    // the record of its events.
    this.wss = null;
    this.ws = null;
    this.record = null;
    // The peer.
    this.raw = null;
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

  /**
   * Start the server of the implementation.
   *
   * @param {Object} [options] Its options
   * @return {Promise<WebSocketServer>} The server
   */
  async serve(options) {
    this.wss = await this.transport.serve(this, options);
    return this.wss;
  }

  /**
   * Start Node's server alone.
   *
   * @return {Promise<http.Server>} The server
   */
  async serveHttp() {
    await this.transport.serve(this, null);
    return this.httpServer;
  }

  /**
   * Start what a client is to connect to.
   *
   * @return {Promise<Object>} The URL, and `peer()`
   */
  async listen() {
    this.listener = await this.transport.listen(this);
    return this.listener;
  }

  /**
   * Make a client of the implementation, which begins to connect.
   *
   * @param {Object} [options] Its options
   * @param {(String|String[])} [protocols] The subprotocols
   * @return {WebSocket} The client
   */
  dial(options, protocols) {
    this.watch(
      new this.implementation(this.listener.url, protocols, {
        ...this.transport.options,
        ...options
      })
    );
    return this.ws;
  }

  /**
   * Take the connection of a client and read its request.
   *
   * @return {Promise<Object>} The request, as `answer()` takes it
   */
  async request() {
    this.raw = new RawClient(await this.listener.peer());

    const { head } = await this.raw.take(parseRequest, 'a request');
    const [requestLine, ...lines] = head.split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const index = line.indexOf(': ');

        return [line.slice(0, index).toLowerCase(), line.slice(index + 2)];
      })
    );

    return { head, requestLine, headers };
  }

  /**
   * Open a connection. The peer is a raw one.
   *
   * @param {Object} [options] Options of the server, or of the client
   * @param {Object} [handshake]
   * @param {String} [handshake.extensions] What a client that is the peer
   *     offers, or what a server that is the peer accepts
   * @param {String} [handshake.target] The request target
   * @param {(Function|Buffer|String)[]} [handshake.head] What the peer sends
   *     right behind its part of the handshake
   * @return {Promise<Transcript>} This
   */
  async open(options, handshake = {}) {
    if (this.isClient) await this._openClient(options, handshake);
    else await this._openServer(options, handshake);
    return this;
  }

  async _openServer(options, { extensions, head = [], target }) {
    const wss = this.wss ?? (await this.serve(options));
    const connection = once(wss, 'connection');

    wss.once('connection', (ws, req) => {
      this.watch(ws);
      this.req = req;
    });
    await this.connectRaw();
    this.write(
      buildRequest({
        target,
        headers: extensions && { 'Sec-WebSocket-Extensions': extensions }
      }),
      ...head
    );
    this.response = await this.raw.response();
    this.note(
      'response',
      this.response.statusLine,
      this.response.headers['sec-websocket-extensions']
    );
    await connection;
  }

  async _openClient(options, { extensions, head = [] }) {
    if (this.listener === undefined) await this.listen();

    const ws = this.dial(options);
    const open = once(ws, 'open');
    const request = await this.request();

    this.note('offer', request.headers['sec-websocket-extensions']);
    answer(
      request,
      this.raw.socket,
      { 'Sec-WebSocket-Extensions': extensions },
      build(head, false)
    );
    await open;
  }

  /**
   * Record the events of a WebSocket, which are noted apart from the frames:
   * their relative order is the network's.
   */
  watch(ws) {
    this.ws = ws;
    this.record = record(ws);
    cleanup(this.t, () => {
      if (ws.readyState !== ws.CLOSED) {
        ws.on('error', () => {});
        ws.terminate();
      }
    });
  }

  /**
   * Note the arguments of an event of the WebSocket, among the others.
   */
  watchAlso(name) {
    this.ws.on(name, (...args) => {
      this.record.log.push([name, ...args.map(kindOf)]);
    });
  }

  /**
   * Connect the peer to the server of the implementation.
   *
   * @return {Promise<RawClient>} The peer
   */
  async connectRaw() {
    this.raw = new RawClient(await this.transport.connect(this));
    return this.raw;
  }

  /**
   * @param {...(Buffer|Function|String)} pieces Frames and bytes
   * @return {Buffer} What the peer sends for them
   */
  bytes(...pieces) {
    return build(pieces, !this.isClient);
  }

  /**
   * Let the peer write as one piece.
   *
   * @param {...(Buffer|Function|String)} pieces Frames and bytes
   */
  write(...pieces) {
    const bytes = this.bytes(...pieces);

    if (bytes.length > 0) this.raw.socket.write(bytes);
  }

  /**
   * Send a request and note the whole answer.
   */
  async ask(options, request, events = []) {
    const wss = this.wss ?? (await this.serve(options));

    for (const name of events) {
      wss.on(name, (...args) => this.note(name, ...args.map(kindOf)));
    }

    const raw = await this.connectRaw();

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
   * Wait until the peer has a number of whole frames.
   */
  async received(count) {
    await this._receivedUntil((frames) => frames === count);
  }

  /**
   * Wait until the peer has a close frame.
   */
  async receivedClose() {
    await this._receivedUntil((_, opcode) => opcode === Opcode.CLOSE);
  }

  async _receivedUntil(isLast) {
    const seen = (buffer) => {
      for (let i = 1; ; i++) {
        const parsed = parseFrame(buffer);

        if (parsed === undefined) return undefined;
        if (isLast(i, parsed.frame.opcode)) return { consumed: 0 };
        buffer = buffer.subarray(parsed.consumed);
      }
    };

    await this.raw.take(seen, 'frames');
  }

  /**
   * End the peer's side and wait for the end; note the frames that it got, then
   * the events.
   *
   * @param {...(Buffer|Function|String)} pieces What the peer sends before
   */
  async finish(...pieces) {
    this.write(...pieces);
    this.raw.socket.end();
    await this.drain();
  }

  /**
   * As `finish()`, without an end of the peer's.
   */
  async drain() {
    await this.record.until('close');
    await this.raw.end();
    await turns(2);
    this.noteFrames();
    for (const entry of this.record.log) this.note('event', ...entry);
    this.note('readyState', this.ws.readyState);
  }

  /**
   * Wait until a client has failed, and note how.
   */
  async noteFailure() {
    await this.record.until('close');
    await turns(2);
    for (const entry of this.record.log) this.note('event', ...entry);
    this.note('readyState', this.ws.readyState);
    this.raw?.destroy();
  }

  noteFrames() {
    const inflater = new Inflater();
    // The payloads of a compressed message that is not complete.
    let compressed = null;
    let parsed;

    while ((parsed = parseFrame(this.raw.buffer)) !== undefined) {
      const { fin, rsv, opcode, masked, payload } = parsed.frame;
      const name = opcodeNames[opcode];

      this.raw.buffer = this.raw.buffer.subarray(parsed.consumed);

      if (rsv === RSV1) compressed = [];

      if (compressed === null || opcode >= Opcode.CLOSE) {
        this.note('frame', name, fin, rsv, masked, payload);
      } else {
        // The bytes are the compressor's own business.
        compressed.push(payload);
        this.note('frame', name, fin, rsv, masked, 'compressed');

        if (fin) {
          this.note('inflated', inflater.inflate(Buffer.concat(compressed)));
          compressed = null;
        }
      }
    }

    this.note('rest of the wire', this.raw.buffer);
  }
}

function parseRequest(buffer) {
  const end = buffer.indexOf('\r\n\r\n');

  if (end === -1) return undefined;
  return { consumed: end + 4, head: buffer.toString('latin1', 0, end) };
}

/**
 * Run a case.
 *
 * @param {TestContext} t The test
 * @param {WebSocket} implementation The implementation
 * @param {Object} transport See `transports.js`
 * @param {Function} run The case, given the transcript
 * @return {Promise<Array>} The lines
 */
async function transcribe(t, implementation, transport, run) {
  const transcript = new Transcript(t, implementation, transport);

  cleanup(t, () => transcript.raw?.destroy());
  await run(transcript);
  return transcript.lines;
}

module.exports = { transcribe };
