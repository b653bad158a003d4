'use strict';

//
// Frames of the peer, whichever end it is: a client masks, a server does not.
// Each is a function that builds the frame, given whether the peer is a client;
// `mask: false` says that it does the wrong thing.
//

const frame = require('../support/frame');

/**
 * @param {Function} build The builder, of whose arguments the last is options
 * @param {Number} arity The number of its arguments
 * @return {Function} A builder of functions
 */
function later(build, arity) {
  return (...args) => {
    const options = { mask: true, ...args[arity - 1] };

    return (isClient) => {
      const full = [...args];

      full[arity - 1] = { ...options, mask: options.mask === isClient };
      return build(...full);
    };
  };
}

/**
 * @param {Function} piece A frame
 * @param {Number} start The first byte
 * @param {Number} [end] The byte behind the last
 * @return {Function} A part of the frame
 */
function part(piece, start, end) {
  return (isClient) => piece(isClient).subarray(start, end);
}

/**
 * @param {(Buffer|Function|String)[]} pieces Frames and bytes
 * @param {Boolean} isClient Whether it is a client that sends them
 * @return {Buffer} All as one piece
 */
function build(pieces, isClient) {
  return Buffer.concat(
    pieces.map((piece) =>
      typeof piece === 'function' ? piece(isClient) : Buffer.from(piece)
    )
  );
}

module.exports = {
  Opcode: frame.Opcode,
  binary: later(frame.binary, 2),
  build,
  buildFrame: later(frame.buildFrame, 1),
  close: later(frame.close, 3),
  continuation: later(frame.continuation, 2),
  part,
  ping: later(frame.ping, 2),
  pong: later(frame.pong, 2),
  text: later(frame.text, 2)
};
