'use strict';

//
// A process whose last server and connection are closed exits by itself.
//

const { Opcode, close, text } = require('../../support/frame');
const { Peer } = require('../peer');
const { start } = require('../process');
const { comesToHold, within } = require('../waiting');

// Time to unwind a process, far from any timer of a connection.
const LIMIT = 1000;

const ways = [
  'no connection',
  'close() of all connections',
  'terminate() of all connections',
  'connections that outlive the server',
  'a server that outlives the connections',
  'two servers',
  'paused connections',
  'data that was not read',
  'connections with a heartbeat'
];

async function leave(check, way, connections) {
  const leaver = start(check, 'leaver', { argument: { way } });
  const ports = [];
  let done;

  leaver.onevent = ({ event, port, at }) => {
    if (event === 'listening') ports.push(port);
    else done = at;
  };

  const expected = way === 'two servers' ? 2 : 1;

  if (!(await comesToHold(() => ports.length === expected))) {
    throw new Error(`'${way}' does not listen: ${leaver.stderr}`);
  }

  const peers = [];

  for (let i = 0; way !== 'no connection' && i < connections; i++) {
    const peer = await Peer.open({
      port: ports[i % ports.length],
      answersPings: true
    });

    peer.onframe = ({ opcode }) => {
      if (opcode === Opcode.CLOSE) peer.write(close());
    };
    if (way === 'data that was not read') peer.socket.pause();
    peer.write(text('some traffic'));
    peers.push(peer);
  }

  leaver.child.send('leave');

  const { code, signal } = await within(
    leaver.over,
    10_000,
    `the exit with '${way}'`
  );
  const delay = Date.now() - done;

  for (const peer of peers) peer.destroy();

  if (code !== 0 || done === undefined) {
    throw new Error(`'${way}' ended by ${signal ?? code}: ${leaver.stderr}`);
  }

  return delay;
}

module.exports = async function exit(check) {
  const rounds = check.quick ? 2 : 10;
  const connections = check.quick ? 5 : 50;

  for (const way of ways) {
    const delays = [];

    try {
      for (let i = 0; i < rounds; i++) {
        check.progress(`${way}, ${i} of ${rounds}`);
        delays.push(await leave(check, way, connections));
      }
    } catch (err) {
      check.judge(`exits: ${way}`, false, err.message);
      continue;
    }

    const most = Math.max(...delays);

    check.judge(
      `exits at most ${LIMIT} ms after the last is closed: ${way}`,
      most <= LIMIT,
      `${most} ms in ${rounds} runs`
    );
  }
};
