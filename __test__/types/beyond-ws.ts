// What `@types/ws` does not declare, and what ours refuses.

import WebSocket, { WebSocketServer } from 'ws';

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

class Session extends WebSocket {
  constructor(address: null) {
    super(address);
  }
}

new WebSocketServer({ port: 0, WebSocket: Session });

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
// @ts-expect-error there is no client yet
new WebSocket('ws://localhost');
// @ts-expect-error nor the stream
WebSocket.createWebSocketStream;
