'use strict';

//
// The client: its arguments, its request, the answers that it gets, and its end
// before it is open.
//

const https = require('node:https');
const net = require('node:net');
const nodeTls = require('node:tls');
const { EventEmitter } = require('node:events');

const { answer, respond } = require('../support/client');
const { once, turns } = require('../support/deadline');
const { close, text } = require('./frames');
const { client, only, secureClient, unixClient } = require('./transports');

const plainOnly = (run) => only([client], run);
const tcpOnly = (run) => only([client, secureClient], run);

/**
 * A case in which the constructor gets arguments that can't be meant.
 */
function refused(...list) {
  return plainOnly(async (transcript) => {
    for (const [i, args] of list.entries()) {
      transcript.attempt(i, () => {
        const ws = new transcript.implementation(...args);

        ws.on('error', () => {});
        ws.terminate();
        return ws;
      });
    }

    await turns(2);
  });
}

/**
 * The text of a request without what is new each time.
 */
function constant({ head }) {
  return head
    .replace(/^(Sec-WebSocket-Key): .{24}$/m, '$1: …')
    .replace(/^Host: (127\.0\.0\.1|localhost):\d+$/m, 'Host: …');
}

/**
 * A case about the request that a client sends.
 */
function requested(options, protocols, agreed) {
  return async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial(options, protocols);
    const request = await transcript.request();

    transcript.note(constant(request));
    transcript.note('connecting', ws.readyState, ws.protocol, ws.extensions);
    answer(request, transcript.raw.socket, {
      'Sec-WebSocket-Protocol': agreed
    });
    await once(ws, 'open');
    transcript.note('open', ws.readyState, ws.protocol, ws.extensions);
    await transcript.finish(close(1000));
  };
}

/**
 * A case in which a client is given up while it connects.
 */
function abandoned(run) {
  return async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    ws.on('close', () => transcript.note('at close', ws.readyState));
    ws.on('error', () => transcript.note('at error', ws.readyState));
    await run(transcript, ws);
    transcript.note('then', ws.readyState);
    await transcript.noteFailure();
  };
}

