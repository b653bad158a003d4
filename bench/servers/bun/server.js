'use strict';

/* global Bun */

const { BURN_US, SLICE_MS, burnInSlices, burner } = require('../burn');
const { BURST, message } = require('../messages');

/**
 * The driver of Bun: its own server, with the work of ../handlers.js.
 */

/** What every handler has; nothing is dropped for being large. */
const LIMITS = {
  maxPayloadLength: 64 * 1024 * 1024,
  backpressureLimit: 64 * 1024 * 1024
};

const TOPIC = 'all';

const handlers = {
  echo() {
    return {
      message(ws, data) {
        ws.send(data);
      }
    };
  },

  'echo-burn'() {
    const burn = burner(BURN_US);
    return {
      message(ws, data) {
        burn();
        ws.send(data);
      }
    };
  },

  'pong-busy'() {
    burnInSlices(SLICE_MS);
    return { message() {} };
  },

  burst() {
    const messages = Array.from({ length: BURST }, (_, number) =>
      Buffer.from(message(number))
    );
    return {
      message(ws) {
        for (const data of messages) ws.send(data);
      }
    };
  },

  broadcast() {
    const clients = new Set();
    let number = 0;
    return {
      open(ws) {
        clients.add(ws);
      },
      message() {
        const data = message(number++);
        for (const client of clients) client.send(data);
      },
      close(ws) {
        clients.delete(ws);
      }
    };
  },

  'broadcast-native'() {
    let number = 0;
    return {
      open(ws) {
        ws.subscribe(TOPIC);
      },
      message() {
        server.publish(TOPIC, message(number++));
      }
    };
  }
};

const [name] = process.argv.slice(2);
const handler = handlers[name];
if (handler === undefined) throw new Error(`No such handler: ${name}`);

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, self) {
    if (self.upgrade(request)) return undefined;
    return new Response(null, { status: 426 });
  },
  websocket: { ...LIMITS, ...handler() }
});

console.log(
  JSON.stringify({ port: server.port, library: 'Bun', version: Bun.version })
);

process.stdin.on('end', () => process.exit()).resume();
