'use strict';

//
// Builds and parses WebSocket frames (RFC 6455 §5.2). The builder obeys
// whatever it is told, since most of its frames are meant to be wrong; the
// parser refuses what a server must never send.
//

const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa
};

const MASKING_KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/**
 * Build a frame.
 *
 * @param {Object} [options] Options object
 * @param {Boolean} [options.fin=true] The FIN bit
 * @param {Boolean} [options.rsv1=false] The RSV1 bit
 * @param {Boolean} [options.rsv2=false] The RSV2 bit
 * @param {Boolean} [options.rsv3=false] The RSV3 bit
 * @param {Number} [options.opcode=1] The opcode
 * @param {(Buffer|Boolean)} [options.mask=true] The masking key, or whether to
 *     mask
 * @param {(Buffer|String)} [options.payload=''] The payload data
 * @param {(Number|BigInt)} [options.declaredLength] The payload length written
 *     in the header, if not the real one
 * @param {Number} [options.lengthBits] 7, 16 or 64: the form of the payload
 *     length, if not the shortest
 * @return {Buffer} The frame
 */
function buildFrame({
  fin = true,
  rsv1 = false,
  rsv2 = false,
  rsv3 = false,
  opcode = Opcode.TEXT,
  mask = true,
  payload = '',
  declaredLength,
  lengthBits
} = {}) {
  payload = Buffer.from(payload);

  const length = BigInt(declaredLength ?? payload.length);
  const bits = lengthBits ?? (length < 126n ? 7 : length < 65536n ? 16 : 64);
  const header = Buffer.alloc({ 7: 2, 16: 4, 64: 10 }[bits]);

  header[0] = opcode;
  if (fin) header[0] |= 0x80;
  if (rsv1) header[0] |= 0x40;
  if (rsv2) header[0] |= 0x20;
  if (rsv3) header[0] |= 0x10;

  if (bits === 7) {
    header[1] = Number(length);
  } else if (bits === 16) {
    header[1] = 126;
    header.writeUInt16BE(Number(length), 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(length, 2);
  }

  if (!mask) return Buffer.concat([header, payload]);

  const key = mask === true ? MASKING_KEY : mask;

  header[1] |= 0x80;
  for (let i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];

  return Buffer.concat([header, key, payload]);
}

/**
 * Build the payload of a close frame.
 *
 * @param {Number} [code] The status code
 * @param {(Buffer|String)} [reason=''] The reason
 * @return {Buffer} The payload
 */
function closePayload(code, reason = '') {
  if (code === undefined) return Buffer.alloc(0);

  const head = Buffer.alloc(2);

  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/**
 * Parse a frame sent by a server.
 *
 * @param {Buffer} buffer The received bytes
 * @return {(Object|undefined)} The frame and the number of bytes it took, or
 *     `undefined` if there is no whole frame yet
 */
function parseFrame(buffer) {
  if (buffer.length < 2) return undefined;

  let length = buffer[1] & 0x7f;
  let offset = 2;

  if (length === 126) {
    if (buffer.length < 4) return undefined;
    length = buffer.readUInt16BE(2);
    offset = 4;
  } else if (length === 127) {
    if (buffer.length < 10) return undefined;
    length = Number(buffer.readBigUInt64BE(2));
    offset = 10;
  }

  if ((buffer[1] & 0x80) !== 0 && buffer.length < offset + 4) return undefined;

  const masked = (buffer[1] & 0x80) !== 0;
  const key = masked ? buffer.subarray(offset, offset + 4) : undefined;

  if (masked) offset += 4;
  if (buffer.length < offset + length) return undefined;

  const payload = Buffer.from(buffer.subarray(offset, offset + length));

  if (masked) for (let i = 0; i < length; i++) payload[i] ^= key[i & 3];

  return {
    consumed: offset + length,
    frame: {
      fin: (buffer[0] & 0x80) !== 0,
      rsv: (buffer[0] >> 4) & 0x7,
      opcode: buffer[0] & 0x0f,
      masked,
      payload
    }
  };
}

const text = (payload, options) =>
  buildFrame({ opcode: Opcode.TEXT, payload, ...options });
const binary = (payload, options) =>
  buildFrame({ opcode: Opcode.BINARY, payload, ...options });
const continuation = (payload, options) =>
  buildFrame({ opcode: Opcode.CONTINUATION, payload, ...options });
const ping = (payload, options) =>
  buildFrame({ opcode: Opcode.PING, payload, ...options });
const pong = (payload, options) =>
  buildFrame({ opcode: Opcode.PONG, payload, ...options });
const close = (code, reason, options) =>
  buildFrame({
    opcode: Opcode.CLOSE,
    payload: closePayload(code, reason),
    ...options
  });

module.exports = {
  Opcode,
  binary,
  buildFrame,
  close,
  closePayload,
  continuation,
  parseFrame,
  ping,
  pong,
  text
};
