/**
 * Types of the package, written by hand. They are a superset of what
 * `@types/ws` declares: code typed against it compiles unchanged. This file
 * serves `require`; `index.d.mts` hands its members on to `import`.
 */

import { EventEmitter } from 'events';
import {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server as HTTPServer
} from 'http';
import { Server as HTTPSServer } from 'https';
import { createConnection } from 'net';
import { Duplex, DuplexOptions, Writable } from 'stream';
import { SecureContextOptions } from 'tls';
import { URL } from 'url';
import { ZlibOptions } from 'zlib';

/**
 * What can be sent: text, a Blob, and all from which `Buffer.from()` makes
 * bytes. A number is sent as its decimal text.
 */
type BufferLike =
  | string
  | number
  | Buffer
  | Uint8Array
  | DataView
  | ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly number[]
  | readonly any[]
  | { valueOf(): string }
  | { valueOf(): Uint8Array }
  | { valueOf(): ArrayBuffer }
  | { valueOf(): SharedArrayBuffer }
  | { valueOf(): readonly number[] }
  | { [Symbol.toPrimitive](hint: string): string };

/**
 * Called without an error once the kernel has taken the frame, with one if it
 * never will. Not called synchronously.
 */
type SendCallback = (error?: Error) => void;

/** As `SendCallback`; the type of the argument is that of `@types/ws`. */
type ControlCallback = (error: Error) => void;

/** Where one may be given for a list of one. */
type MaybeList<T> = T | readonly T[];

/** A handler of an event object: a function, or an object with a method. */
type EventHandler<Event> =
  ((event: Event) => void) | { handleEvent(event: Event): void };

/** The arguments of the events that a `WebSocket` emits. */
interface ConnectionEvents {
  /**
   * The connection is closed. `code` and `reason` are those of the close frame
   * that was received: 1005 if it had none, 1006 and an empty reason if no
   * close frame was received or the connection was failed (RFC 6455 §7.1.5,
   * §7.1.6).
   */
  close: [code: number, reason: Buffer];
  /**
   * The connection is failed (RFC 6455 §7.1.7). Of a protocol error `code`
   * begins with `WS_ERR_`; a Blob to send that can't be read gives its own
   * error; a defect of the core `OXWS_ERR_INTERNAL`, for this connection only.
   * Errors of the transport are not reported: they end in 'close' with code
   * 1006. A client's failed handshake is: with the error of the request, or one
   * that says what is wrong with the response.
   */
  error: [error: Error];
  /**
   * A message was received. Text arrives as a `Buffer` too, and `isBinary`
   * tells it; binary data has the type that `binaryType` names.
   */
  message: [data: WebSocket.RawData, isBinary: boolean];
  /** The handshake is done. */
  open: [];
  /**
   * A ping was received, with a payload of at most 125 bytes (RFC 6455
   * §5.5.2). It is answered already if `autoPong` is set.
   */
  ping: [data: Buffer];
  /**
   * A pong was received, with a payload of at most 125 bytes (RFC 6455
   * §5.5.3).
   */
  pong: [data: Buffer];
  /**
   * A client is about to follow a redirect to `url`. `request` has not been
   * sent: its headers can still be changed, and it can be aborted. Only with
   * the option `followRedirects`.
   */
  redirect: [url: string, request: ClientRequest];
  /**
   * A client received a response other than 101. With a listener the connection
   * stays in state `CONNECTING`, and the listener has to see to request and
   * response; without one it is an 'error'.
   */
  'unexpected-response': [request: ClientRequest, response: IncomingMessage];
  /** A client received the response to its handshake, status 101. */
  upgrade: [response: IncomingMessage];
}

/** The arguments of the events that a `WebSocketServer` emits. */
interface ServerEvents<
  T extends typeof WebSocket,
  U extends typeof IncomingMessage
> {
  /** The server is closed, and so are all connections it accepted. */
  close: [];
  /** A handshake was accepted. `request` is the client's GET request. */
  connection: [websocket: InstanceType<T>, request: InstanceType<U>];
  /**
   * The server can't listen. The error is as Node's: `code` (such as
   * `EADDRINUSE`), `errno`, `syscall`, `address` and `port`, or what
   * `dns.lookup()` reports.
   */
  error: [error: Error];
  /**
   * The response to a handshake is about to be sent. `headers` are its lines
   * without line ends, the status line first; listeners may change them.
   */
  headers: [headers: string[], request: InstanceType<U>];
  /** The server is bound and accepts connections. */
  listening: [];
  /**
   * A handshake is invalid (RFC 6455 §4.2.1). With a listener the server does
   * not answer: the listener has to respond to the client and to close the
   * socket.
   */
  wsClientError: [error: Error, socket: Duplex, request: InstanceType<U>];
}

/**
 * A WebSocket connection (RFC 6455).
 */
declare class WebSocket extends EventEmitter {
  /** The handshake is not done. */
  static readonly CONNECTING: 0;
  /** Data can be sent. */
  static readonly OPEN: 1;
  /** The closing handshake has begun, or the transport is ending. */
  static readonly CLOSING: 2;
  /** The transport is closed. */
  static readonly CLOSED: 3;

