'use strict';

//
// A WebSocket client that knows no rules: it writes the bytes it is given and
// reports what the server sent. It plays the server of a client as well.
//

const assert = require('node:assert');
const net = require('node:net');

const { cleanup } = require('./cleanup');
const { deadline } = require('./deadline');
const { Opcode, parseFrame } = require('./frame');
const { acceptFor, buildRequest, parseResponse } = require('./handshake');

class RawClient {
  /**
   * @param {net.Socket} socket A connected socket
   */
  constructor(socket) {
    this.socket = socket;
    this.buffer = Buffer.alloc(0);
    this.ended = false;
    this.error = null;
    this.isServer = false;
    this.notify = () => {};

    // Not every stream is a socket.
    socket.setNoDelay?.();
    socket.on('data', (chunk) => {
      this.buffer = Buffer.concat([this.buffer, chunk]);
      this.notify();
    });
    socket.on('end', () => this.finish());
    socket.on('close', () => this.finish());
    socket.on('error', (err) => {
      this.error = err;
      this.finish();
    });
  }

  /**
   * Open a connection.
   *
   * @param {TestContext} t The test that owns the client
   * @param {(Number|String|WebSocketServer)} target The port, the path of a
   *     socket, or the server
   * @return {Promise<RawClient>} The client
   */
  static async connect(t, target) {
    const address = typeof target === 'object' ? target.address() : target;
    const where =
      typeof address === 'string'
        ? { path: address }
        : { port: address.port ?? address, host: '127.0.0.1' };
    const socket = net.connect({ ...where, allowHalfOpen: true });
    const client = new RawClient(socket);

    cleanup(t, () => client.destroy());
    await deadline(
      new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      }),
      'the connection'
    );

    return client;
  }

  finish() {
    this.ended = true;
    this.notify();
  }

  /**
   * Write bytes.
   *
   * @param {...(Buffer|String)} chunks What to write, as one piece
   */
  write(...chunks) {
    this.socket.write(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))));
  }

  /**
   * Write each byte by a write of its own, and give the event loop a turn
   * between them, so that they arrive one by one.
   *
   * @param {(Buffer|String)} bytes What to write
   */
  async writeSlowly(bytes) {
    for (const byte of Buffer.from(bytes)) {
      this.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /**
   * Send an opening handshake and expect it to be accepted.
   *
   * @param {Object} [options] As for `buildRequest()`
   * @return {Promise<Object>} The response
   */
  async handshake(options) {
    this.write(buildRequest(options));

    const response = await this.response();

    assert.strictEqual(response.status, 101, response.head);
    assert.strictEqual(response.headers['sec-websocket-accept'], acceptFor());
    return response;
  }

  /**
   * Wait until the received bytes satisfy a parser.
   *
   * @param {Function} parse Returns `undefined` for "not yet"
   * @param {String} what The name of what is awaited
   * @return {Promise<Object>} What `parse` returned
   */
  async take(parse, what) {
    for (;;) {
      const parsed = parse(this.buffer);

      if (parsed !== undefined) {
        this.buffer = this.buffer.subarray(parsed.consumed);
        return parsed;
      }

      if (this.ended) {
        throw new Error(
          `The connection ended (${this.error?.code ?? 'FIN'}) before ${what}`
        );
      }

      await this.change(what);
    }
  }

  change(what) {
    return deadline(
      new Promise((resolve) => {
        this.notify = resolve;
      }),
      what
    );
  }

  /**
   * @return {Promise<Object>} The next HTTP response
   */
  async response() {
    return (await this.take(parseResponse, 'an HTTP response')).response;
  }

  /**
   * @return {Promise<Object>} The next frame
   */
  async frame() {
    const { frame } = await this.take(parseFrame, 'a frame');

    // RFC 6455 §5.1: a client masks all frames, a server none.
    assert.strictEqual(frame.masked, this.isServer, 'MASK');
    return frame;
  }

  /**
   * Wait for the next frame and compare it.
   *
   * @param {Number} opcode The expected opcode
   * @param {(Buffer|String)} [payload] The expected payload data
   */
  async expectFrame(opcode, payload = '') {
    const frame = await this.frame();

    assert.strictEqual(frame.opcode, opcode, 'opcode');
    assert.strictEqual(frame.fin, true, 'FIN');
    assert.strictEqual(frame.rsv, 0, 'RSV');
    assert.strictEqual(
      frame.payload.compare(Buffer.from(payload)),
      0,
      'payload data'
    );
  }

  /**
   * Wait for a close frame and compare it.
   *
   * @param {Number} [code] The expected status code; none for an empty payload
   * @param {String} [reason=''] The expected reason
   */
  async expectClose(code, reason = '') {
    const { opcode, payload } = await this.frame();

    assert.strictEqual(opcode, Opcode.CLOSE, 'opcode');

    if (code === undefined) {
      assert.strictEqual(payload.length, 0);
      return;
    }

    assert.strictEqual(payload.readUInt16BE(0), code, 'status code');
    assert.strictEqual(payload.toString('utf8', 2), reason, 'reason');
  }

  /**
   * Wait until the server has ended the connection.
   *
   * @return {Promise<Buffer>} The bytes not taken before
   */
  async end() {
    while (!this.ended) await this.change('the end of the connection');
    return this.buffer;
  }

  /**
   * Wait until the server has ended the connection, and expect no more bytes.
   */
  async expectEnd() {
    const rest = await this.end();

    assert.strictEqual(rest.length, 0, `unexpected bytes: ${rest}`);
  }

  destroy() {
    this.socket.destroy();
  }
}

module.exports = { RawClient };
