// The package as an ES module sees it: by name, through `exports`.

import type * as Reference from 'reference-esm';
import * as everything from 'oxws';
import WebSocket, {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocket as NamedWebSocket,
  WebSocketServer,
  type AddressInfo,
  type CertMeta,
  type ClientOptions,
  type CloseEvent,
  type ConnectionOptions,
  type Data,
  type ErrorEvent,
  type Event,
  type EventListenerOptions,
  type FinishRequestCallback,
  type HeartbeatOptions,
  type MessageEvent,
  type PerMessageDeflateOptions,
  type RawData,
  type Server,
  type ServerOptions,
  type VerifyClientCallbackAsync,
  type VerifyClientCallbackSync
} from 'oxws';
// @ts-expect-error the package has no other entry
import 'oxws/js/binding.js';

const options: ServerOptions = { port: 0 };
const wss: Server = new WebSocketServer(options);
const address = wss.address() as AddressInfo;
const open: typeof WebSocket.OPEN = NamedWebSocket.OPEN;

wss.on('connection', (websocket: WebSocket) => {
  const same: NamedWebSocket = websocket;
  websocket.on('message', (data: RawData) => data);
});

class Client extends WebSocket {
  name = '';
}

const generic: WebSocketServer<typeof Client> = new WebSocketServer({
  WebSocket: Client,
  noServer: true
});
generic.clients.forEach((client) => client.name);

const finish: FinishRequestCallback = (request) => request.end();
const client = new NamedWebSocket('ws://localhost', { finishRequest: finish });
createWebSocketStream(client).pipe(process.stdout);
client.onmessage = (event: MessageEvent) => event.data;
const deflate: PerMessageDeflate = new everything.PerMessageDeflate();

/** Fails to compile unless given `never`. */
function expectNone<Missing extends never>(): void {}

// Every value that `@types/ws` exports is there.
expectNone<Exclude<keyof typeof Reference, keyof typeof everything>>();