module.exports = {
  'addresses that there are not': refused(
    [],
    [''],
    [undefined],
    ['foo'],
    ['ws+unix:'],
    ['ftp://localhost'],
    ['ws://localhost#x'],
    ['ws://localhost:99999'],
    ['mailto:a@b'],
    [1]
  ),
  'subprotocols that there are not': refused(
    ['ws://localhost', 'a b'],
    ['ws://localhost', ['a', 'a']],
    ['ws://localhost', ['']],
    ['ws://localhost', [1]],
    ['ws://localhost', null],
    ['ws://localhost', { protocols: ['é'] }],
    ['ws://localhost', undefined, { protocols: 'a,b' }]
  ),
  'options that there are not': refused(
    ['ws://localhost', { protocolVersion: 1 }],
    ['ws://localhost', { protocolVersion: '13' }],
    ['ws://localhost', { perMessageDeflate: { clientMaxWindowBits: 99 } }],
    ['ws://localhost', { headers: { 'a b': 'c' } }]
  ),
  'the request by default': requested(),
  'the request of version 8': requested({ protocolVersion: 8, origin: 'o' }),
  'the request with an origin': requested({ origin: 'https://a.example' }),
  'the request with headers': requested({
    headers: { 'X-A': 'b', Cookie: ['c', 'd'], Origin: 'e' }
  }),
  'the request with headers that the handshake has': requested({
    headers: { 'Sec-WebSocket-Version': '99', Connection: 'x', Upgrade: 'y' }
  }),
  'the request without permessage-deflate': requested({
    perMessageDeflate: false
  }),
  'the request with a permessage-deflate of options': requested({
    perMessageDeflate: {
      clientMaxWindowBits: 10,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 11,
      serverNoContextTakeover: true
    }
  }),
  'the request with credentials': requested({ auth: 'user:pass' }),
  'the request without a default Host': requested({ setHost: false }),
  'subprotocols that are agreed on': requested({}, ['a', 'b'], 'b'),
  'a subprotocol that is a string': requested({}, 'a', 'a'),
  'a subprotocol among the options': requested(
    { protocols: ['c', 'd'] },
    undefined,
    'd'
  ),
  'options that are overwritten': requested({
    host: 'example.test',
    port: 1,
    path: '/x',
    method: 'PUT',
    timeout: 1
  }),
  'a URL with a path, a query and credentials': tcpOnly(async (transcript) => {
    const { url } = await transcript.listen();
    const address = new URL(`${url}/p%20q?r=s`);

    address.username = 'us%65r';
    address.password = 'p%3Ass';

    const before = address.href;

    transcript.listener.url = address;
    transcript.dial();

    const request = await transcript.request();

    transcript.note(constant(request), address.href === before);
    transcript.note(transcript.ws.url === before);
    answer(request, transcript.raw.socket);
    await once(transcript.ws, 'open');
    await transcript.finish(close(1000));
  }),
  'the scheme of HTTP': tcpOnly(async (transcript) => {
    const { url } = await transcript.listen();

    transcript.listener.url = url.replace('ws', 'http');
    transcript.dial();

    const request = await transcript.request();

    transcript.note(transcript.ws.url.split(':')[0]);
    answer(request, transcript.raw.socket);
    await once(transcript.ws, 'open');
    await transcript.finish(close(1000));
  }),
  'a path behind a UNIX socket': only([unixClient], async (transcript) => {
    const { url } = await transcript.listen();

    transcript.listener.url = `${url}:/foo?bar`;
    transcript.dial();

    const request = await transcript.request();

    transcript.note(constant(request));
    answer(request, transcript.raw.socket);
    await once(transcript.ws, 'open');
    await transcript.finish(close(1000));
  }),
  "the events 'upgrade' and 'open'": async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    ws.on('upgrade', (res) => {
      transcript.note('upgrade', ws.readyState, res.headers['x-a']);
    });
    ws.on('open', () => transcript.note('open', ws.readyState));
    answer(await transcript.request(), transcript.raw.socket, { 'X-A': 'b' });
    await once(ws, 'open');
    await transcript.finish(close(1000));
  },
  'a redirect that is followed': tcpOnly(async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial({
      followRedirects: true,
      headers: { Authorization: 'a', Cookie: 'b', Host: 'c.example' }
    });

    ws.on('redirect', (url, req) => {
      transcript.note('redirect', new URL(url).pathname, req.method);
      transcript.note(req.getHeader('authorization'), ws._redirects);
    });
    transcript.note((await transcript.request()).requestLine);
    respond(transcript.raw.socket, 307, { Location: '/there' });

    const request = await transcript.request();

    transcript.note(constant(request), ws._redirects);
    answer(request, transcript.raw.socket);
    await once(ws, 'open');
    await transcript.finish(close(1000));
  }),
  'no server': plainOnly(async (transcript) => {
    const { server } = await transcript.listen();
    const closed = once(server, 'close');
    const { port } = server.address();

    server.close();
    await closed;
    transcript.dial();

    const { log, until } = transcript.record;

    await until('close');

    const [, err] = log[0];

    transcript.note(err.code, err.syscall, err.address, err.port === port);
    transcript.note(
      log.map(([name]) => name),
      log[1]
    );
  }),
  handshakeTimeout: async (transcript) => {
    await transcript.listen();
    transcript.dial({ handshakeTimeout: 50 });
    await transcript.noteFailure();
  },
  finishRequest: async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial({
      finishRequest(req, websocket) {
        transcript.note(req.method, websocket.readyState, websocket._req);
        transcript.note(req.getHeader('sec-websocket-version'));
        req.setHeader('X-Late', 'yes');
        setImmediate(() => req.end());
      }
    });
    const request = await transcript.request();

    transcript.note(constant(request));
    answer(request, transcript.raw.socket);
    await once(ws, 'open');
    await transcript.finish(close(1000));
  },
  createConnection: tcpOnly(async (transcript) => {
    const isSecure = transcript.transport === secureClient;

    await transcript.listen();
    transcript.dial({
      createConnection(options) {
        const names = ['host', 'path', 'servername', 'timeout', 'method'];

        transcript.note(names.map((name) => options[name]));
        return isSecure
          ? nodeTls.connect({ ...options, path: undefined })
          : net.connect({ ...options, path: undefined });
      }
    });
    answer(await transcript.request(), transcript.raw.socket);
    await once(transcript.ws, 'open');
    transcript.ws.send('a');
    await transcript.received(1);
    await transcript.finish(text('b'), close(1000));
  }),
  'an agent': only([secureClient], async (transcript) => {
    await transcript.listen();

    const agent = new https.Agent();

    transcript.dial({ agent });
    answer(await transcript.request(), transcript.raw.socket);
    await once(transcript.ws, 'open');
    await transcript.finish(close(1000));
    agent.destroy();
  }),
  'a certificate that is not trusted': only(
    [secureClient],
    async (transcript) => {
      await transcript.listen();
      transcript.dial({ ca: undefined });
      await transcript.noteFailure();
    }
  ),
  generateMask: async (transcript) => {
    await transcript.open({
      perMessageDeflate: false,
      generateMask(mask) {
        transcript.note('mask', Buffer.isBuffer(mask), mask.length);
        mask.fill(1);
      }
    });

    const { ws } = transcript;

    ws.send('a');
    ws.send('');
    ws.send(Buffer.from('b'));
    ws.ping('c');
    ws.send('d', { mask: false });
    await transcript.received(5);
    transcript.note('bytes', transcript.raw.buffer);
    await transcript.finish(close(1000));
  },
  'closed before it is open': abandoned((transcript, ws) => {
    transcript.attempt('close', () => ws.close());
    transcript.attempt('again', () => ws.close(9999));
  }),
  'terminated before it is open': abandoned((transcript, ws) => {
    transcript.attempt('terminate', () => ws.terminate());
    transcript.attempt('again', () => ws.terminate());
  }),
  'closed when the request has arrived': abandoned(async (transcript, ws) => {
    await transcript.request();
    transcript.attempt('close', () => ws.close());
  }),
  "closed by a listener of 'upgrade'": async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    ws.on('upgrade', () => {
      transcript.attempt('close', () => ws.close());
    });
    answer(await transcript.request(), transcript.raw.socket);
    await transcript.noteFailure();
  },
  "terminated by a listener of 'open'": async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    ws.on('open', () => ws.terminate());
    answer(await transcript.request(), transcript.raw.socket);
    await transcript.drain();
  },
  "sending in a listener of 'open'": async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial({ perMessageDeflate: false });

    ws.on('open', () => {
      ws.send('a', (err) => transcript.note('sent', err ?? 'no error'));
      ws.close(1000);
    });
    answer(await transcript.request(), transcript.raw.socket);
    await transcript.receivedClose();
    await transcript.finish(close(1000));
  },
  'methods while connecting': async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    for (const method of ['send', 'ping', 'pong']) {
      transcript.attempt(method, () => ws[method]('x', () => {}));
      transcript.attempt(method, () => ws[method]());
    }

    transcript.attempt('pause', () => ws.pause());
    transcript.attempt('resume', () => ws.resume());
    transcript.note(ws.isPaused, ws.bufferedAmount, ws.binaryType);
    transcript.note(ws._socket, ws._req instanceof EventEmitter);
    answer(await transcript.request(), transcript.raw.socket);
    await once(ws, 'open');
    transcript.note(ws._req, ws._isServer);
    await transcript.finish(close(1000));
  },
  'a listener of errors less': async (transcript) => {
    await transcript.listen();

    const ws = transcript.dial();

    ws.removeAllListeners('error');
    ws.on('error', (err) => transcript.note('only', err.message));
    ws.terminate();
    await once(ws, 'close');
    await turns();
  }
};
