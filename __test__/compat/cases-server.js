'use strict';

//
// The server: its constructor, its address, its end, and who decides on a
// handshake.
//

const http = require('node:http');

const { cleanup } = require('../support/cleanup');
const { called, once, turns, turnsUntil } = require('../support/deadline');
const { buildRequest } = require('../support/handshake');
const { manage } = require('../support/server');
const { close, text } = require('./frames');
const { duplex, onHttp, onHttps, only, port, unix } = require('./transports');

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
  'handleProtocols with what is offered': async (transcript) => {
    const wss = await transcript.serve({
      handleProtocols(protocols, req) {
        transcript.note(protocols instanceof Set, [...protocols], req.url);
        return 'b';
      }
    });

    wss.on('connection', (ws) => transcript.note('protocol', ws.protocol));
    await transcript.ask(
      {},
      { headers: { 'Sec-WebSocket-Protocol': 'a, b, c' } }
    );
    await transcript.ask({}, {});
  },
  'handleProtocols refusing': async (transcript) => {
    const wss = await transcript.serve({ handleProtocols: () => false });

    wss.on('connection', (ws) => transcript.note('protocol', ws.protocol));
    await transcript.ask({}, { headers: { 'Sec-WebSocket-Protocol': 'a' } });
  },
  'options assigned afterwards': async (transcript) => {
    const wss = await transcript.serve();

    wss.options.handleProtocols = () => 'late';
    wss.options.verifyClient = () => {
      transcript.note('verified');
      return true;
    };
    wss.on('connection', (ws) => transcript.note('protocol', ws.protocol));
    await transcript.ask({}, { headers: { 'Sec-WebSocket-Protocol': 'a' } });
  },
  'maxPayload assigned afterwards': async (transcript) => {
    const wss = await transcript.serve();

    wss.options.maxPayload = 3;
    await transcript.open();
    await transcript.finish(text('abc'), text('abcd'));
  },
  'verifyClient and what it is told': async (transcript) => {
    await transcript.ask(
      {
        verifyClient(info) {
          transcript.note(Object.keys(info), info.origin, info.secure);
          transcript.note(info.req instanceof http.IncomingMessage);
          return true;
        }
      },
      { headers: { Origin: 'https://a.example', 'Sec-WebSocket-Origin': 'b' } }
    );
  },
  'verifyClient and the origin of version 8': async (transcript) => {
    await transcript.ask(
      {
        verifyClient(info) {
          transcript.note(info.origin);
          return true;
        }
      },
      {
        headers: {
          Origin: 'a',
          'Sec-WebSocket-Origin': 'b',
          'Sec-WebSocket-Version': '8'
        }
      }
    );
  },
  'verifyClient that answers later': async (transcript) => {
    await transcript.open({
      verifyClient(info, cb) {
        setImmediate(() => setImmediate(cb, true));
      }
    });
    await transcript.finish(text('a'), close(1000));
  },
  'verifyClient that refuses later': async (transcript) => {
    await transcript.ask(
      {
        verifyClient(info, cb) {
          setImmediate(cb, false, 403, 'é', { 'X-A': 1, Connection: 'x' });
        }
      },
      {}
    );
  },
  'verifyClient that refuses with nothing': async (transcript) => {
    await transcript.ask({ verifyClient: (info, cb) => cb() }, {});
  },
  'verifyClient that answers when the peer has gone': only(
    // Of a plain Duplex that nobody reads the end is not seen.
    [port, onHttp, onHttps, unix],
    async (transcript) => {
      let answer;
      const asked = called((cb) => {
        transcript.asked = cb;
      });
      const wss = await transcript.serve({
        verifyClient(info, cb) {
          answer = cb;
          transcript.asked(info.req.socket);
        }
      });

      wss.on('connection', () => transcript.note('never'));

      const raw = await transcript.connectRaw();

      raw.write(buildRequest());

      const [socket] = await asked;

      raw.socket.end();
      await turnsUntil(() => socket.readableEnded);
      transcript.note('readableEnded', socket.readableEnded);
      answer(true);
      transcript.note('answered', await raw.end());
    }
  ),
  'verifyClient that answers when the server is closed': shared(
    async (transcript) => {
      const wss = await transcript.serve({
        verifyClient(info, cb) {
          wss.close();
          cb(true);
        }
      });

      await transcript.ask({}, {});
    }
  ),
  'shouldHandle replaced': async (transcript) => {
    const wss = await transcript.serve({ path: '/a' });

    wss.shouldHandle = (req) => {
      transcript.note('asked', req.url);
      return req.url === '/b';
    };
    await transcript.ask({}, { target: '/a' });
    await transcript.ask({}, { target: '/b' });
  },
  'handleUpgrade and completeUpgrade overridden': async (transcript) => {
    const { WebSocketServer } = transcript.implementation;
    const { completeUpgrade, handleUpgrade } = WebSocketServer.prototype;
    const wss = await transcript.serve();

    wss.handleUpgrade = function (req, socket, head, cb) {
      transcript.note('handleUpgrade', req.url, head, typeof cb);
      transcript.note(req.socket === socket);
      handleUpgrade.call(this, req, socket, head, cb);
    };
    wss.completeUpgrade = function (...args) {
      const [extensions, key, protocols, req, socket, head, cb] = args;

      transcript.note('completeUpgrade', extensions, key, [...protocols]);
      transcript.note(req.socket === socket, head, typeof cb);
      completeUpgrade.apply(this, args);
    };
    await transcript.open();
    transcript.note(transcript.ws._socket === transcript.req.socket);
    await transcript.finish(close(1000));
  },
  'completeUpgrade twice': async (transcript) => {
    const wss = await transcript.serve();
    const { completeUpgrade } = wss;

    wss.completeUpgrade = function (...args) {
      completeUpgrade.apply(this, args);
      transcript.attempt('again', () => completeUpgrade.apply(this, args));
    };
    await transcript.open();
    await transcript.finish(close(1000));
  },
  'handleUpgrade twice': only([duplex, onHttp, onHttps], async (transcript) => {
    const wss = await transcript.serve();

    transcript.httpServer.on('upgrade', (req, socket, head) => {
      transcript.attempt('again', () =>
        wss.handleUpgrade(req, socket, head, () => transcript.note('never'))
      );
    });
    await transcript.open();
    await transcript.finish(close(1000));
  }),
  'handleUpgrade of a socket that was ended': only(
    [duplex, onHttp, onHttps],
    async (transcript) => {
      const wss = await transcript.serve();

      wss.on('connection', () => transcript.note('never'));
      transcript.httpServer.prependListener('upgrade', (req, socket) => {
        socket.end('bye');
      });

      const raw = await transcript.connectRaw();

      raw.write(buildRequest());
      transcript.note('answer', await raw.end());
    }
  ),
  'a rejection of each kind, in order': async (transcript) => {
    const bad = {
      method: 'POST',
      target: '/b',
      headers: {
        Upgrade: 'x',
        'Sec-WebSocket-Key': 'x',
        'Sec-WebSocket-Version': '7',
        'Sec-WebSocket-Protocol': ',',
        'Sec-WebSocket-Extensions': ';'
      }
    };

    await transcript.serve({
      path: '/a',
      perMessageDeflate: true,
      verifyClient: () => false
    });
    await transcript.ask({}, bad);
    bad.method = 'GET';
    await transcript.ask({}, bad);

    for (const name of [
      'Upgrade',
      'Sec-WebSocket-Key',
      'Sec-WebSocket-Version'
    ]) {
      delete bad.headers[name];
      await transcript.ask({}, bad);
    }

    bad.target = '/a';
    await transcript.ask({}, bad);
    delete bad.headers['Sec-WebSocket-Protocol'];
    await transcript.ask({}, bad);
    delete bad.headers['Sec-WebSocket-Extensions'];
    await transcript.ask({}, bad);
  },
  'wsClientError for each rejection that has it': async (transcript) => {
    const wss = await transcript.serve({ path: '/a', perMessageDeflate: true });

    wss.on('wsClientError', (err, socket, req) => {
      transcript.note(err, req.url, req.socket === socket, socket.writable);
      socket.end(`HTTP/1.1 400 ${err.message}\r\n\r\n`);
    });

    for (const [name, value] of [
      ['Upgrade', 'x'],
      ['Sec-WebSocket-Key', undefined],
      ['Sec-WebSocket-Version', '12'],
      ['Sec-WebSocket-Protocol', ','],
      ['Sec-WebSocket-Extensions', 'a;'],
      ['X-None', '1']
    ]) {
      await transcript.ask({}, { target: '/a', headers: { [name]: value } });
    }

    await transcript.ask({}, { target: '/b' });
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
