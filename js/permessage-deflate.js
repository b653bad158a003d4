'use strict';

/**
 * permessage-deflate (RFC 7692): what is offered and what is accepted. The work
 * itself is the core's, on connections as in `compress()` and `decompress()`.
 */

const addon = require('./binding');
const { createProtocolError } = require('./errors');

const DEFAULT_WINDOW_BITS = 15;
const DEFAULT_THRESHOLD = 1024;
const DEFAULT_CHUNK_SIZE = 16 * 1024;

// Bits of the first word, see `src/protocol/deflate/config.rs`.
const NEGOTIATED = 1;
const OWN_NO_CONTEXT_TAKEOVER = 2;
const PEER_NO_CONTEXT_TAKEOVER = 4;

// No payload is that long.
const UNREACHABLE_THRESHOLD = 0xffffffff;

const kCallbacks = Symbol('callbacks');
const kNative = Symbol('native');

/**
 * What a user may look at in place of zlib's streams.
 */
class Context {
  /**
   * @param {Object} [options] The options of a zlib stream
   */
  constructor({ chunkSize = DEFAULT_CHUNK_SIZE, level = -1 } = {}) {
    this._chunkSize = chunkSize;
    this._level = level;
  }
}

/**
 * One endpoint's permessage-deflate.
 */
class PerMessageDeflate {
  /**
   * @param {Object} [options] Configuration options
   * @param {(Boolean|Number)} [options.clientMaxWindowBits] The window size of
   *     the client: a client's support for it, or its wish; a server's demand
   * @param {Boolean} [options.clientNoContextTakeover] The client compresses
   *     each message by itself; `false`: it must not be asked to
   * @param {Number} [options.concurrencyLimit] Without meaning: the core has its
   *     own threads
   * @param {Boolean} [options.isServer=false] Which end this is
   * @param {Number} [options.maxPayload=0] The maximum length of a message in
   *     bytes; 0 for none
   * @param {(Boolean|Number)} [options.serverMaxWindowBits] The window size of
   *     the server; `false`: a server does not let itself be limited
   * @param {Boolean} [options.serverNoContextTakeover] The server compresses each
   *     message by itself; `false`: it does not let itself be asked to
   * @param {Number} [options.threshold=1024] Without context takeover, shorter
   *     messages than this number of bytes are not compressed
   * @param {Object} [options.zlibDeflateOptions] `level`, `memLevel` and
   *     `strategy` as for zlib; the others are without meaning
   * @param {Object} [options.zlibInflateOptions] Without meaning
   */
  constructor(options) {
    this._options = options || {};
    this._threshold =
      this._options.threshold !== undefined
        ? this._options.threshold
        : DEFAULT_THRESHOLD;
    this._maxPayload = this._options.maxPayload | 0;
    this._isServer = !!this._options.isServer;
    this._deflate = null;
    this._inflate = null;

    this.params = null;

    // Made on first use: most of these stand for what the core does.
    this[kCallbacks] = null;
    this[kNative] = null;
  }

  /**
   * @type {String}
   */
  static get extensionName() {
    return 'permessage-deflate';
  }

  /**
   * Create the offer of a client.
   *
   * @return {Object} The extension's parameters
   * @public
   */
  offer() {
    const options = this._options;
    const params = {};

    if (options.serverNoContextTakeover) {
      params.server_no_context_takeover = true;
    }
    if (options.clientNoContextTakeover) {
      params.client_no_context_takeover = true;
    }
    if (options.serverMaxWindowBits) {
      params.server_max_window_bits = options.serverMaxWindowBits;
    }

    const clientMaxWindowBits = options.clientMaxWindowBits ?? true;

    if (clientMaxWindowBits) {
      params.client_max_window_bits = clientMaxWindowBits;
    }
    return params;
  }

  /**
   * Accept one of a client's offers, or the server's response.
   *
   * @param {Object[]} configurations The parameters of each, as the header's
   *     parser gives them
   * @return {Object} The accepted parameters
   * @throws {Error} If none can be accepted
   * @public
   */
  accept(configurations) {
    configurations = this.normalizeParams(configurations);

    this.params = this._isServer
      ? this.acceptAsServer(configurations)
      : this.acceptAsClient(configurations);

    return this.params;
  }

  /**
   * Release the contexts. Who waits for compressed data gets an error.
   *
   * @public
   */
  cleanup() {
    const callbacks = [...(this[kCallbacks] ?? [])];

    this[kCallbacks]?.clear();
    this[kNative] = null;
    this._deflate = null;
    this._inflate = null;

    for (const { callback, compressing } of callbacks) {
      if (compressing) {
        callback(
          new Error(
            'The deflate stream was closed while data was being processed'
          )
        );
      }
    }
  }