  /** The handshake is not done. */
  readonly CONNECTING: 0;
  /** Data can be sent. */
  readonly OPEN: 1;
  /** The closing handshake has begun, or the transport is ending. */
  readonly CLOSING: 2;
  /** The transport is closed. */
  readonly CLOSED: 3;

  /**
   * What the data of binary messages is: a `Buffer` ('nodebuffer', the
   * default), an `ArrayBuffer`, an array of `Buffer`s ('fragments') or a
   * `Blob`. A change holds for the messages emitted from then on. Other values
   * are ignored.
   *
   * `RawData` and `Data` do not contain `Blob`, so that code written for the
   * other three need not handle it; with 'blob', the data has to be cast.
   */
  binaryType: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';
  /**
   * Payload bytes of data frames that were sent and that the kernel has not
   * taken. What is sent after the close is added and stays.
   */
  readonly bufferedAmount: number;
  /** The names of the negotiated extensions; empty if there are none. */
  readonly extensions: string;
  /** Whether `pause()` was called, and `resume()` was not since. */
  readonly isPaused: boolean;
  /** The negotiated subprotocol; empty if there is none. */
  readonly protocol: string;
  /** The state of the connection. */
  readonly readyState:
    | typeof WebSocket.CONNECTING
    | typeof WebSocket.OPEN
    | typeof WebSocket.CLOSING
    | typeof WebSocket.CLOSED;
  /**
   * The URL of a client, of the last redirect that was followed. Connections of
   * a server have none: `undefined`.
   */
  readonly url: string;

  /** The handler of 'open', or `null`. */
  onopen: ((event: WebSocket.Event) => void) | null;
  /** The handler of 'error', or `null`. */
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  /** The handler of 'close', or `null`. */
  onclose: ((event: WebSocket.CloseEvent) => void) | null;
  /** The handler of 'message', or `null`. */
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;

  /**
   * Makes what is not connected yet: a server does, or `setSocket()` connects
   * it. A class derived from this one has to hand on what the server gives it.
   *
   * @param address `null`
   * @param protocols `undefined`
   * @param options The server's options; `isServer` false for a client
   */
  constructor(
    address: null,
    protocols?: undefined,
    options?: WebSocket.ConnectionOptions & { isServer?: boolean | undefined }
  );

  /**
   * Connects to a server. That it fails is told by 'error'.
   *
   * @param address The URL, with scheme `ws`, `wss`, `http`, `https` or
   *     `ws+unix`
   * @param options Options of the connection and of `http.request()`
   * @throws {RangeError} If `protocolVersion` is neither 8 nor 13
   * @throws {SyntaxError} If the URL is invalid
   */
  constructor(
    address: string | URL,
    options?: WebSocket.ClientOptions | ClientRequestArgs
  );

