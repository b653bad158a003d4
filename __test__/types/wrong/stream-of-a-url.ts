import { createWebSocketStream } from 'ws';

createWebSocketStream('ws://localhost');
