import WebSocket from 'ws';

new WebSocket(8080);