  /**
   * Connects to a server. That it fails is told by 'error'.
   *
   * @param address The URL, with scheme `ws`, `wss`, `http`, `https` or
   *     `ws+unix`
   * @param protocols The subprotocols that are offered
   * @param options Options of the connection and of `http.request()`
   * @throws {RangeError} If `protocolVersion` is neither 8 nor 13
   * @throws {SyntaxError} If the URL is invalid, or a subprotocol is, or one is
   *     offered twice
   */
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs
  );

  /**
   * Connects an object made with address `null` over a socket whose opening
   * handshake is done, and emits 'open'. For whoever does handshakes; not
   * documented by ws.
   *
   * @param socket The socket
   * @param head What was received behind the handshake
   * @param options Options of the connection
   */
  setSocket(
    socket: Duplex,
    head: Buffer,
    options?: WebSocket.ConnectionOptions & {
      /** As that of `ClientOptions`. */
      generateMask?: ((mask: Buffer) => void) | undefined;
    }
  ): void;

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2). If the peer does not
   * complete it within `closeTimeout`, the connection is terminated. A handshake
   * in progress is aborted, with an 'error'. Without effect on a connection
   * that is closing or closed.
   *
   * @param code The status code: 1000 to 1003, 1007 to 1014 or 3000 to 4999
   *     (RFC 6455 §7.4); without it the close frame is empty
   * @param data The reason, at most 123 bytes of UTF-8
   * @throws {TypeError} If the code can't be sent, or the reason is no text
   * @throws {RangeError} If the reason is longer than 123 bytes
   */
  close(code?: number, data?: string | Uint8Array): void;

  /**
   * Sends a ping (RFC 6455 §5.5.2). `ping(cb)` and `ping(data, cb)` are
   * possible too.
   *
   * @param data The payload, at most 125 bytes
   * @param mask Whether to mask it; by default as RFC 6455 §5.1 has it: a
   *     client does, a server does not
   * @param cb Called when the kernel has taken the frame, or with an error
   * @throws {Error} If the connection is in state `CONNECTING`
   * @throws {RangeError} If the payload is longer than 125 bytes
   * @throws {TypeError} If `data` is of no type that can be sent
   */
  ping(
    data?: any,
    mask?: boolean | ControlCallback,
    cb?: ControlCallback
  ): void;

  /**
   * Sends a pong (RFC 6455 §5.5.3). `pong(cb)` and `pong(data, cb)` are
   * possible too.
   *
   * @param data The payload, at most 125 bytes
   * @param mask Whether to mask it; by default as RFC 6455 §5.1 has it: a
   *     client does, a server does not
   * @param cb Called when the kernel has taken the frame, or with an error
   * @throws {Error} If the connection is in state `CONNECTING`
   * @throws {RangeError} If the payload is longer than 125 bytes
   * @throws {TypeError} If `data` is of no type that can be sent
   */
  pong(
    data?: any,
    mask?: boolean | ControlCallback,
    cb?: ControlCallback
  ): void;

  /**
   * Sends a message: text if `data` is a string or a number, else binary.
   *
   * @param data The data. Bytes must not be changed before `cb` is called
   * @param cb Called when the kernel has taken the frame, or with an error,
   *     also if the connection is closing or closed
   * @throws {Error} If the connection is in state `CONNECTING`
   * @throws {TypeError} If `data` is of no type that can be sent
   */
  send(data: BufferLike, cb?: SendCallback): void;

  /**
   * Sends a message, or a fragment of one.
   *
   * @param data The data. Bytes must not be changed before `cb` is called
   * @param options How to send it
   * @param cb Called when the kernel has taken the frame, or with an error,
   *     also if the connection is closing or closed
   * @throws {Error} If the connection is in state `CONNECTING`
   * @throws {TypeError} If `data` is of no type that can be sent
   */
  send(
    data: BufferLike,
    options: {
      /** Whether it is binary; by default unless it is a string or number. */
      binary?: boolean | undefined;
      /**
       * Whether to compress it; true by default. Without effect unless
       * permessage-deflate was negotiated.
       */
      compress?: boolean | undefined;
      /** Whether it is the last fragment (RFC 6455 §5.4); true by default. */
      fin?: boolean | undefined;
      /**
       * Whether to mask it; by default as RFC 6455 §5.1 has it: a client does,
       * a server does not.
       */
      mask?: boolean | undefined;
    },
    cb?: SendCallback
  ): void;

  /**
   * Closes the transport without a closing handshake. What was sent before
   * goes out as far as the kernel takes it at once. A handshake in progress is
   * aborted, with an 'error'.
   */
  terminate(): void;

  /**
   * Stops reading. What has been read waits until `resume()`, or until the
   * connection is closed. Without effect in the states `CONNECTING` and
   * `CLOSED`.
   */
  pause(): void;

  /**
   * Reads on. Without effect in the states `CONNECTING` and `CLOSED`.
   */
  resume(): void;

  /**
   * Adds a listener that is called with an event object. A listener that is
   * there already is not added again.
   *
   * @param type 'open', 'error', 'close' or 'message'
   * @param listener The function, or the object whose `handleEvent` to call
   * @param options Whether to call it only once
   */
  addEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener: EventHandler<WebSocket.WebSocketEventMap[K]>,
    options?: WebSocket.EventListenerOptions
  ): void;

  /**
   * Removes a listener that `addEventListener()` added.
   *
   * @param type 'open', 'error', 'close' or 'message'
   * @param listener The function or object that was added
   */
  removeEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener: EventHandler<WebSocket.WebSocketEventMap[K]>
  ): void;

  // The second signature of each takes any event, as `EventEmitter` does:
  // those of users, and listeners typed more narrowly.

  on<K extends keyof ConnectionEvents>(
    event: K,
    listener: (this: this, ...args: ConnectionEvents[K]) => void
  ): this;
  on(
    event: string | symbol,
    listener: (this: this, ...args: any[]) => void
  ): this;

  once<K extends keyof ConnectionEvents>(
    event: K,
    listener: (this: this, ...args: ConnectionEvents[K]) => void
  ): this;
  once(
    event: string | symbol,
    listener: (this: this, ...args: any[]) => void
  ): this;

  off<K extends keyof ConnectionEvents>(
    event: K,
    listener: (this: this, ...args: ConnectionEvents[K]) => void
  ): this;
  off(
    event: string | symbol,
    listener: (this: this, ...args: any[]) => void
  ): this;

  addListener<K extends keyof ConnectionEvents>(
    event: K,
    listener: (this: this, ...args: ConnectionEvents[K]) => void
  ): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void): this;

  removeListener<K extends keyof ConnectionEvents>(
    event: K,
    listener: (this: this, ...args: ConnectionEvents[K]) => void
  ): this;
  removeListener(
    event: string | symbol,
    listener: (...args: any[]) => void
  ): this;
}

// In the namespace the name stands for the namespace's own member.
declare const WebSocketAlias: typeof WebSocket;
interface WebSocketAlias extends WebSocket {}