  /**
   * @param {Object[]} offers The normalized parameters of a client's offers
   * @return {Object} The first that can be accepted, with what we add
   * @throws {Error} If there is none
   * @private
   */
  acceptAsServer(offers) {
    const {
      clientMaxWindowBits,
      clientNoContextTakeover,
      serverMaxWindowBits,
      serverNoContextTakeover
    } = this._options;
    const accepted = offers.find((offer) => this.isAcceptable(offer));

    if (!accepted) {
      throw new Error('None of the extension offers can be accepted');
    }

    if (serverNoContextTakeover) accepted.server_no_context_takeover = true;
    if (clientNoContextTakeover) accepted.client_no_context_takeover = true;
    if (typeof serverMaxWindowBits === 'number') {
      accepted.server_max_window_bits = serverMaxWindowBits;
    }
    if (typeof clientMaxWindowBits === 'number') {
      accepted.client_max_window_bits = clientMaxWindowBits;
    } else if (
      accepted.client_max_window_bits === true ||
      clientMaxWindowBits === false
    ) {
      // `true` is a client's support for what we do not ask for.
      delete accepted.client_max_window_bits;
    }
    return accepted;
  }

  /**
   * @param {Object} offer The normalized parameters of a client's offer
   * @return {Boolean} Whether the options of this server allow it
   * @private
   */
  isAcceptable(offer) {
    const {
      clientMaxWindowBits,
      serverMaxWindowBits,
      serverNoContextTakeover
    } = this._options;

    if (serverNoContextTakeover === false && offer.server_no_context_takeover) {
      return false;
    }
    if (offer.server_max_window_bits) {
      if (serverMaxWindowBits === false) return false;
      if (
        typeof serverMaxWindowBits === 'number' &&
        serverMaxWindowBits > offer.server_max_window_bits
      ) {
        return false;
      }
    }
    if (typeof clientMaxWindowBits === 'number') {
      // Without support for it a client's window can't be limited, and a client
      // that offers less can't be asked for more.
      if (typeof offer.client_max_window_bits === 'number') {
        return clientMaxWindowBits <= offer.client_max_window_bits;
      }
      return !!offer.client_max_window_bits;
    }
    return true;
  }

  /**
   * @param {Object[]} response The normalized parameters of the server's response
   * @return {Object} What is agreed
   * @throws {Error} If that was not offered
   * @private
   */
  acceptAsClient(response) {
    const { clientMaxWindowBits, clientNoContextTakeover } = this._options;
    const params = response[0];

    if (
      clientNoContextTakeover === false &&
      params.client_no_context_takeover
    ) {
      throw new Error('Unexpected parameter "client_no_context_takeover"');
    }

    if (!params.client_max_window_bits) {
      if (typeof clientMaxWindowBits === 'number') {
        params.client_max_window_bits = clientMaxWindowBits;
      }
    } else if (
      clientMaxWindowBits === false ||
      (typeof clientMaxWindowBits === 'number' &&
        params.client_max_window_bits > clientMaxWindowBits)
    ) {
      throw new Error(
        'Unexpected or invalid parameter "client_max_window_bits"'
      );
    }
    return params;
  }

  /**
   * Replace the list of a parameter's values by the one that it may have.
   *
   * @param {Object[]} configurations The parameters of offers, or of a response
   * @return {Object[]} The same objects
   * @throws {(Error|TypeError)} If a parameter or a value is invalid
   * @private
   */
  normalizeParams(configurations) {
    for (const params of configurations) {
      for (const name of Object.keys(params)) {
        const values = params[name];

        if (values.length > 1) {
          throw new Error(`Parameter "${name}" must have only a single value`);
        }
        params[name] = this.normalizeValue(name, values[0]);
      }
    }
    return configurations;
  }

  /**
   * @param {String} name A parameter's name
   * @param {(String|Boolean)} value Its value; `true` if there is none
   * @return {(Number|Boolean)} What it means
   * @throws {(Error|TypeError)} If it is invalid
   * @private
   */
  normalizeValue(name, value) {
    let valid;

    switch (name) {
      case 'client_no_context_takeover':
      case 'server_no_context_takeover':
        valid = value === true;
        break;
      case 'client_max_window_bits':
        if (value === true && this._isServer) return true;
      // Falls through: all but a client's support needs a number.
      case 'server_max_window_bits': {
        const bits = +value;

        valid = Number.isInteger(bits) && bits >= 8 && bits <= 15;
        value = valid ? bits : value;
        break;
      }
      default:
        throw new Error(`Unknown parameter "${name}"`);
    }

    if (!valid) {
      throw new TypeError(`Invalid value for parameter "${name}": ${value}`);
    }
    return value;
  }

