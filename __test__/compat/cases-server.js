'use strict';

//
// The server: its constructor, its address and its end.
//

const http = require('node:http');

const { cleanup } = require('../support/cleanup');
const { called, once, turns } = require('../support/deadline');
const { buildRequest } = require('../support/handshake');
const { manage } = require('../support/server');
const { close, text } = require('./frames');
const { onHttp, onHttps, only, port, unix } = require('./transports');

const httpOnly = (run) => only([onHttp], run);
const portOnly = (run) => only([port], run);
const shared = (run) => only([onHttp, onHttps], run);

/**
 * A case in which the constructor gets options.
 */
function constructed(...list) {
  return portOnly(async (transcript) => {
    const { WebSocketServer } = transcript.implementation;

    for (const [i, make] of list.entries()) {
      transcript.attempt(i, () => {
        const wss = new WebSocketServer(...make());

        manage(transcript.t, wss);
        wss.on('error', (err) => transcript.note('error', err.code));
        return wss;
      });
    }

    await turns(2);
  });
}

/**
 * Note the events of a server.
 */
function watch(transcript, wss, names = ['listening', 'error', 'close']) {
  for (const name of names) {
    wss.on(name, (...args) => transcript.note(name, ...args));
  }
}

/**
 * Write a handshake and note the whole answer.
 */
async function request(transcript, raw, options) {
  raw.write(buildRequest(options));

  const { head, body } = await raw.response();

  transcript.note(head, body);
}

/**
 * A case in which a server has a connection and is closed.
 */
function closed(options, run) {
  return async (transcript) => {
    await transcript.serve(options);

    const { wss } = transcript;
    const states = [];

    // When a server knows that all is closed is not compared.
    wss.on('close', () => states.push(wss._state));
    await transcript.open();
    await run(transcript, wss);
    transcript.note('close', states);
  };
}