declare namespace WebSocket {
  /**
   * The data of the event 'message': `Buffer` for text and by default,
   * otherwise as `binaryType` says. With 'blob' it is a `Blob`, which this type
   * does not contain.
   */
  type RawData = Buffer | ArrayBuffer | Buffer[];

  /** The data of a `MessageEvent`: `string` for text, otherwise `RawData`. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];

  /**
   * Decides on a handshake at once: 401 unless it returns true. It must not
   * have two parameters.
   */
  type VerifyClientCallbackSync<
    Request extends IncomingMessage = IncomingMessage
  > = (info: {
    /** The header of that name; `undefined` if the client sent none. */
    origin: string;
    /** Whether the connection is encrypted. */
    secure: boolean;
    /** The client's GET request. */
    req: Request;
  }) => boolean;

  /**
   * Decides on a handshake by calling `callback`. It must have two parameters:
   * by these it is told from the other form.
   */
  type VerifyClientCallbackAsync<
    Request extends IncomingMessage = IncomingMessage
  > = (
    info: {
      /** The header of that name; `undefined` if the client sent none. */
      origin: string;
      /** Whether the connection is encrypted. */
      secure: boolean;
      /** The client's GET request. */
      req: Request;
    },
    /**
     * @param res Whether to accept the handshake
     * @param code The status code of a rejection, 401 by default
     * @param message The body of a rejection, the text of the status code by
     *     default
     * @param headers Further headers of a rejection
     */
    callback: (
      res: boolean,
      code?: number,
      message?: string,
      headers?: OutgoingHttpHeaders
    ) => void
  ) => void;

  /** Certificates and keys. */
  type CertMeta = string | string[] | Buffer | Buffer[];

  /**
   * Called with a client's request instead of sending it: it has to call
   * `request.end()`, before which headers may be changed. With redirects it is
   * called for each request.
   */
  type FinishRequestCallback = (
    request: ClientRequest,
    websocket: WebSocket
  ) => void;

  /** Options of permessage-deflate (RFC 7692). */
  interface PerMessageDeflateOptions {
    /** Whether the server forgets its window after each message. */
    serverNoContextTakeover?: boolean | undefined;
    /** Whether the client is asked to forget its window after each message. */
    clientNoContextTakeover?: boolean | undefined;
    /** The base-two logarithm of the server's window size in bytes, 8 to 15. */
    serverMaxWindowBits?: number | undefined;
    /** The base-two logarithm of the client's window size in bytes, 8 to 15. */
    clientMaxWindowBits?: number | undefined;
    /** Options of zlib for compressing. */
    zlibDeflateOptions?:
      | {
          flush?: number | undefined;
          finishFlush?: number | undefined;
          chunkSize?: number | undefined;
          windowBits?: number | undefined;
          level?: number | undefined;
          memLevel?: number | undefined;
          strategy?: number | undefined;
          dictionary?: Buffer | Buffer[] | DataView | undefined;
          info?: boolean | undefined;
        }
      | undefined;
    /** Options of zlib for decompressing. */
    zlibInflateOptions?: ZlibOptions | undefined;
    /**
     * Bytes below which a message is not compressed, 1024 by default; only
     * while the own window is forgotten after each message.
     */
    threshold?: number | undefined;
    /** How many messages are compressed at the same time, 10 by default. */
    concurrencyLimit?: number | undefined;
  }

  /** What `onopen` and its like are called with. Not the global `Event`. */
  interface Event {
    /** The name of the event. */
    readonly type: string;
    /** The connection. */
    readonly target: WebSocket;
  }

  /** The event of a failed connection. */
  interface ErrorEvent extends Event {
    /** The argument of the event 'error'. */
    readonly error: any;
    /** Its message. */
    readonly message: string;
  }

  /** The event of a closed connection. */
  interface CloseEvent extends Event {
    /** Whether a close frame was sent and one received. */
    readonly wasClean: boolean;
    /** The close code, as of the event 'close'. */
    readonly code: number;
    /** The close reason; empty if there is none. */
    readonly reason: string;
  }

  /** The event of a received message. */
  interface MessageEvent extends Event {
    /** Text as a string; binary data has the type that `binaryType` names. */
    readonly data: Data;
  }

