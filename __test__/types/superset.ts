// Every type and member that `@types/ws` declares for servers is there, and a
// value of its type fits ours. A new version of it that declares more fails here.

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
expectNone<
  Missing<typeof Reference, typeof WebSocket, 'createWebSocketStream'>
>();
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

// Values pass both ways, but for `send`, which takes at least what theirs takes.
// The `WebSocket` option is a class, and theirs can connect.
declare let theirOptions: Omit<Reference.ServerOptions, 'WebSocket'>;
declare let ourOptions: Omit<WebSocket.ServerOptions, 'WebSocket'>;
ourOptions = theirOptions;
theirOptions = ourOptions;

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
