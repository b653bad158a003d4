'use strict';

// All errors that are built from numbers. A failed connection reaches
// JavaScript as the number of a protocol error and, for some, the offending
// value; a failed system call as its negative errno. Only this module knows
// their words. Misuse of the API is found, and thrown, where the API is.

const { getSystemErrorMap } = require('util');

const FRAME = 'Invalid WebSocket frame: ';
const READY_STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

// What zlib says about compressed data, by the core's number for it.
const DATA_ERRORS = [
  'Zlib error',
  'invalid block type',
  'invalid stored block lengths',
  'too many length or distance symbols',
  'invalid code lengths set',
  'invalid bit length repeat',
  'invalid code -- missing end-of-block',
  'invalid literal/lengths set',
  'invalid distances set',
  'invalid literal/length code',
  'invalid distance code',
  'invalid distance too far back'
];

/**
 * The reasons for failing a connection (RFC 6455 §7.1.7): the number by which
 * the core names each, the `code` of its error, the close code that goes to the
 * peer, the message (`%` stands for the offending value), and the class.
 */
// prettier-ignore
const rows = [
  [1, 'UNEXPECTED_RSV_2_3', 1002, FRAME + 'RSV2 and RSV3 must be clear', RangeError],
  [2, 'UNEXPECTED_RSV_1', 1002, FRAME + 'RSV1 must be clear', RangeError],
  [3, 'INVALID_OPCODE', 1002, FRAME + 'invalid opcode %', RangeError],
  [4, 'EXPECTED_FIN', 1002, FRAME + 'FIN must be set', RangeError],
  [5, 'EXPECTED_MASK', 1002, FRAME + 'MASK must be set', RangeError],
  [6, 'UNEXPECTED_MASK', 1002, FRAME + 'MASK must be clear', RangeError],
  [7, 'INVALID_CONTROL_PAYLOAD_LENGTH', 1002, FRAME + 'invalid payload length %', RangeError],
  [8, 'INVALID_CLOSE_CODE', 1002, FRAME + 'invalid status code %', RangeError],
  [9, 'INVALID_UTF8', 1007, FRAME + 'invalid UTF-8 sequence', Error],
  [10, 'UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009,
    'Unsupported WebSocket frame: payload length > 2^53 - 1', RangeError],
  [11, 'UNSUPPORTED_MESSAGE_LENGTH', 1009, 'Max payload size exceeded', RangeError],
  [12, 'TOO_MANY_BUFFERED_PARTS', 1008, 'Too many message fragments', RangeError],
  [13, 'TOO_MANY_BUFFERED_PARTS', 1008, 'Too many buffered chunks', RangeError]
];

/**
 * The table of protocol errors, by number. The core holds the same one.
 *
 * @type {Map<Number, {number: Number, class: Function, code: String,
 *     errno: (Number|undefined), closeCode: Number,
 *     message: function(*): String}>}
 */
const protocolErrors = new Map(
  rows.map(([number, name, closeCode, template, ErrorClass]) => [
    number,
    Object.freeze({
      number,
      class: ErrorClass,
      code: `WS_ERR_${name}`,
      closeCode,
      message: (parameter) => template.replace('%', parameter)
    })
  ])
);

// A compressed message that does not inflate. ws passes the error of Node's zlib
// on; the parameter says which of zlib's texts it has.
protocolErrors.set(
  14,
  Object.freeze({
    number: 14,
    class: Error,
    code: 'Z_DATA_ERROR',
    errno: -3,
    closeCode: 1007,
    message: (parameter) => DATA_ERRORS[parameter]
  })
);

/**
 * @param {Number} number The number of a protocol error
 * @return {Object} Its row of the table
 * @throws {Error} If there is none: the two tables differ
 */
function protocolErrorOf(number) {
  const row = protocolErrors.get(number);

  if (row === undefined) throw new Error(`Unknown protocol error: ${number}`);
  return row;
}

/**
 * Create the error with which a connection is failed.
 *
 * @param {Number} number The number of the protocol error
 * @param {Number} [parameter] The offending value, for those that name it, or
 *     the number of the text
 * @return {Error} The error, with `code` and, for one of zlib's, `errno`
 */
function createProtocolError(number, parameter) {
  const { class: ErrorClass, code, errno, message } = protocolErrorOf(number);
  const error = new ErrorClass(message(parameter));

  Error.captureStackTrace(error, createProtocolError);
  // In this order, as Node's zlib has them.
  if (errno !== undefined) error.errno = errno;
  error.code = code;
  return error;
}

/**
 * @param {Number} number The number of a protocol error
 * @return {Number} The close code that the peer is sent for it
 */
function closeCodeOf(number) {
  return protocolErrorOf(number).closeCode;
}

/**
 * Create the error that Node.js reports for a failed system call on an address.
 *
 * @param {Number} errno The negative errno
 * @param {String} syscall The system call, such as `listen`
 * @param {String} [address] The IP address, or the path of a socket
 * @param {Number} [port] The port; not named in the message unless positive
 * @return {Error} The error, with `code`, `errno`, `syscall` and, where given,
 *     `address` and `port`
 */
function createSystemError(errno, syscall, address, port) {
  const [code, description] = getSystemErrorMap().get(errno) ?? [
    'UNKNOWN',
    'unknown error'
  ];
  let message = `${syscall} ${code}: ${description}`;

  if (address) message += port > 0 ? ` ${address}:${port}` : ` ${address}`;

  const error = new Error(message);

  Error.captureStackTrace(error, createSystemError);
  Object.assign(error, { code, errno, syscall });
  if (address) error.address = address;
  if (port) error.port = port;
  return error;
}

/**
 * Create the error for sending on a WebSocket that is not open.
 *
 * @param {Number} readyState The ready state of the WebSocket
 * @return {Error} The error
 */
function createNotOpenError(readyState) {
  const error = new Error(
    `WebSocket is not open: readyState ${readyState} ` +
      `(${READY_STATES[readyState]})`
  );

  Error.captureStackTrace(error, createNotOpenError);
  return error;
}

/**
 * Create the error that the callback of a write gets when the socket was
 * destroyed before the data was written out, as Node's streams report it.
 *
 * @return {Error} The error, with `code`
 */
function createSocketDestroyedError() {
  const error = new Error('Cannot call write after a stream was destroyed');

  Error.captureStackTrace(error, createSocketDestroyedError);
  error.code = 'ERR_STREAM_DESTROYED';
  return error;
}

/**
 * The core failed: a defect of oxws. Only this connection is closed.
 *
 * @return {Error} The error, with `code`
 */
function createInternalError() {
  const err = new Error('The core of oxws failed');

  err.code = 'OXWS_ERR_INTERNAL';
  return err;
}

/**
 * A header is outside its grammar.
 *
 * @param {Object} fault What the core found
 * @param {Number} [fault.index] The character that can't stand where it does
 * @param {String} [fault.duplicate] The subprotocol that is named twice
 * @return {SyntaxError} The error
 */
function createHeaderError({ index, duplicate }) {
  let message = 'Unexpected end of input';

  if (duplicate !== undefined) {
    message = `The "${duplicate}" subprotocol is duplicated`;
  } else if (index !== undefined) {
    message = `Unexpected character at index ${index}`;
  }

  const err = new SyntaxError(message);

  Error.captureStackTrace(err, createHeaderError);
  return err;
}

module.exports = {
  closeCodeOf,
  createHeaderError,
  createInternalError,
  createNotOpenError,
  createProtocolError,
  createSocketDestroyedError,
  createSystemError,
  protocolErrors
};
