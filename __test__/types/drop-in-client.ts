// Code as people write it for clients and streams, typed against `@types/ws`. It
// is compiled against both that package and ours.

import { Agent, ClientRequest, createServer, IncomingMessage } from 'http';
import { createServer as createSecureServer } from 'https';
import { connect } from 'net';
import { Duplex, pipeline } from 'stream';
import WebSocket, { createWebSocketStream, WebSocketServer } from 'ws';
import * as everything from 'ws';

// The constructor.

new WebSocket(null);
new WebSocket('ws://example.com');
new WebSocket(new URL('wss://example.com/path'));
new WebSocket('ws://example.com', 'chat');
new WebSocket('ws://example.com', ['chat', 'superchat']);
new WebSocket('ws://example.com', undefined);
new WebSocket('ws://example.com', { maxPayload: 1024 });
new WebSocket('ws://example.com', [], { handshakeTimeout: 1000 });
new WebSocket('ws+unix:socket:/path', { headers: { a: 'b' } });
new WebSocket('ws://example.com', { auth: 'user:password', timeout: 1 });
new everything.WebSocket('ws://example.com');
new WebSocket.WebSocket('ws://example.com');

const certificate: WebSocket.CertMeta = Buffer.alloc(0);
const finish: WebSocket.FinishRequestCallback = (request, websocket) => {
  request.setHeader('a', websocket.url);
  request.end();
};
const options: WebSocket.ClientOptions = {
  agent: new Agent(),
  allowSynchronousEvents: true,
  autoPong: false,
  ca: [certificate as Buffer],
  checkServerIdentity: (servername, cert) => servername === cert,
  createConnection: connect,
  family: 4,
  finishRequest: finish,
  followRedirects: true,
  generateMask(mask) {
    mask.fill(0);
  },
  handshakeTimeout: 1000,
  headers: { Authorization: 'Bearer' },
  host: 'example.com',
  localAddress: '127.0.0.1',
  maxBufferedChunks: 1,
  maxFragments: 1,
  maxPayload: 1,
  maxRedirects: 1,
  origin: 'https://example.com',
  passphrase: 'passphrase',
  perMessageDeflate: { threshold: 0 },
  protocol: 'chat',
  protocolVersion: 13,
  rejectUnauthorized: false,
  skipUTF8Validation: true
};

function open(
  url: string | URL,
  given?: WebSocket.ClientOptions
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const websocket = new WebSocket(url, { ...options, ...given });

    websocket.once('open', () => resolve(websocket));
    websocket.once('error', reject);
  });
}

class Client extends WebSocket {
  attempts = 0;

  constructor(
    address: string | URL,
    protocols?: string | string[],
    given?: WebSocket.ClientOptions
  ) {
    super(address, protocols, given);
  }

  close(code?: number, data?: string | Buffer) {
    this.attempts++;
    super.close(code, data);
  }
}

const Any: typeof WebSocket = WebSocket;
const args: ConstructorParameters<typeof WebSocket> = ['ws://example.com'];
new Any(...args);

// Events.

const websocket = new Client('ws://example.com');

websocket
  .on('upgrade', (response) => response.headers['set-cookie']?.length)
  .on('redirect', function (url, request) {
    const self: WebSocket = this;
    const to: string = url;
    request.removeHeader('cookie');
  })
  .on('unexpected-response', (request, response) => {
    const status: number | undefined = response.statusCode;
    request.destroy();
  })
  .on('open', function open() {
    this.send(Date.now());
  });
websocket.once('upgrade', (response: IncomingMessage) => response.statusCode);
websocket.once('redirect', (url: string, request: ClientRequest) => url);
websocket.off('unexpected-response', (request: ClientRequest) => request);
websocket.addListener('redirect', (url, request) => request.host + url);
websocket.removeListener('upgrade', (response) => response.statusCode);
websocket.addListener('unexpected-response', (request, response) =>
  response.resume()
);
for (const event of ['open', 'close', 'message'] as const) {
  websocket.on(event, () => event);
}
websocket.onopen = ({ target }) => target.send('open');
websocket.onerror = ({ error, message, type }) => [error, message, type];
websocket.addEventListener('open', (event: WebSocket.Event) => event.target);
const map: keyof WebSocket.WebSocketEventMap = 'open';

// Streams.

const duplex: Duplex = createWebSocketStream(websocket);
WebSocket.createWebSocketStream(websocket, { encoding: 'utf8' });
everything.createWebSocketStream(websocket, { readableObjectMode: true });
pipeline(process.stdin, duplex, process.stdout, (error) => error?.message);
duplex.on('error', console.error);

// Servers that share an HTTP server.

const http = createServer();
const chat = new WebSocketServer({ noServer: true });
const secure = new WebSocketServer({ server: createSecureServer({}) });

http.on('upgrade', (request, socket, head) => {
  if (!chat.shouldHandle(request)) {
    socket.destroy();
    return;
  }

  chat.handleUpgrade(request, socket, head, (client) => {
    chat.emit('connection', client, request);
  });
});

function broadcast<
  T extends typeof WebSocket.WebSocket,
  U extends typeof IncomingMessage
>(wss: WebSocket.Server<T, U>, data: WebSocket.Data) {
  wss.clients.forEach((client) => {
    if (client.readyState === client.OPEN) client.send(data);
  });
}
broadcast(chat, 'to all');

function createWss<T extends typeof WebSocket>(
  Class: T,
  given: WebSocket.ServerOptions<T> = {}
): WebSocketServer | WebSocket.Server<T> {
  return new WebSocket.Server<T>({
    ...given,
    noServer: true,
    WebSocket: Class
  });
}
createWss(WebSocket).close();
