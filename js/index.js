'use strict';

const createWebSocketStream = require('./stream');
const extension = require('./extension');
const subprotocol = require('./subprotocol');
const WebSocket = require('./websocket');
const WebSocketServer = require('./websocket-server');

WebSocket.createWebSocketStream = createWebSocketStream;
WebSocket.extension = extension;
WebSocket.subprotocol = subprotocol;
WebSocket.Server = WebSocketServer;
WebSocket.WebSocket = WebSocket;
WebSocket.WebSocketServer = WebSocketServer;

module.exports = WebSocket;
