// Every type and member that `@types/ws` declares is there, and a value of its
// type fits ours. A new version of it that declares more fails here.

import Reference = require('reference');
import WebSocket = require('ws');

/** Fails to compile, and names the offenders, unless given `never`. */
function expectNone<Missing extends never>(): void {}

type Missing<Theirs, Ours, Known extends string = never> = Exclude<
  keyof Theirs,
  keyof Ours | Known
>;

expectNone<Missing<Reference, WebSocket>>();
expectNone<Missing<Reference.Server, WebSocket.Server>>();
expectNone<Missing<typeof Reference, typeof WebSocket>>();
expectNone<Missing<Reference.ClientOptions, WebSocket.ClientOptions>>();
expectNone<Missing<Reference.ServerOptions, WebSocket.ServerOptions>>();
expectNone<
  Missing<
    Reference.PerMessageDeflateOptions,
    WebSocket.PerMessageDeflateOptions
  >
>();
expectNone<Missing<Reference.WebSocketEventMap, WebSocket.WebSocketEventMap>>();
expectNone<Missing<Reference.CloseEvent, WebSocket.CloseEvent>>();
expectNone<Missing<Reference.ErrorEvent, WebSocket.ErrorEvent>>();
expectNone<Missing<Reference.MessageEvent, WebSocket.MessageEvent>>();
expectNone<Missing<Reference.AddressInfo, WebSocket.AddressInfo>>();

// Types without members that could be missing.
type Types = [
  Reference.CertMeta | WebSocket.CertMeta,
  Reference.FinishRequestCallback | WebSocket.FinishRequestCallback,
  Reference.Event | WebSocket.Event,
  Reference.EventListenerOptions | WebSocket.EventListenerOptions
];

// What does not name the class of connections, of which ours has more members,
// passes both ways, but for what takes at least what theirs takes.
type Plain<Options> = Omit<Options, 'WebSocket' | 'finishRequest'>;
declare let theirOptions: Plain<Reference.ServerOptions>;
declare let ourOptions: Plain<WebSocket.ServerOptions>;
ourOptions = theirOptions;
theirOptions = ourOptions;

declare let theirClient: Plain<Reference.ClientOptions>;
declare let ourClient: Plain<WebSocket.ClientOptions>;
ourClient = theirClient;
theirClient = ourClient as Omit<typeof ourClient, 'createConnection'>;
ourClient.createConnection = theirClient.createConnection;

type Same =
  | 'bufferedAmount'
  | 'close'
  | 'extensions'
  | 'isPaused'
  | 'pause'
  | 'ping'
  | 'pong'
  | 'protocol'
  | 'readyState'
  | 'resume'
  | 'send'
  | 'terminate'
  | 'url'
  | 'CONNECTING'
  | 'OPEN'
  | 'CLOSING'
  | 'CLOSED';
declare let theirMembers: Pick<Reference, Same>;
declare let ourMembers: Pick<WebSocket, Same>;
theirMembers = ourMembers;

// The rest of the members, so that a new one is looked at.
type Rest =
  | keyof NodeJS.EventEmitter
  | `on${keyof Reference.WebSocketEventMap}`
  | 'addEventListener'
  | 'removeEventListener'
  | 'binaryType';
expectNone<Exclude<keyof Reference, Same | Rest>>();

declare let theirBinaryType: Reference['binaryType'];
declare let ourBinaryType: WebSocket['binaryType'];
ourBinaryType = theirBinaryType;

declare let theirArguments: ConstructorParameters<typeof Reference>;
new WebSocket(theirArguments[0], theirArguments[1], theirClient);

declare let theirStream: Parameters<typeof Reference.createWebSocketStream>[1];
declare let ourStream: Parameters<typeof WebSocket.createWebSocketStream>[1];
ourStream = theirStream;
theirStream = ourStream;

declare let theirSend: Parameters<Reference['send']>;
declare let ourSend: Parameters<WebSocket['send']>;
ourSend = theirSend;

declare let theirData: [Reference.Data, Reference.RawData];
declare let ourData: [WebSocket.Data, WebSocket.RawData];
ourData = theirData;
theirData = ourData;

declare let theirDeflate: Reference.PerMessageDeflateOptions;
declare let ourDeflate: WebSocket.PerMessageDeflateOptions;
ourDeflate = theirDeflate;
theirDeflate = ourDeflate;

declare let theirVerify:
  Reference.VerifyClientCallbackSync | Reference.VerifyClientCallbackAsync;
declare let ourVerify:
  WebSocket.VerifyClientCallbackSync | WebSocket.VerifyClientCallbackAsync;
ourVerify = theirVerify;
theirVerify = ourVerify;

// The check itself can fail.
// @ts-expect-error
expectNone<Missing<{ there: 1; missing: 2 }, { there: 1 }>>();
