// The package as a CommonJS module sees it: by name, through `exports`.

import WebSocket = require('oxws');

const { Server, WebSocketServer } = WebSocket;
const wss: WebSocket.Server = new Server({ port: 0 });
const same: WebSocket.WebSocketServer = new WebSocketServer({ port: 0 });
const statics: typeof WebSocket = WebSocket.WebSocket;

wss.on('connection', (websocket: WebSocket.WebSocket) => {
  const connection: WebSocket = websocket;
});
// @ts-expect-error a namespace of types and a class, not a module with default
WebSocket.default;
