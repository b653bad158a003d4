// What `@types/ws` does not declare, and what ours refuses.

import { Duplex } from 'stream';
import WebSocket, {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocketServer
} from 'ws';

const wss: WebSocketServer = new WebSocketServer({
  port: 0,
  closeTimeout: 1000,
  maxPendingAutoPongs: 10,
  maxFragments: 10,
  maxBufferedChunks: 10,
  heartbeat: { interval: 30000, timeout: 10000 },
  headersTimeout: 5000,
  maxInboundBytes: 65536,
  maxInboundBytesTotal: 1048576
});

class Client extends WebSocket {
  name = '';
}

const typed: WebSocketServer<typeof Client> = new WebSocketServer({
  port: 0,
  WebSocket: Client
});
typed.on('connection', (client) => client.name);

wss.on('connection', (websocket) => {
  websocket.binaryType = 'blob';
  websocket.ping('data', (error) => error.message);
  websocket.pong('data', (error) => error.message);

  // @ts-expect-error a value that is ignored
  websocket.binaryType = 'text';
  // @ts-expect-error an attribute that only the connection changes
  websocket.readyState = WebSocket.CLOSED;
  // @ts-expect-error an object that is neither bytes nor text
  websocket.send({ an: 'object' });
  // @ts-expect-error a close code is a number
  websocket.close('1000');
  // @ts-expect-error a reason is text
  websocket.close(1000, 5);
  // @ts-expect-error an event that EventTarget does not know
  websocket.addEventListener('ping', () => {});
  // @ts-expect-error text arrives as a string
  websocket.onmessage = (event: { data: number }) => event;
  // @ts-expect-error the data is not a number
  websocket.on('message', (data) => data.toFixed());
  // @ts-expect-error a listener that is none
  websocket.on('message', 'listener');
});

// @ts-expect-error a port is a number
new WebSocketServer({ port: '8080' });
// @ts-expect-error no such option
new WebSocketServer({ port: 0, prot: 0 });
// @ts-expect-error both times are needed
new WebSocketServer({ port: 0, heartbeat: { interval: 30000 } });
// @ts-expect-error not a class of connections
new WebSocketServer({ port: 0, WebSocket: Date });
// @ts-expect-error a subprotocol is a string
new WebSocketServer({ port: 0, handleProtocols: () => 1 });

// To many.

const receivers: number = wss.broadcast('data');
wss.broadcast(Buffer.from('data'), { binary: false, compress: undefined });
wss.broadcast(new Blob(['data']), { except: wss.clients });
typed.broadcast('data', {
  except: [...typed.clients].slice(receivers),
  filter: (one) => one.name !== ''
});
const broadcasting: WebSocket.BroadcastOptions = { except: null, filter: null };
wss.broadcast(1, broadcasting);
// @ts-expect-error an object that is neither bytes nor text
wss.broadcast({ an: 'object' });
// @ts-expect-error a message is always whole
wss.broadcast('data', { fin: false });
// @ts-expect-error not a connection
wss.broadcast('data', { except: 'name' });
// @ts-expect-error a filter returns at once
wss.broadcast('data', { filter: async () => true });
// @ts-expect-error there is no callback
wss.broadcast('data', () => {});

// Clients.

const client = new WebSocket('ws://localhost', {
  protocols: ['a', 'b'],
  closeTimeout: 1000,
  maxPendingAutoPongs: 10,
  heartbeat: { interval: 30000, timeout: 10000 },
  maxInboundBytes: 65536,
  createConnection: (options: object) => new Duplex()
});
new WebSocket('ws://localhost', { protocols: 'a' });

client.on('redirect', (url, request) => {
  // @ts-expect-error the URL is a string
  url.href;
  request.abort();
});
client.on('unexpected-response', (request, response) => {
  // @ts-expect-error the request comes first
  request.statusCode + response.statusCode;
});
// @ts-expect-error a subprotocol is a string
new WebSocket('ws://localhost', [1]);
// @ts-expect-error a URL is text or a URL
new WebSocket(8080);
// @ts-expect-error no such option
new WebSocket('ws://localhost', { handshakeTimout: 1000 });
// @ts-expect-error a time is a number
new WebSocket('ws://localhost', [], { handshakeTimeout: '1s' });
// @ts-expect-error a stream is made of a connection
createWebSocketStream('ws://localhost');
// @ts-expect-error no such option of a stream
createWebSocketStream(client, { readableHighWatermark: 1 });

// What ws exports without documenting it.

const offers = extension.parse('permessage-deflate; client_max_window_bits');
const value: string | true = offers['permessage-deflate'][0].name[0];
const header: string = extension.format({ a: [{ b: true }, { c: [1, 'd'] }] });
extension.format({ a: {} });
extension.format(offers);
const names: Set<string> = subprotocol.parse('a, b');
// @ts-expect-error a header is text
subprotocol.parse(['a', 'b']);

const frame: Buffer[] = Sender.frame(Buffer.from('a'), {
  opcode: 1,
  fin: true
});
// @ts-expect-error an opcode is needed
Sender.frame('a', { fin: true });
new Sender(new Duplex()).sendFrame(frame, (error) => error?.message);
new Receiver({ isServer: true, binaryType: 'blob' }).write(frame[0]);

const deflate = new PerMessageDeflate({ isServer: true, threshold: 0 });
deflate.accept(offers[PerMessageDeflate.extensionName]);
deflate.compress('a', true, (error, result) => result?.length);
deflate.cleanup();

const relayed = new WebSocket(null, undefined, { isServer: false });
relayed.setSocket(new Duplex(), Buffer.alloc(0), { maxPayload: 0 });

class Gate extends WebSocketServer {
  completeUpgrade(
    ...args: Parameters<WebSocketServer['completeUpgrade']>
  ): void {
    super.completeUpgrade(...args);
  }
}
