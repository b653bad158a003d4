'use strict';

//
// The ways in which a WebSocket comes to its transport. Each has a name and
// whether the implementation is the `client`; a server's also has
// `serve(transcript, options)`, which returns the WebSocketServer, and
// `connect()`, which returns the peer's stream; a client's has
// `listen(transcript)`, which returns the URL to connect to and `peer()`, the
// stream of the next peer.
//

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const nodeTls = require('node:tls');

const tls = require('../support/tls');
const { cleanup } = require('../support/cleanup');
const { socketPath } = require('../support/client');
const { called, once } = require('../support/deadline');
const { keepServer } = require('../support/node-server');
const { createDuplexPair } = require('../support/duplex-pair');
const { manage } = require('../support/server');

// The peer's end stays open until the case ends it.
const allowHalfOpen = true;
const host = '127.0.0.1';

/**
 * Open a stream of the peer.
 */
async function opened(t, socket, event) {
  cleanup(t, () => socket.destroy());
  // `RawClient` looks at errors later.
  socket.on('error', () => {});
  await once(socket, event);
  return socket;
}

function createServer({ t, implementation }, options) {
  const wss = new implementation.WebSocketServer(options);

  manage(t, wss);
  return wss;
}

const port = {
  name: 'port',

  async serve(transcript, options) {
    const wss = createServer(transcript, { port: 0, host, ...options });

    await once(wss, 'listening');
    return wss;
  },

  connect({ t, wss }) {
    const { port } = wss.address();

    return opened(t, net.connect({ port, host, allowHalfOpen }), 'connect');
  }
};

const unix = {
  name: 'UNIX socket',

  async serve(transcript, options) {
    const path = socketPath(transcript.t);
    const wss = createServer(transcript, { port: path, ...options });

    await once(wss, 'listening');
    return wss;
  },

  connect({ t, wss }) {
    const path = wss.address();

    return opened(t, net.connect({ path, allowHalfOpen }), 'connect');
  }
};

/**
 * Serve on a server of Node's; with `null` for options that one is all.
 */
async function serveOnHttp(transcript, options = {}) {
  const server = keepServer(transcript.t, this.createHttpServer());
  const wss =
    options === null ? null : createServer(transcript, { server, ...options });

  transcript.httpServer = server;
  server.listen(0, host);
  await once(server, 'listening');
  return wss;
}

const onHttp = {
  name: 'http server',

  createHttpServer: () => http.createServer(),
  serve: serveOnHttp,

  connect({ t, httpServer }) {
    const { port } = httpServer.address();

    return opened(t, net.connect({ port, host, allowHalfOpen }), 'connect');
  }
};

const onHttps = {
  name: 'https server',
  isSecure: true,

  createHttpServer: () => https.createServer(tls.server),
  serve: serveOnHttp,

  connect({ t, httpServer }) {
    const { port } = httpServer.address();
    const options = { ...tls.trust, servername: 'localhost', allowHalfOpen };
    const socket = nodeTls.connect({ port, host, ...options });

    return opened(t, socket, 'secureConnect');
  }
};

const duplex = {
  name: 'Duplex',

  serve(transcript, options = {}) {
    // Its parser reads the requests; it listens on nothing.
    transcript.httpServer = http.createServer();
    if (options === null) return null;

    const wss = createServer(transcript, { noServer: true, ...options });

    transcript.httpServer.on('upgrade', (req, socket, head) => {
      wss.handleUpgrade(req, socket, head, (ws) => {
        wss.emit('connection', ws, req);
      });
    });
    return wss;
  },

  connect({ t, httpServer }) {
    const [ours, theirs] = createDuplexPair();

    cleanup(t, () => theirs.destroy());
    httpServer.emit('connection', ours);
    return theirs;
  }
};

/**
 * @param {Object} transport Its name, and how it listens
 * @return {Object} The transport of a client
 */
function clientTransport({ name, isSecure, create, listenOn, urlOf, options }) {
  return {
    name,
    isClient: true,
    isSecure,
    options,

    async listen({ t }) {
      const server = keepServer(t, create());
      const event = isSecure ? 'secureConnection' : 'connection';
      const peers = [];
      const waiting = [];

      server.on(event, (socket) => {
        socket.on('error', () => {});
        peers.push(socket);
        waiting.shift()?.();
      });
      // A client that gives up.
      server.on('tlsClientError', () => {});
      server.listen(listenOn(t));
      await once(server, 'listening');

      return {
        server,
        url: urlOf(server.address()),
        async peer() {
          if (peers.length === 0) {
            await called((cb) => waiting.push(cb), 'the client');
          }

          return peers.shift();
        }
      };
    }
  };
}

const client = clientTransport({
  name: 'client',
  create: () => net.createServer({ allowHalfOpen }),
  listenOn: () => ({ port: 0, host }),
  urlOf: ({ port }) => `ws://${host}:${port}`
});

const secureClient = clientTransport({
  name: 'client over TLS',
  isSecure: true,
  create: () => nodeTls.createServer({ ...tls.server, allowHalfOpen }),
  listenOn: () => ({ port: 0, host }),
  urlOf: ({ port }) => `wss://localhost:${port}`,
  options: { ...tls.trust, family: 4 }
});

const unixClient = clientTransport({
  name: 'client over a UNIX socket',
  create: () => net.createServer({ allowHalfOpen }),
  listenOn: (t) => ({ path: socketPath(t) }),
  urlOf: (path) => `ws+unix:${path}`
});

/**
 * @param {Object[]} transports Those over which a case makes sense
 * @param {Function} run The case
 * @return {Function} The same, which runs over those alone
 */
function only(transports, run) {
  return Object.assign(run, { transports });
}

module.exports = {
  client,
  duplex,
  onHttp,
  onHttps,
  only,
  port,
  secureClient,
  unix,
  unixClient,

  clients: [client, secureClient, unixClient],
  servers: [port, onHttp, onHttps, duplex, unix]
};
