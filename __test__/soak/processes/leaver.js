'use strict';

//
// Closes its servers and connections in the way that it is told, and has then
// nothing to live for. Says so as the last thing that it does by itself.
//

const { listen } = require('../mode');

const { way } = JSON.parse(process.argv[2]);
const open = new Set();
let servers = 0;

function serve(behave, options) {
  const wss = listen(options);

  servers++;
  wss.on('listening', () => {
    process.send({ event: 'listening', port: wss.address().port });
  });
  wss.on('close', () => {
    servers--;
    leaveIfDone();
  });
  wss.on('connection', (ws) => {
    open.add(ws);
    ws.on('error', () => {});
    ws.on('close', () => {
      open.delete(ws);
      leaveIfDone();
    });
    behave?.(ws);
  });
  return wss;
}

function leaveIfDone() {
  if (servers > 0 || open.size > 0) return;
  process.send({ event: 'done', at: Date.now() });
  // The channel to the parent must not keep the process.
  process.disconnect();
}

const echo = (ws) => ws.on('message', (data) => ws.send(data));

const ways = {
  'no connection'(start) {
    const wss = serve();

    start(() => wss.close());
  },

  'close() of all connections'(start) {
    const wss = serve(echo);

    start(() => {
      wss.close();
      for (const ws of open) ws.close();
    });
  },

  'terminate() of all connections'(start) {
    const wss = serve(echo);

    start(() => {
      for (const ws of open) ws.terminate();
      wss.close();
    });
  },

  'connections that outlive the server'(start) {
    const wss = serve(echo);

    start(() => {
      wss.close();
      setTimeout(() => {
        for (const ws of open) ws.close();
      }, 100);
    });
  },

  'a server that outlives the connections'(start) {
    const wss = serve(echo);

    start(() => {
      for (const ws of open) ws.terminate();
      setTimeout(() => wss.close(), 100);
    });
  },

  'two servers'(start) {
    const servers = [serve(echo), serve(echo)];

    start(() => {
      for (const wss of servers) wss.close();
      for (const ws of open) ws.terminate();
    });
  },

  'paused connections'(start) {
    const wss = serve((ws) => ws.pause());

    start(() => {
      wss.close();
      for (const ws of open) ws.terminate();
    });
  },

  'data that was not read'(start) {
    const wss = serve((ws) => ws.send(Buffer.alloc(16 * 1024 * 1024)));

    start(() => {
      wss.close();
      for (const ws of open) ws.terminate();
    });
  },

  'connections with a heartbeat'(start) {
    const wss = serve(echo, { heartbeat: { interval: 50, timeout: 1000 } });

    start(() => {
      wss.close();
      for (const ws of open) ws.close();
    });
  }
};

function whenTold(leave) {
  process.once('message', leave);
}

// Not to be left alone if the parent is gone before it told.
process.once('disconnect', () => {
  if (servers > 0 || open.size > 0) process.exit(1);
});
ways[way](whenTold);
