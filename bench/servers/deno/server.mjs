/* global Deno */

import { createRequire } from 'node:module';
import process from 'node:process';

const require = createRequire(import.meta.url);
const { BURN_US, SLICE_MS, burnInSlices, burner } = require('../burn');
const { BURST, message } = require('../messages');

/**
 * The driver of Deno: its own server, with the work of ../handlers.js. It has
 * no broadcast of its own.
 */

const handlers = {
  echo() {
    return (socket) => {
      socket.onmessage = ({ data }) => socket.send(data);
    };
  },

  'echo-burn'() {
    const burn = burner(BURN_US);
    return (socket) => {
      socket.onmessage = ({ data }) => {
        burn();
        socket.send(data);
      };
    };
  },

  'pong-busy'() {
    burnInSlices(SLICE_MS);
    return () => {};
  },

  burst() {
    const encoder = new TextEncoder();
    const messages = Array.from({ length: BURST }, (_, number) =>
      encoder.encode(message(number))
    );
    return (socket) => {
      socket.onmessage = () => {
        for (const data of messages) socket.send(data);
      };
    };
  },

  broadcast() {
    const clients = new Set();
    let number = 0;
    return (socket) => {
      socket.onopen = () => clients.add(socket);
      socket.onclose = () => clients.delete(socket);
      socket.onmessage = () => {
        const data = message(number++);
        for (const client of clients) client.send(data);
      };
    };
  }
};

const [name] = process.argv.slice(2);
const handler = handlers[name];
if (handler === undefined) throw new Error(`No such handler: ${name}`);
const handle = handler();

Deno.serve(
  {
    hostname: '127.0.0.1',
    port: 0,
    onListen({ port }) {
      const { deno: version } = Deno.version;
      console.log(JSON.stringify({ port, library: 'Deno', version }));
    }
  },
  (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = 'arraybuffer';
    handle(socket);
    return response;
  }
);

process.stdin.on('end', () => process.exit()).resume();