  /**
   * Decompress the payload of a frame.
   *
   * @param {Buffer} data The compressed data
   * @param {Boolean} fin Whether the frame is its message's last
   * @param {Function} callback Called with an error, or with `null` and the data
   * @public
   */
  decompress(data, fin, callback) {
    const native = nativeOf(this);

    this._inflate ??= new Context(this._options.zlibInflateOptions);

    const result = native.decompress(
      toBuffer(data),
      !!fin,
      Math.max(this._maxPayload, 0)
    );
    const { number, parameter } = result;

    if (number === undefined) respond(this, callback, false, null, result);
    else {
      this._inflate = null;
      respond(this, callback, false, createProtocolError(number, parameter));
    }
  }

  /**
   * Compress the payload of a frame.
   *
   * @param {(Buffer|String)} data The data
   * @param {Boolean} fin Whether the frame is its message's last
   * @param {Function} callback Called with an error, or with `null` and the
   *     compressed data
   * @public
   */
  compress(data, fin, callback) {
    const native = nativeOf(this);

    this._deflate ??= new Context(this._options.zlibDeflateOptions);
    respond(this, callback, true, null, native.compress(toBuffer(data), !!fin));
  }
}

/**
 * @param {PerMessageDeflate} perMessageDeflate An accepted one
 * @return {Object} The contexts of its own that the core has for it
 * @private
 */
function nativeOf(perMessageDeflate) {
  return (perMessageDeflate[kNative] ??= new addon.Deflate(
    deflateWordsOf(perMessageDeflate)
  ));
}

/**
 * Call back later, and in the order of the calls.
 *
 * @param {PerMessageDeflate} perMessageDeflate Whose `cleanup()` prevents it
 * @param {Function} callback The callback
 * @param {Boolean} compressing Whether it waits for compressed data
 * @param {Error} err The error, or `null`
 * @param {Buffer} [result] The data
 * @private
 */
function respond(perMessageDeflate, callback, compressing, err, result) {
  const callbacks = (perMessageDeflate[kCallbacks] ??= new Set());
  const entry = { callback, compressing };

  callbacks.add(entry);
  setImmediate(() => {
    if (!callbacks.delete(entry)) return;
    if (err) callback(err);
    else callback(null, result);
  });
}

/**
 * @param {(String|Buffer|TypedArray|DataView)} data The data
 * @return {Buffer} Its bytes
 * @private
 */
function toBuffer(data) {
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) {
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }
  return Buffer.from(data);
}

/**
 * The configuration of permessage-deflate as the core reads it
 * (`DeflateConfig::from_words`).
 *
 * 1. Bits 0 to 2: negotiated, own and peer's no context takeover; bits 8 to 15
 *    and 16 to 23: own and peer's `max_window_bits`.
 * 2. Bits 0 to 7: the level plus 1; 8 to 15: `memLevel`; 16 to 23: strategy.
 * 3. The threshold in bytes; 2^32 - 1 is never reached.
 *
 * @param {PerMessageDeflate} [perMessageDeflate] What was accepted, if it was
 * @return {Number[]} The words; all are 0 if nothing was negotiated
 */
function deflateWordsOf(perMessageDeflate) {
  if (!perMessageDeflate) return [0, 0, 0];

  const { params, _isServer: isServer, _options: options } = perMessageDeflate;
  const own = isServer ? 'server' : 'client';
  const peer = isServer ? 'client' : 'server';
  const windowBits = (endpoint) =>
    integer(
      params[`${endpoint}_max_window_bits`],
      8,
      DEFAULT_WINDOW_BITS,
      DEFAULT_WINDOW_BITS
    );
  const { level, memLevel, strategy } = options.zlibDeflateOptions ?? {};

  return [
    NEGOTIATED |
      (params[`${own}_no_context_takeover`] ? OWN_NO_CONTEXT_TAKEOVER : 0) |
      (params[`${peer}_no_context_takeover`] ? PEER_NO_CONTEXT_TAKEOVER : 0) |
      (windowBits(own) << 8) |
      (windowBits(peer) << 16),
    (integer(level, -1, 9, -1) + 1) |
      (integer(memLevel, 1, 9, 8) << 8) |
      (integer(strategy, 0, 4, 0) << 16),
    thresholdOf(perMessageDeflate._threshold)
  ];
}

/**
 * @param {*} value An option
 * @param {Number} min The least that it may be
 * @param {Number} max The most
 * @param {Number} otherwise What it is if it is out of range
 * @return {Number} An integer
 * @private
 */
function integer(value, min, max, otherwise) {
  return value >= min && value <= max ? Math.trunc(value) : otherwise;
}

/**
 * @param {*} threshold The option
 * @return {Number} The least integer that is not below it
 * @private
 */
function thresholdOf(threshold) {
  const bytes = Math.ceil(threshold);

  if (bytes <= 0) return 0;
  return bytes < UNREACHABLE_THRESHOLD ? bytes : UNREACHABLE_THRESHOLD;
}

// Users get this class; what is not for them is not to be seen.
Object.defineProperty(PerMessageDeflate, 'deflateWordsOf', {
  value: deflateWordsOf
});

module.exports = PerMessageDeflate;
