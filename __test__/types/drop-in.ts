// Code as people write it for servers, typed against `@types/ws`. It is compiled
// against both that package and ours.

import { createServer, IncomingMessage } from 'http';
import { Duplex } from 'stream';
import WebSocket, { RawData, WebSocketServer } from 'ws';
import * as everything from 'ws';

// Servers.

const options: WebSocket.ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 128,
  path: '/chat',
  clientTracking: true,
  allowSynchronousEvents: false,
  autoPong: true,
  maxPayload: 1024,
  maxBufferedChunks: 10,
  maxFragments: 10,
  skipUTF8Validation: false,
  perMessageDeflate: {
    threshold: 1024,
    serverMaxWindowBits: 12,
    clientMaxWindowBits: undefined,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    concurrencyLimit: 2,
    zlibDeflateOptions: { level: 1, memLevel: 9, dictionary: Buffer.alloc(1) },
    zlibInflateOptions: { chunkSize: 1024 }
  },
  verifyClient: (info: { origin: string; secure: boolean }) =>
    info.secure && info.origin === 'https://example.com',
  handleProtocols: (protocols, request) =>
    protocols.has('chat') && request.url === '/' ? 'chat' : false,
  WebSocket
};

const wss = new WebSocketServer(options, () => {});
const bare: WebSocketServer = new WebSocket.Server({ port: 8080 });
const alsoBare: WebSocket.Server = new WebSocket.WebSocketServer({ port: 0 });
const named: everything.Server = bare;

const noServer = new WebSocketServer({ noServer: true });
const attached = new WebSocketServer({ server: createServer() });

new WebSocketServer({
  port: 0,
  verifyClient({ req }, callback) {
    if (req.headers.cookie) callback(true);
    else callback(false, 401, 'Unauthorized', { 'WWW-Authenticate': 'Basic' });
  }
});

const verifySync: WebSocket.VerifyClientCallbackSync = ({ origin }) =>
  origin === 'https://example.com';
const verifyAsync: WebSocket.VerifyClientCallbackAsync = (info, callback) =>
  callback(info.secure);
const deflate: WebSocket.PerMessageDeflateOptions = { threshold: 0 };

const address: string | WebSocket.AddressInfo | null = wss.address();
if (address !== null && typeof address === 'object') {
  const port: number = address.port;
  const family: string = address.family;
  const ip: string = address.address;
}

for (const client of wss.clients) {
  if (client.readyState === WebSocket.OPEN) client.send('to all');
}
const clients: Set<WebSocket> = wss.clients;
const currentPath: string | undefined = wss.options.path;
const { path } = wss;

wss.handleUpgrade(
  new IncomingMessage(null!),
  new Duplex(),
  Buffer.alloc(0),
  (client, request) => wss.emit('connection', client, request)
);
const handled: boolean | Promise<boolean> = wss.shouldHandle(null!);
wss.close();
wss.close((error) => {
  const maybe: Error | undefined = error;
});

wss
  .on('connection', (websocket, request) => {
    const remote: string | undefined = request.socket.remoteAddress;
    websocket.send(`Hello, ${remote}`);
  })
  .on('headers', (headers, request) => {
    headers.push(`X-Url: ${request.url}`);
  })
  .on('listening', function () {
    this.address();
  })
  .on('error', (error) => error.message)
  .on('close', () => {})
  .on('wsClientError', (error, socket, request) => {
    socket.end(error.message + request.method);
  })
  .on('anything', (first, second) => [first, second])
  .on(Symbol('any'), () => {});

wss.once('connection', (websocket) => websocket.terminate());
wss.off('connection', () => {});
wss.addListener('headers', (headers) => headers.pop());
wss.removeListener('listening', () => {});

// Connections.

function onMessage(this: WebSocket, data: RawData, isBinary: boolean) {
  this.send(data as Buffer, { binary: isBinary });
}