  /** The events that `addEventListener()` knows. */
  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }

  /** Options of `addEventListener()`. */
  interface EventListenerOptions {
    /** Whether to remove the listener when it is called; false by default. */
    once?: boolean | undefined;
  }

  /** When to find that a peer is gone. */
  interface HeartbeatOptions {
    /** Milliseconds from one ping to the next, 1 to 2147483647. */
    interval: number;
    /**
     * Milliseconds after a ping, 1 to 2147483647, in which something must be
     * received, or the connection is terminated. May exceed `interval`.
     */
    timeout: number;
  }

  /**
   * Options of a connection, of a client or of all that a server has. Limits and
   * sizes are truncated to 32-bit integers; where 0 turns a limit off, so does
   * less.
   */
  interface ConnectionOptions {
    /**
     * Whether several 'message', 'ping' and 'pong' events of a connection may
     * be emitted in one turn of the event loop; true by default.
     */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered (RFC 6455 §5.5.3); true by default. */
    autoPong?: boolean | undefined;
    /**
     * Bytes that a message may have, 104857600 (100 MiB) by default, 0 for no
     * limit. A longer one fails the connection with close code 1009,
     * `WS_ERR_UNSUPPORTED_MESSAGE_LENGTH`.
     */
    maxPayload?: number | undefined;
    /**
     * How many reads one frame may take, 262144 by default, 0 for no limit.
     * More fail the connection with close code 1008,
     * `WS_ERR_TOO_MANY_BUFFERED_PARTS`.
     */
    maxBufferedChunks?: number | undefined;
    /**
     * How many fragments a message may have, 16384 by default, 0 for no limit.
     * More fail the connection with close code 1008,
     * `WS_ERR_TOO_MANY_BUFFERED_PARTS`.
     */
    maxFragments?: number | undefined;
    /**
     * Answers to pings that may wait for the peer to take them, 60 by default,
     * 0 for no limit. A ping beyond it terminates the connection.
     */
    maxPendingAutoPongs?: number | undefined;
    /**
     * Whether to accept text messages and close reasons that are not UTF-8;
     * false by default: they fail the connection with close code 1007,
     * `WS_ERR_INVALID_UTF8` (RFC 6455 §8.1).
     */
    skipUTF8Validation?: boolean | undefined;
    /**
     * Milliseconds from our close frame until the connection is terminated if
     * the peer has not closed it; 30000 by default. Less than 1
     * and more than 2147483647 count as 1, as in `setTimeout()`.
     */
    closeTimeout?: number | undefined;
    /**
     * Pings the peer and terminates the connection if it falls silent; off by
     * default. Independent of JavaScript, and no event tells of it but 'pong',
     * and 'close' with code 1006. The constructor throws a `TypeError` if one
     * of its times is out of range. Not in ws.
     */
    heartbeat?: HeartbeatOptions | null | undefined;
    /**
     * Bytes of a connection that may wait for JavaScript before its socket
     * is not read any more; 1048576 (1 MiB) by default, also for 0. A message
     * of up to `maxPayload` always passes. Not in ws.
     */
    maxInboundBytes?: number | undefined;
  }

  /**
   * Options of a client. Those of `http.request()`, or for `wss` of
   * `https.request()`, can be given too, but for `host`, `hostname`, `port`,
   * `path`, `method`, `socketPath`, `protocol` and `timeout`, which have no
   * effect: the URL says where to connect to.
   */
  interface ClientOptions extends SecureContextOptions, ConnectionOptions {
    /** Has no effect, here and in ws. */
    protocol?: string | undefined;
    /** The subprotocols that are offered, unless the second argument is. */
    protocols?: string | string[] | undefined;
    /** Whether to follow redirects; false by default. */
    followRedirects?: boolean | undefined;
    /** How many redirects to follow; 10 by default. */
    maxRedirects?: number | undefined;
    /**
     * Fills in the masking key of each frame that is sent (RFC 6455 §5.3). By
     * default it can't be predicted, as it has to be unless the connection is
     * known to have no intermediaries.
     *
     * @param mask Four bytes
     */
    generateMask?(mask: Buffer): void;
    /**
     * Milliseconds in which the handshake must be done, counted anew after each
     * redirect; no limit by default.
     */
    handshakeTimeout?: number | undefined;
    /**
     * Whether to offer compression of messages (RFC 7692); true by default.
     */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** The local address to connect from. */
    localAddress?: string | undefined;
    /** The value of Sec-WebSocket-Version: 13, the default, or 8. */
    protocolVersion?: number | undefined;
    /** Headers of the request. */
    headers?: { [key: string]: string } | undefined;
    /** The header of that name, or Sec-WebSocket-Origin in version 8. */
    origin?: string | undefined;
    /** The agent of the request; none is used by default. */
    agent?: Agent | undefined;
    /** Has no effect, here and in ws. */
    host?: string | undefined;
    /** 4 or 6, to look the host name up only in IPv4 or IPv6. */
    family?: number | undefined;
    /** As that of `tls.connect()`. */
    checkServerIdentity?(servername: string, cert: CertMeta): boolean;
    /** As that of `tls.connect()`. */
    rejectUnauthorized?: boolean | undefined;
    /** As that of `http.request()`. */
    createConnection?:
      typeof createConnection | ClientRequestArgs['createConnection'];
    /** Sends the request in place of the client. */
    finishRequest?: FinishRequestCallback | undefined;
  }

  /**
   * Options of a server. Exactly one of `port`, `server` and `noServer` has to
   * be given.
   */
  interface ServerOptions<
    U extends typeof WebSocket = typeof WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage
  > extends ConnectionOptions {
    /**
     * The host name or address to bind to. By default all addresses: `::` for
     * IPv6 and IPv4, or `0.0.0.0` where there is no IPv6. Without it the
     * constructor binds before it returns.
     */
    host?: string | undefined;
    /** The TCP port to listen on, 0 to 65535; 0 for any that is free. */
    port?: number | undefined;
    /**
     * The length of the kernel's queue of connections not yet accepted; 511 by
     * default, as Node's.
     */
    backlog?: number | undefined;
    /**
     * An HTTP or HTTPS server whose upgrades to handle. Several servers may
     * share it, each with a `path` of its own.
     */
    server?: HTTPServer<V> | HTTPSServer<V> | undefined;
    /** Decides on handshakes; by default all that are valid are accepted. */
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined;
    /**
     * Selects one of the subprotocols that the client offers, if it offers
     * any, or none by `false` (RFC 6455 §4.2.2). By default the first is
     * selected.
     */
    handleProtocols?:
      | ((protocols: Set<string>, request: InstanceType<V>) => string | false)
      | undefined;
    /**
     * Accept only handshakes for this path, without a query; by default for
     * any. Others are answered with 400.
     */
    path?: string | undefined;
    /**
     * Whether `handleUpgrade()` is called by the user, for upgrades of any HTTP
     * server.
     */
    noServer?: boolean | undefined;
    /** Whether to keep the set `clients`; true by default. */
    clientTracking?: boolean | undefined;
    /**
     * Whether to compress messages (RFC 7692) if the client offers it; false by
     * default. If set, handshakes whose Sec-WebSocket-Extensions header is
     * invalid are rejected with 400.
     */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /**
     * Milliseconds in which the head of a request must have been received, or
     * it is answered with 408; 60000 by default, as that of Node's HTTP server,
     * 0 for no limit. Only with `port`: a `server` has its own. Not in ws.
     */
    headersTimeout?: number | undefined;
    /**
     * Bytes of all connections of this thread, of whatever server, that may
     * wait for JavaScript; 67108864 (64 MiB) by default, also for 0. Past it no
     * connection is accepted, and sockets are read only in pieces of 4 KiB, up
     * to which a connection may still wait, so that pings are answered. The
     * last server that names it decides. Not in ws.
     */
    maxInboundBytesTotal?: number | undefined;
    /**
     * The class of the connections, `WebSocket` or one derived from it.
     */
    WebSocket?: U | undefined;
  }

  /**
   * How a message is sent to many.
   *
   * @typeParam Client The class of the connections
   */
  interface BroadcastOptions<Client = WebSocket> {
    /** Whether it is binary; by default unless it is a string or number. */
    binary?: boolean | undefined;
    /**
     * Whether to compress it, for those that agreed on permessage-deflate; true by
     * default. Once for all that don't refer to what they got before
     * (`serverNoContextTakeover`), else for each.
     */
    compress?: boolean | undefined;
    /** Who does not get it. */
    except?: Client | Iterable<Client> | null | undefined;
    /**
     * Called with each of the others, before anything is sent: whether it gets the
     * message. A promise is not awaited and counts as true.
     */
    filter?: ((client: Client) => boolean) | null | undefined;
  }

  /** Where a server listens. */
  interface AddressInfo {
    /** The IP address. */
    address: string;
    /** 'IPv4' or 'IPv6'. */
    family: string;
    /** The TCP port. */
    port: number;
  }

  /**
   * A WebSocket server.
   *
   * @typeParam T The class of the connections
   * @typeParam U The class of the requests
   */
  class WebSocketServer<
    T extends typeof WebSocket = typeof WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends EventEmitter {
    /** The options, defaults included. They are read at each handshake. */
    options: ServerOptions<T, U>;
    /**
     * Never set, here and in ws.
     *
     * @deprecated Read `options.path`.
     */
    path: string;
    /**
     * The connections that are not closed; `undefined` if the option
     * `clientTracking` is false.
     */
    clients: Set<InstanceType<T>>;

    /**
     * Starts listening if `port` is given. That it fails is told by 'error'.
     *
     * @param options Options; one of `port`, `server` and `noServer` has to be
     *     given
     * @param callback Called when the server listens on `port`, before
     *     'listening'
     * @throws {TypeError} Unless exactly one of `port`, `server` and `noServer`
     *     is given, and if a time of `heartbeat` is out of range
     * @throws {RangeError} If `port` is none, with code `ERR_SOCKET_BAD_PORT`
     */
    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /**
     * Where the server listens, for a pipe its path; `null` before it is bound
     * and after `close()`.
     *
     * @throws {Error} If the server was made with `noServer`
     */
    address(): AddressInfo | string | null;

    /**
     * Sends a message to all of `clients` that are open: text if `data` is a string
     * or a number, else binary. As `send()` of each, in order with what is sent
     * before and after, but the message crosses to the I/O threads once, however
     * many get it. Connections whose peers do not take it keep it, see
     * `bufferedAmount`: from 16 KiB on all the same memory, else a copy each.
     *
     * A connection with a `send()` of its own (a derived class's, or one that was
     * assigned) gets the message by that method. Not in ws.
     *
     * @param data The data. Bytes must not be changed afterwards
     * @param options How to send it, and to whom
     * @returns How many connections it was sent to; of each `bufferedAmount` tells
     *     whether its peer keeps up
     * @throws {TypeError} If `data` is of no type that can be sent, or an option is
     *     not as it should be. Then, and if `filter` throws, nothing was sent
     * @throws {Error} If the option `clientTracking` is false
     */
    broadcast(
      data: BufferLike,
      options?: BroadcastOptions<InstanceType<T>> | null
    ): number;

    /**
     * Stops listening, and handling the upgrades of a `server`, which itself is
     * not closed. Connections stay open; 'close' is emitted when the last is
     * closed, as far as they are tracked by `clients`. Handshakes in progress
     * are answered with 503.
     *
     * @param cb Called at 'close', with an error if the server was closed
     *     before
     */
    close(cb?: (error?: Error) => void): void;

    /**
     * Handles a request for an upgrade. The server calls it for each, the user
     * if it was made with `noServer`; a derived class may override it.
     *
     * @param request The client's GET request
     * @param socket The socket it came over
     * @param upgradeHead What the client sent behind the request
     * @param callback Called when the handshake is accepted
     * @throws {Error} If a connection was made of its socket already
     */
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void
    ): void;

    /**
     * Whether a request is for this server, by the option `path`; 400 if not.
     * A derived class may override it. A promise is not awaited and counts as
     * true.
     *
     * @param request The client's GET request
     */
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;

    /**
     * Answers a handshake that nobody rejected and makes the connection.
     * `handleUpgrade()` calls it; a derived class may override it. Not documented
     * by ws.
     *
     * @param extensions What was negotiated, by the names of the extensions
     * @param key The client's Sec-WebSocket-Key
     * @param protocols The subprotocols that the client offers
     * @param request The client's GET request
     * @param socket The socket it came over
     * @param head What the client sent behind the request
     * @param callback Called with the connection
     * @throws {Error} If a connection was made of its socket already
     */
    completeUpgrade(
      extensions: Record<string, PerMessageDeflate>,
      key: string,
      protocols: Set<string>,
      request: InstanceType<U>,
      socket: Duplex,
      head: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void
    ): void;

    // As those of `WebSocket`.

    on<K extends keyof ServerEvents<T, U>>(
      event: K,
      listener: (this: this, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    on(
      event: string | symbol,
      listener: (this: this, ...args: any[]) => void
    ): this;

    once<K extends keyof ServerEvents<T, U>>(
      event: K,
      listener: (this: this, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    once(
      event: string | symbol,
      listener: (this: this, ...args: any[]) => void
    ): this;

    off<K extends keyof ServerEvents<T, U>>(
      event: K,
      listener: (this: this, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    off(
      event: string | symbol,
      listener: (this: this, ...args: any[]) => void
    ): this;

    addListener<K extends keyof ServerEvents<T, U>>(
      event: K,
      listener: (this: this, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    addListener(
      event: string | symbol,
      listener: (...args: any[]) => void
    ): this;

    removeListener<K extends keyof ServerEvents<T, U>>(
      event: K,
      listener: (this: this, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    removeListener(
      event: string | symbol,
      listener: (...args: any[]) => void
    ): this;
  }

  /** The same class as `WebSocketServer`. */
  const Server: typeof WebSocketServer;
  interface Server<
    T extends typeof WebSocket = typeof WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends WebSocketServer<T, U> {}

  /**
   * Makes a stream of a connection: messages are what is read and written. It
   * waits for the handshake, pauses the connection while nobody reads, and
   * terminates it when destroyed.
   *
   * @param websocket The connection
   * @param options Options of the stream. With `readableObjectMode` text is read
   *     as strings. `autoDestroy`, `emitClose`, `objectMode` and
   *     `writableObjectMode` have no effect
   */
  function createWebSocketStream(
    websocket: WebSocket,
    options?: DuplexOptions
  ): Duplex;

  /**
   * What a Sec-WebSocket-Extensions header says (RFC 6455 §9.1): by the names of
   * the extensions their offers, and in each by the names of the parameters their
   * values, `true` for one without.
   */
  type ParsedExtensions = Record<
    string,
    Array<Record<string, Array<string | true>>>
  >;

  /** The Sec-WebSocket-Extensions header. */
  const extension: {
    /**
     * Writes a header. A list of one may be given without the list.
     *
     * @param extensions What to say
     */
    format(extensions: {
      readonly [name: string]: MaybeList<{
        readonly [param: string]: MaybeList<string | number | boolean>;
      }>;
    }): string;
    /**
     * Reads a header.
     *
     * @param header The value of the header
     * @throws {SyntaxError} If it is invalid
     */
    parse(header: string): ParsedExtensions;
  };

  /** The Sec-WebSocket-Protocol header. */
  const subprotocol: {
    /**
     * Reads a header.
     *
     * @param header The value of the header
     * @throws {SyntaxError} If it is invalid, or names a subprotocol twice
     */
    parse(header: string): Set<string>;
  };

  /** What a frame is made of (RFC 6455 §5.2), but for its payload. */
  interface FrameOptions {
    /** The opcode. */
    opcode: number;
    /** Whether it is the last fragment; false by default. */
    fin?: boolean | undefined;
    /** Whether to set RSV1, by which compressed messages are told. */
    rsv1?: boolean | undefined;
    /** Whether to mask the payload; false by default. */
    mask?: boolean | undefined;
    /** Where to put the masking key. */
    maskBuffer?: Buffer | undefined;
    /** Fills in the masking key. */
    generateMask?: ((mask: Buffer) => void) | undefined;
    /** Whether masking must not change the payload itself. */
    readOnly?: boolean | undefined;
  }

  /**
   * Writes frames to a socket. Every connection has one of its own; the class
   * is there for those who encode frames themselves. Not documented by ws.
   */
  class Sender {
    /**
     * @param socket The socket
     * @param extensions What was negotiated, by the names of the extensions
     * @param generateMask Fills in masking keys
     */
    constructor(
      socket: Duplex,
      extensions?: Record<string, PerMessageDeflate>,
      generateMask?: (mask: Buffer) => void
    );

    /**
     * Encodes a frame.
     *
     * @param data The payload
     * @param options The rest of the frame
     * @returns The bytes of the frame, in pieces
     */
    static frame(data: Buffer | string, options: FrameOptions): Buffer[];

    /** Sends a close frame. */
    close(
      code: number | undefined,
      data: string | Buffer | undefined,
      mask: boolean,
      cb?: SendCallback
    ): void;
    /** Sends a ping. */
    ping(data: BufferLike, mask: boolean, cb?: SendCallback): void;
    /** Sends a pong. */
    pong(data: BufferLike, mask: boolean, cb?: SendCallback): void;
    /** Sends a message, or a fragment of one. */
    send(
      data: BufferLike,
      options: {
        binary?: boolean | undefined;
        compress?: boolean | undefined;
        fin?: boolean | undefined;
        mask?: boolean | undefined;
      },
      cb?: SendCallback
    ): void;
    /**
     * Writes a frame that was encoded before.
     *
     * @param list The bytes of the frame, in pieces
     * @param cb Called when the kernel has taken them, or with an error
     */
    sendFrame(list: readonly Buffer[], cb?: SendCallback): void;
  }

  /** Options of a `Receiver`. */
  interface ReceiverOptions {
    /** As that of `ConnectionOptions`. */
    allowSynchronousEvents?: boolean | undefined;
    /** As that of `WebSocket`. */
    binaryType?: WebSocket['binaryType'] | undefined;
    /** What was negotiated, by the names of the extensions. */
    extensions?: Record<string, PerMessageDeflate> | undefined;
    /** Whether frames are to be masked, as a client's are; false by default. */
    isServer?: boolean | undefined;
    /** As that of `ConnectionOptions`, but without a limit by default. */
    maxBufferedChunks?: number | undefined;
    /** As that of `ConnectionOptions`, but without a limit by default. */
    maxFragments?: number | undefined;
    /** As that of `ConnectionOptions`, but without a limit by default. */
    maxPayload?: number | undefined;
    /** As that of `ConnectionOptions`. */
    skipUTF8Validation?: boolean | undefined;
  }

  /**
   * Decodes the bytes that are written to it. It emits 'message', 'ping' and
   * 'pong' as a `WebSocket` does, and 'conclude' with code and reason of a close
   * frame. Not documented by ws.
   */
  class Receiver extends Writable {
    /**
     * @param options Options
     */
    constructor(options?: ReceiverOptions);
  }

  /**
   * The extension permessage-deflate (RFC 7692), as negotiated and run for one
   * connection. Not documented by ws.
   */
  class PerMessageDeflate {
    /** The name of the extension, `permessage-deflate`. */
    static readonly extensionName: string;

    /** The parameters that were agreed on; `null` before `accept()`. */
    params: Record<string, string | number | boolean> | null;

    /**
     * @param options Options
     */
    constructor(
      options?: PerMessageDeflateOptions & {
        /** Whether this is the server's end; false by default. */
        isServer?: boolean | undefined;
        /** Bytes that a message may have; no limit by default. */
        maxPayload?: number | undefined;
      }
    );

    /** The parameters of a client's offer. */
    offer(): Record<string, string | number | boolean>;
    /**
     * Agrees on parameters.
     *
     * @param configurations The offers of the peer, or its response, as
     *     `extension.parse()` reads them
     * @throws {Error} If none of them can be accepted
     */
    accept(
      configurations: Array<Record<string, Array<string | true>>>
    ): Record<string, string | number | boolean>;
    /** Lets go of all memory. */
    cleanup(): void;
    /** Compresses a message, or a fragment of one. */
    compress(
      data: Buffer | string,
      fin: boolean,
      callback: (error: Error | null, result?: Buffer) => void
    ): void;
    /** Decompresses a message, or a fragment of one. */
    decompress(
      data: Buffer,
      fin: boolean,
      callback: (error: Error | null, result?: Buffer) => void
    ): void;
  }

  /** The class that the package exports. */
  const WebSocket: typeof WebSocketAlias;
  interface WebSocket extends WebSocketAlias {}
}

export = WebSocket;
