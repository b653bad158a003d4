'use strict';

//
// Floods of a server whose JavaScript is blocked cost bounded memory, and what
// was taken is delivered.
//

const { text } = require('../../support/frame');
const { currentMode } = require('../mode');
const { Peer } = require('../peer');
const { start } = require('../process');
const { MiB, inMiB, residentBytes, watchResident } = require('../state');
const { comesToHold, sleep, within } = require('../waiting');

const PER_CONNECTION = MiB;
const IN_ALL = 64 * MiB;
//
// Beside what waits for JavaScript a connection holds the message of which it
// has a part, and may exceed its bound by one read: 64 KiB, which as frames of
// 6 bytes count with 64 bytes each.
//
const ONE_READ = ((64 * 1024) / 6) * 64;
// As in the flooder.
const HANDSHAKE_LANES = 64;
const SLACK = 12 * MiB;
// One flooder must not delay others at all; many compete for the processor.
const longestRoundTrip = (connections) => (connections === 1 ? 50 : 500);

function bound(connections, messageBytes) {
  const waiting = Math.min(connections * PER_CONNECTION, IN_ALL);

  return waiting + connections * messageBytes + ONE_READ + SLACK;
}

async function prepare(check, title, connections) {
  const milliseconds = check.quick ? 3000 : 10_000;
  const server = start(check, 'server');
  const flooder = start(check, 'flooder');
  const pinger = start(check, 'pinger');
  const port = await server.call('port');

  await pinger.call('open', { port, target: '/silent' });

  return {
    flooder,
    port,
    server,

    /**
     * Block JavaScript, meanwhile flood, and judge the memory.
     *
     * @param {Function} flood Starts the flood
     * @param {Number} limit The bytes by which memory may grow
     */
    async run(flood, limit) {
      let unblocked = false;
      let onblocking;
      let onunblocked;

      const blocking = new Promise((resolve) => {
        onblocking = resolve;
      });
      const over = new Promise((resolve) => {
        onunblocked = resolve;
      });

      server.onevent = ({ event }) => {
        if (event === 'blocking') onblocking();
        if (event === 'unblocked') {
          unblocked = true;
          onunblocked();
        }
      };
      // Code that runs for the first time needs memory too.
      await server.call('state');
      await server.call('block', { milliseconds });
      await within(blocking, 5000, 'JavaScript to be blocked');

      const before = residentBytes(server.pid);
      const most = watchResident(server.pid);

      check.progress(title);
      await flood();
      await sleep(milliseconds / 2);

      const { times, lost } = await pinger.call('run', {
        every: 100,
        count: milliseconds / 400
      });
      const growth = most() - before;
      const longest = longestRoundTrip(connections);

      check.judge(
        `${title}: memory grew by at most ${inMiB(limit)}`,
        growth <= limit && !unblocked,
        inMiB(growth)
      );
      // Node, which is blocked, would have to read them.
      if (currentMode() === 'tls') {
        await within(over, 30_000, 'JavaScript to be unblocked');
        return watchResident(server.pid);
      }

      check.judge(
        `  another connection has its pings answered in ${longest} ms`,
        lost === 0 && Math.max(...times) <= longest,
        `${lost} of ${lost + times.length} lost, the slowest after ` +
          `${Math.max(0, ...times).toFixed(1)} ms`
      );
      await within(over, 30_000, 'JavaScript to be unblocked');
      return watchResident(server.pid);
    },

    /**
     * Judge that the server goes on as before.
     */
    async judgeAfterwards(most) {
      const peer = await Peer.open({ port, target: '/echo' });

      peer.write(text('alive'));

      const { payload } = await peer.frame();

      check.judge(
        '  new connections work',
        payload.toString() === 'alive',
        payload
      );
      peer.destroy();
      await flooder.call('close');

      let state;

      const left = await comesToHold(async () => {
        state = await server.call('state');
        return state.clients === 1;
      });

      check.judge('  the flooders leave', left, `${state.clients - 1} left`);
      check.figure(
        '  memory',
        `at most ${inMiB(most())} after the block, in the end ` +
          inMiB(state.resident)
      );
      await server.end();
      await flooder.end();
      await pinger.end();
    }
  };
}

async function floodMessages(check, kind, connections, messageBytes) {
  const title = `${kind}, ${connections} connections`;
  const round = await prepare(check, title, connections);
  const { flooder, port } = round;

  await flooder.call('open', { port, connections });

  const most = await round.run(
    () => flooder.call('start', { kind }),
    bound(connections, messageBytes)
  );
  const results = await flooder.call('stop', undefined, 180_000);
  const alive = results.filter(({ ended }) => !ended);
  const sent = results.reduce((sum, result) => sum + result.sent, 0);
  const lost = alive.filter((result) =>
    kind === 'pings'
      ? result.pings !== result.sent || result.pongs !== result.sent
      : result.messages !== result.sent
  );

  check.judge(
    kind === 'pings'
      ? '  all is answered, or the flooder was terminated'
      : '  all is delivered',
    lost.length === 0 && (kind === 'pings' || alive.length === connections),
    `${sent} sent, ${connections - alive.length} connections terminated, ` +
      `${lost.length} with losses ${JSON.stringify(lost.slice(0, 2))}`
  );
  await round.judgeAfterwards(most);
}

async function floodFragments(check, connections) {
  const title = `empty fragments, ${connections} connections`;
  const round = await prepare(check, title, connections);
  const { flooder, port } = round;

  await flooder.call('open', { port, connections });

  const most = await round.run(
    () => flooder.call('startFragments'),
    bound(connections, 0)
  );
  const results = await flooder.call('stop', undefined, 180_000);
  const alive = results.filter(({ ended }) => !ended).length;

  check.judge('  the flooders are ended', alive === 0, `${alive} left`);
  await round.judgeAfterwards(most);
}

async function floodHandshakes(check) {
  const title = 'upgrades of 8 KiB, each reset at once';
  const round = await prepare(check, title, HANDSHAKE_LANES);
  const { flooder, port } = round;
  const most = await round.run(
    () => flooder.call('startHandshakes', { port }),
    IN_ALL + SLACK
  );

  check.figure('  upgrades', await flooder.call('stopHandshakes'));
  await round.judgeAfterwards(most);
}

module.exports = async function flood(check) {
  for (const connections of [1, 100]) {
    await floodMessages(check, '64-byte messages', connections, 64);
    await floodMessages(check, '16 KiB messages', connections, 16 * 1024);
    await floodMessages(check, '1 MiB messages', connections, MiB);
    await floodMessages(check, 'empty messages', connections, 0);
    await floodMessages(check, 'pings', connections, 125);
    await floodFragments(check, connections);
  }

  await floodHandshakes(check);
};
