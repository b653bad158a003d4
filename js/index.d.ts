/**
 * Types of the package, written by hand. They are a superset of what
 * `@types/ws` declares for servers: code typed against it compiles unchanged.
 * The file serves `require` and `import`.
 *
 * Only the server side is offered so far. Of what `@types/ws` declares, the
 * following is therefore missing, so that its use fails to compile and not
 * later: the client (`new WebSocket(url)`), `ClientOptions`, `CertMeta`,
 * `FinishRequestCallback` and `createWebSocketStream`.
 */

import { EventEmitter } from 'events';
import {
  IncomingMessage,
  OutgoingHttpHeaders,
  Server as HTTPServer
} from 'http';
import { Server as HTTPSServer } from 'https';
import { Duplex } from 'stream';
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
   * error; a defect of the core `OXWS_ERR_INTERNAL`, for this connection only. Errors of the transport are not reported: they end in 'close' with
   * code 1006.
   */
  error: [error: Error];
  /**
   * A message was received. Text arrives as a `Buffer` too, and `isBinary`
   * tells it; binary data has the type that `binaryType` names.
   */
  message: [data: WebSocket.RawData, isBinary: boolean];
  /** The handshake is done. Emitted before the server's 'connection'. */
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
  /** The URL of a client. Connections of a server have none: `undefined`. */
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
   * For classes derived from this one, whose objects the server makes.
   *
   * @param address `null`: there is no client yet
   * @param protocols Subprotocols of a client
   * @param options The server's options. A derived class has to hand on what
   *     the server gives it
   * @throws {Error} If `address` is not `null`
   */
  constructor(
    address: null,
    protocols?: undefined,
    options?: WebSocket.ServerOptions<any, any>
  );

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2). If the peer does not
   * complete it within the server's `closeTimeout`, the connection is
   * terminated. Without effect unless the connection is open.
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
   * @param mask Whether to mask it; not by default, as a server must not
   *     (RFC 6455 §5.1)
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
   * @param mask Whether to mask it; not by default, as a server must not
   *     (RFC 6455 §5.1)
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
      /** Has no effect: there is no compression yet. */
      compress?: boolean | undefined;
      /** Whether it is the last fragment (RFC 6455 §5.4); true by default. */
      fin?: boolean | undefined;
      /**
       * Whether to mask it; not by default, as a server must not (RFC 6455
       * §5.1).
       */
      mask?: boolean | undefined;
    },
    cb?: SendCallback
  ): void;

  /**
   * Closes the transport without a closing handshake. What was sent before
   * goes out as far as the kernel takes it at once.
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
  // those of users, those of the client, and listeners typed more narrowly.

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
    /** Whether the connection is encrypted; false as long as TLS is not. */
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
      /** Whether the connection is encrypted; false as long as TLS is not. */
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

  /**
   * Options of permessage-deflate (RFC 7692). They have no effect: the
   * extension is not negotiated yet.
   */
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
   * Options of a server. `port` has to be given. Limits and sizes are
   * truncated to 32-bit integers; where 0 turns a limit off, so does less.
   */
  interface ServerOptions<
    U extends typeof WebSocket = typeof WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage
  > {
    /**
     * The host name or address to bind to. By default all addresses: `::` for
     * IPv6 and IPv4, or `0.0.0.0` where there is no IPv6. Without it the
     * constructor binds before it returns.
     */
    host?: string | undefined;
    /** The TCP port, 0 to 65535; 0 for any that is free. */
    port?: number | undefined;
    /**
     * The length of the kernel's queue of connections not yet accepted; 511 by
     * default, as Node's.
     */
    backlog?: number | undefined;
    /**
     * An HTTP server whose upgrades to handle. Not served yet: the constructor
     * throws.
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
     * Whether `handleUpgrade()` is called by the user. Not served yet: the
     * constructor throws.
     */
    noServer?: boolean | undefined;
    /**
     * Whether several 'message', 'ping' and 'pong' events of a connection may
     * be emitted in one turn of the event loop; true by default.
     */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered (RFC 6455 §5.5.3); true by default. */
    autoPong?: boolean | undefined;
    /** Whether to keep the set `clients`; true by default. */
    clientTracking?: boolean | undefined;
    /**
     * Whether to compress messages (RFC 7692); false by default. There is no
     * compression yet. If set, handshakes whose Sec-WebSocket-Extensions
     * header is invalid are rejected with 400.
     */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
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
     * Milliseconds from the server's close frame until the connection is
     * terminated if the peer has not closed it; 30000 by default. Less than 1
     * and more than 2147483647 count as 1, as in `setTimeout()`.
     */
    closeTimeout?: number | undefined;
    /**
     * Milliseconds in which the head of a request must have been received, or
     * it is answered with 408; 60000 by default, as that of Node's HTTP server,
     * 0 for no limit. Not in ws.
     */
    headersTimeout?: number | undefined;
    /**
     * Pings every connection and terminates those that fall silent; off by
     * default. Independent of JavaScript, and no event tells of it but 'pong',
     * and 'close' with code 1006. The constructor throws a `TypeError` if one
     * of its times is out of range. Not in ws.
     */
    heartbeat?: HeartbeatOptions | null | undefined;
    /**
     * Bytes of one connection that may wait for JavaScript before its socket
     * is not read any more; 1048576 (1 MiB) by default, also for 0. A message
     * of up to `maxPayload` always passes. Not in ws.
     */
    maxInboundBytes?: number | undefined;
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
     * Starts listening. That it fails is told by 'error'.
     *
     * @param options Options; `port` has to be given
     * @param callback Called when the server listens, before 'listening'
     * @throws {TypeError} Unless exactly one of `port`, `server` and `noServer`
     *     is given, and if a time of `heartbeat` is out of range
     * @throws {RangeError} If `port` is none, with code `ERR_SOCKET_BAD_PORT`
     * @throws {Error} If `server` or `noServer` is given, or a path as `port`:
     *     they are not served yet
     */
    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /**
     * Where the server listens; `null` before it is bound and after `close()`.
     * A `string`, the path of a pipe, is not returned yet.
     */
    address(): AddressInfo | string | null;

    /**
     * Stops listening. Connections stay open; 'close' is emitted when the last
     * is closed. Handshakes in progress are answered with 503.
     *
     * @param cb Called at 'close', with an error if the server was closed
     *     before
     */
    close(cb?: (error?: Error) => void): void;

    /**
     * Handles a request for an upgrade. The server calls it for each; a
     * derived class may override it.
     *
     * @param request The client's GET request
     * @param socket The socket it came over
     * @param upgradeHead What the client sent behind the request
     * @param callback Called when the handshake is accepted
     * @throws {Error} If the request did not come in through this package, or
     *     if a connection was made of its socket already
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

  /** The class that the package exports. */
  const WebSocket: typeof WebSocketAlias;
  interface WebSocket extends WebSocketAlias {}
}

export = WebSocket;
