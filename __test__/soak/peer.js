'use strict';

//
// A client that is cheap enough for many thousands and as rude as it is told.
//

const { Opcode, parseFrame, pong } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { connect } = require('./mode');
const { within } = require('./waiting');

const TIMEOUT = 15_000;
const HEAD_END = Buffer.from('\r\n\r\n');

class Peer {
  /**
   * @param {Object} options Options of `net.connect()`, and
   * @param {Boolean} [options.answersPings=false] Whether to answer pings
   */
  constructor({ answersPings = false, ...options }) {
    this.answersPings = answersPings;
    this.error = null;
    this.hasEnded = false;
    this.frames = [];
    // What to do with a frame; by default it waits for `frame()`.
    this.onframe = (frame) => this.frames.push(frame);
    this.socket = connect({ host: '127.0.0.1', ...options });
    this._buffer = Buffer.alloc(0);
    this._head = null;
    this._notify = () => {};
    this.ended = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.hasEnded = true;
        this._notify();
        resolve();
      });
    });

    this.socket.setNoDelay();
    this.socket.on('error', (err) => {
      this.error = err;
    });
    this.socket.on('data', (chunk) => this._handle(chunk));
  }

  /**
   * Connect and do the opening handshake.
   *
   * @param {Object} options As for the constructor, and
   * @param {String} [options.target='/'] The request target
   * @return {Promise<Peer>} The peer
   */
  static async open({ target = '/', ...options }) {
    const peer = new Peer(options);

    peer.write(buildRequest({ target }));
    await peer.opened();
    return peer;
  }

  /**
   * Wait for the answer to the opening handshake.
   *
   * @param {Number} [timeout] How long it may take
   */
  async opened(timeout = TIMEOUT) {
    await this._until(() => this.wasOpened, timeout, 'the handshake');
    if (!this._head.startsWith('HTTP/1.1 101 ')) throw new Error(this._head);
  }

  /**
   * @type {Boolean}
   */
  get isOpen() {
    return this.wasOpened && !this.hasEnded;
  }

  /**
   * @type {Boolean}
   */
  get wasOpened() {
    return this._head !== null;
  }

  /**
   * @param {Buffer|String} bytes What to write
   */
  write(bytes) {
    this.socket.write(bytes);
  }

  /**
   * @param {Number} [timeout] How long it may take
   * @return {Promise<Object>} The next frame
   */
  async frame(timeout = TIMEOUT) {
    await this._until(() => this.frames.length > 0, timeout, 'a frame');
    return this.frames.shift();
  }

  /**
   * Wait until the connection is gone.
   */
  end() {
    return within(this.ended, TIMEOUT, 'the end of a connection');
  }

  /**
   * Close the connection with a FIN, or a RST if there is unread data.
   */
  destroy() {
    this.socket.destroy();
  }

  /**
   * Close the connection with a RST, which TLS does not offer.
   */
  reset() {
    if (this.socket.encrypted) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  async _until(condition, timeout, what) {
    while (!condition()) {
      if (this.hasEnded) {
        throw new Error(
          `The connection ended (${this.error?.code ?? 'FIN'}) before ${what}`
        );
      }

      await within(
        new Promise((resolve) => {
          this._notify = resolve;
        }),
        timeout,
        what
      );
    }
  }

  _handle(chunk) {
    this._buffer =
      this._buffer.length === 0 ? chunk : Buffer.concat([this._buffer, chunk]);

    if (this._head === null) {
      const end = this._buffer.indexOf(HEAD_END);

      if (end === -1) return;
      this._head = this._buffer.latin1Slice(0, end);
      this._buffer = this._buffer.subarray(end + HEAD_END.length);
    }

    for (;;) {
      const parsed = parseFrame(this._buffer);

      if (parsed === undefined) break;
      this._buffer = this._buffer.subarray(parsed.consumed);
      if (parsed.frame.opcode === Opcode.PING && this.answersPings) {
        this.write(pong(parsed.frame.payload));
      } else {
        this.onframe(parsed.frame);
      }
    }

    this._notify();
  }
}

module.exports = { Peer };