module.exports = {
  'options of which one is needed': constructed(
    () => [],
    () => [{}],
    () => [null],
    () => [{ port: 0, noServer: true }],
    () => [{ port: 0, server: http.createServer() }],
    () => [{ noServer: true, server: http.createServer() }],
    () => [{ port: null, server: null, noServer: false }],
    () => [{ noServer: true, path: '/' }]
  ),
  'ports that there are not': constructed(
    () => [{ port: 65536 }],
    () => [{ port: -1 }],
    () => [{ port: 1.5 }],
    () => [{ port: NaN }]
  ),
  'a port that is no number': constructed(
    () => [{ port: true }],
    () => [{ port: {} }]
  ),
  'a port in use': portOnly(async (transcript) => {
    const wss = await transcript.serve();
    const { port } = wss.address();
    const { WebSocketServer } = transcript.implementation;
    const other = new WebSocketServer({ port, host: '127.0.0.1' });

    const [err] = await once(other, 'error');

    transcript.note(err.code, err.syscall, err.address, err.port === port);
    transcript.note(err.errno, err.message.replace(/\d+$/, ''));
    transcript.attempt('address', () => other.address());
    transcript.note('state', other._state);
    await transcript.callback('close', (cb) => other.close(cb));
  }),
  'the callback of the constructor': portOnly(async (transcript) => {
    const { WebSocketServer } = transcript.implementation;
    const wss = new WebSocketServer({ port: 0 }, () =>
      transcript.note('callback')
    );

    manage(transcript.t, wss);
    watch(transcript, wss);
    transcript.note('address', typeof wss.address().port, wss.address().family);
    await once(wss, 'listening');
  }),
  'the callback of a server that has another': httpOnly(async (transcript) => {
    const { WebSocketServer } = transcript.implementation;
    const server = http.createServer();
    const wss = new WebSocketServer({ server }, () =>
      transcript.note('callback')
    );

    cleanup(transcript.t, () => called((cb) => server.close(cb)));
    watch(transcript, wss);
    transcript.attempt('address', () => wss.address());
    server.listen(0);
    await once(server, 'listening');
    await turns();
  }),
  'a backlog': portOnly(async (transcript) => {
    await transcript.serve({ backlog: 1 });
    await transcript.open();
    await transcript.finish(close(1000));
  }),
  'a host name': portOnly(async (transcript) => {
    const { WebSocketServer } = transcript.implementation;
    const wss = new WebSocketServer({ port: 0, host: 'localhost' });

    manage(transcript.t, wss);
    transcript.note('address', wss.address());
    await once(wss, 'listening');
    transcript.note('address', wss.address().address);
  }),
  'the address': async (transcript) => {
    const wss = await transcript.serve();

    transcript.attempt('address', () => {
      const address = wss.address();

      return typeof address === 'object' ? Object.keys(address) : 'a path';
    });
    await transcript.callback('close', (cb) => wss.close(cb));
    transcript.attempt('address', () => wss.address());
  },
  'options with defaults': async (transcript) => {
    const wss = await transcript.serve({ perMessageDeflate: true });
    const own = ['port', 'server', 'noServer', 'host', 'WebSocket'];
    // Those of ours that ws does not have.
    const beyond = [
      'headersTimeout',
      'heartbeat',
      'maxInboundBytes',
      'maxInboundBytesTotal'
    ];

    for (const name of Object.keys(wss.options).sort()) {
      if (!own.includes(name) && !beyond.includes(name)) {
        transcript.note(name, wss.options[name]);
      }
    }

    transcript.note(
      'WebSocket',
      wss.options.WebSocket === transcript.implementation
    );
  },
  'closed without connections': async (transcript) => {
    const wss = await transcript.serve();

    watch(transcript, wss);
    await transcript.callback('first', (cb) => wss.close(cb));
    await transcript.callback('second', (cb) => wss.close(cb));
    transcript.note('state', wss._state);
  },
  'closed twice at once': async (transcript) => {
    const wss = await transcript.serve();

    watch(transcript, wss);

    const both = [
      transcript.callback('first', (cb) => wss.close(cb)),
      transcript.callback('second', (cb) => wss.close(cb))
    ];

    transcript.note('state', wss._state);
    await Promise.all(both);
  },
  'closed with a connection': closed({}, async (transcript, wss) => {
    const end = called((cb) => wss.close(cb));

    await turns(3);
    transcript.note('still open', transcript.ws.readyState, wss.clients.size);
    transcript.ws.send('still');
    await transcript.received(1);
    await transcript.finish(close(1000));
    transcript.note('closed', ...(await end));
  }),
  'closed with a connection that is not tracked': closed(
    { clientTracking: false },
    async (transcript, wss) => {
      const end = called((cb) => wss.close(cb));

      transcript.note('clients', wss.clients);
      await turns(3);
      transcript.note('readyState', transcript.ws.readyState);
      await transcript.finish(close(1000));
      transcript.note('closed', ...(await end));
    }
  ),
  'closed by a listener of the last connection': closed(
    {},
    async (transcript, wss) => {
      const end = called((cb) => {
        transcript.ws.on('close', () => {
          transcript.note('clients', wss.clients.size);
          wss.close(cb);
        });
      });

      await transcript.finish(close(1000));
      transcript.note('closed', ...(await end));
    }
  ),
  'a connection while closing': shared(
    closed({}, async (transcript, wss) => {
      const { raw: first } = transcript;
      const raw = await transcript.connectRaw();

      // Node's server still has the listener of this server only before.
      transcript.httpServer.once('upgrade', (req, socket, head) => {
        wss.handleUpgrade(req, socket, head, () => transcript.note('never'));
      });
      const end = called((cb) => wss.close(cb));

      await request(transcript, raw);
      transcript.raw = first;
      await transcript.finish(close(1000));
      transcript.note('closed', ...(await end));
    })
  ),
  'the listeners of a closed server': shared(async (transcript) => {
    const wss = await transcript.serve();
    const { httpServer } = transcript;
    const count = () =>
      ['listening', 'error', 'upgrade'].map((name) =>
        httpServer.listenerCount(name)
      );

    transcript.note(count(), wss._server === httpServer);
    await transcript.callback('close', (cb) => wss.close(cb));
    transcript.note(count(), wss._server, httpServer.listening);
  }),
  'errors of the HTTP server': httpOnly(async (transcript) => {
    const wss = await transcript.serve();

    watch(transcript, wss);
    transcript.httpServer.emit('error', new Error('x'));
    transcript.httpServer.emit('listening');
  }),
  'several servers by their paths': httpOnly(async (transcript) => {
    const { implementation, t } = transcript;
    const httpServer = await transcript.serveHttp();
    const servers = new Map(
      ['/a', '/b'].map((path) => [
        path,
        new implementation.WebSocketServer({ noServer: true })
      ])
    );

    for (const wss of servers.values()) manage(t, wss);
    httpServer.on('upgrade', (req, socket, head) => {
      const wss = servers.get(req.url);

      if (wss === undefined) {
        socket.destroy();
      } else {
        wss.handleUpgrade(req, socket, head, (ws) => {
          transcript.note('for', req.url, wss.clients.size);
          ws.send(req.url);
        });
      }
    });

    for (const target of ['/a', '/b', '/a', '/c']) {
      const raw = await transcript.connectRaw();

      raw.write(buildRequest({ target }));
      if (target === '/c') {
        transcript.note('none', await raw.end());
      } else {
        transcript.note((await raw.response()).statusLine);
        transcript.note((await raw.frame()).payload);
      }
    }
  }),
  'two servers on one HTTP server': httpOnly(async (transcript) => {
    const { implementation, t } = transcript;
    const server = await transcript.serveHttp();

    // Each answers to all: ws aborts what is for the other.
    for (const path of ['/a', '/b']) {
      const wss = new implementation.WebSocketServer({ server, path });

      manage(t, wss);
      wss.on('connection', () => transcript.note('connection', path));
    }

    const raw = await transcript.connectRaw();

    raw.write(buildRequest({ target: '/a' }));
    transcript.note(await raw.end());
  }),
  'clients while they come and go': async (transcript) => {
    const wss = await transcript.serve();

    wss.on('connection', (ws) => {
      transcript.note('at connection', wss.clients.has(ws), ws.readyState);
      ws.on('close', () => transcript.note('at close', wss.clients.size));
    });
    wss.on('headers', () => transcript.note('at headers', wss.clients.size));
    await transcript.open();
    await transcript.finish(close(1000));
  },
  'clients that are not tracked': async (transcript) => {
    await transcript.open({ clientTracking: false });
    transcript.note('clients', transcript.wss.clients);
    await transcript.finish(close(1000));
  },
  'a subclass of WebSocket': async (transcript) => {
    class Special extends transcript.implementation {
      constructor(...args) {
        super(...args);
        transcript.note('constructed', args.length, args[0], args[1]);
        transcript.note(args[2] === transcript.wss.options);
      }

      greet() {
        this.send('hello');
      }

      emit(name, ...args) {
        transcript.note('emitted', name);
        return super.emit(name, ...args);
      }
    }

    await transcript.open({ WebSocket: Special });
    transcript.note(transcript.ws instanceof Special);
    transcript.ws.greet();
    await transcript.received(1);
    await transcript.finish(text('a'), close(1000));
  },
  'a request with a head': async (transcript) => {
    const wss = await transcript.serve();

    wss.on('connection', (ws, req) => {
      transcript.note(req.method, req.url, req.httpVersion, req.complete);
      transcript.note(req.headers.host, req.headers['x-a'], req.rawHeaders);
      transcript.note(req.headersDistinct['x-a'], req.aborted, req.destroyed);
    });
    await transcript.ask(
      {},
      { target: '/a?b=c', headers: { 'X-A': ['1', '2'], Cookie: ['a', 'b'] } }
    );
  },
  'the port of ws on a path that is in use': only(
    [unix],
    async (transcript) => {
      const wss = await transcript.serve();
      const { WebSocketServer } = transcript.implementation;
      const other = new WebSocketServer({ port: wss.address() });
      const [err] = await once(other, 'error');

      transcript.note(err.code, err.syscall, err.address === wss.address());
      await transcript.callback('close', (cb) => other.close(cb));
    }
  )
};
