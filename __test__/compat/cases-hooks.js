'use strict';

//
// Who decides on a handshake: the hooks of a server, and its rejections.
//

const http = require('node:http');

const { called, turnsUntil } = require('../support/deadline');
const { buildRequest } = require('../support/handshake');
const { close, text } = require('./frames');
const { duplex, onHttp, onHttps, only, port, unix } = require('./transports');

const shared = (run) => only([onHttp, onHttps], run);

module.exports = {
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
  }
};