function toBuffer(data: WebSocket.RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

wss.on('connection', function (websocket: WebSocket, request: IncomingMessage) {
  this.clients.has(websocket);

  websocket.on('message', onMessage);
  websocket.on('message', (data, isBinary) => {
    const text: string = data.toString();
    const binary: boolean = isBinary;
    toBuffer(data);
  });
  websocket.on('close', (code, reason) => code + reason.length);
  websocket.on('error', console.error);
  websocket.on('open', function () {
    this.ping();
  });
  websocket.on('ping', (data) => data.length);
  websocket.on('pong', function () {
    const self: WebSocket = this;
  });
  websocket.once('message', (data: RawData) => data);
  websocket.once('close', () => {});
  websocket.off('message', onMessage);
  websocket.addListener('close', (code) => code.toFixed());
  websocket.removeListener('pong', (data) => data.length);
  websocket.on('upgrade', (response) => response);
  websocket.removeAllListeners();

  websocket.send('text');
  websocket.send(42);
  websocket.send(Buffer.alloc(1), (error) => error?.message);
  websocket.send(new Uint8Array(1), { binary: false, compress: true });
  websocket.send(new ArrayBuffer(1), { fin: false, mask: false }, () => {});
  websocket.send(new SharedArrayBuffer(1));
  websocket.send(new DataView(new ArrayBuffer(1)));
  websocket.send(new Blob([]));
  websocket.send([1, 2, 3]);
  websocket.send(new String('boxed'));
  websocket.send({ valueOf: () => new Uint8Array(1) });
  websocket.send({ [Symbol.toPrimitive]: () => 'primitive' });

  websocket.ping('data', false, (error: Error) => error.message);
  websocket.ping(() => {});
  websocket.pong(Buffer.alloc(2), undefined, () => {});
  websocket.close();
  websocket.close(1000, 'bye');
  websocket.close(1001, Buffer.from('bye'));
  websocket.terminate();
  websocket.pause();
  websocket.resume();

  const paused: boolean = websocket.isPaused;
  const amount: number = websocket.bufferedAmount;
  const extensions: string = websocket.extensions;
  const protocol: string = websocket.protocol;
  const url: string = websocket.url;
  const state: 0 | 1 | 2 | 3 = websocket.readyState;
  const states: [0, 1, 2, 3] = [
    WebSocket.CONNECTING,
    websocket.OPEN,
    WebSocket.CLOSING,
    websocket.CLOSED
  ];
  websocket.binaryType = 'arraybuffer';
  websocket.binaryType = 'nodebuffer';
  websocket.binaryType = 'fragments';

  websocket.onopen = (event) => event.target.send(event.type);
  websocket.onmessage = (event) => {
    const data: string | Buffer | ArrayBuffer | Buffer[] = event.data;
    const alias: WebSocket.Data = event.data;
  };
  websocket.onclose = ({ code, reason, wasClean }: WebSocket.CloseEvent) =>
    wasClean ? code : reason;
  websocket.onerror = (event: WebSocket.ErrorEvent) => event.error.code;
  websocket.onerror = null;
  websocket.addEventListener('message', ({ data }) => data, { once: true });
  websocket.addEventListener('close', {
    handleEvent(event) {
      const code: number = event.code;
    }
  });
  websocket.removeEventListener('open', (event: WebSocket.Event) => event);
});

// Classes of one's own.

class Client extends WebSocket {
  isAlive = true;
}

class Request extends IncomingMessage {
  user?: string;
}

const typed = new WebSocketServer<typeof Client, typeof Request>({
  port: 0,
  WebSocket: Client
});
typed.on('connection', (client, request) => {
  client.isAlive = request.user !== undefined;
});
typed.clients.forEach((client) => client.isAlive);

class Gate extends WebSocketServer {
  shouldHandle(request: IncomingMessage) {
    return super.shouldHandle(request);
  }

  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: WebSocket, request: IncomingMessage) => void
  ) {
    super.handleUpgrade(request, socket, head, callback);
  }
}

interface Alive extends WebSocket {
  isAlive: boolean;
}

wss.on('connection', (websocket: Alive) => {
  websocket.isAlive = true;
});
