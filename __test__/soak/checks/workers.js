'use strict';

//
// Worker threads that serve and are terminated in the middle leave nothing
// behind, and do not disturb the main thread's server.
//

const { binary, text } = require('../../support/frame');
const { Peer } = require('../peer');
const { start } = require('../process');
const { MiB, inMiB } = require('../state');
const { comesToHold, within } = require('../waiting');

const CONNECTIONS = 3;
const MESSAGES = 100;
const MESSAGE = binary(Buffer.alloc(500, 1));
const AT_A_TIME = 8;
// What V8 and the allocator keep for the next worker varies by so much.
const SLACK = 12 * MiB;

/**
 * Start a worker, talk to its server, terminate it while messages flow.
 */
async function live(owner) {
  const { id, port } = await owner.call('startWorker');
  const peers = [];
  let messages = 0;
  let enough;
  const flows = new Promise((resolve) => {
    enough = resolve;
  });

  for (let i = 0; i < CONNECTIONS; i++) {
    const peer = await Peer.open({ port });

    peer.onframe = () => {
      if (++messages === MESSAGES) enough();
      if (peer.socket.writable) peer.write(MESSAGE);
    };
    peers.push(peer);
  }

  for (const peer of peers) {
    for (let i = 0; i < 8; i++) peer.write(MESSAGE);
  }

  await within(flows, 15_000, 'the traffic of a worker');
  await owner.call('terminateWorker', id);
  await Promise.all(peers.map((peer) => peer.end()));
}

/**
 * Count how often a message of the main thread's server comes back.
 */
async function talk(port) {
  const peer = await Peer.open({ port, target: '/echo' });
  let sent = 0;
  let received = 0;
  let sentAt;
  let longest = 0;
  let isOver = false;

  function next() {
    sentAt = performance.now();
    peer.write(text(String(sent++)));
  }

  peer.onframe = ({ payload }) => {
    if (payload.toString() === String(received)) received++;
    longest = Math.max(longest, performance.now() - sentAt);
    if (!isOver) setTimeout(next, 5);
  };
  next();

  return async () => {
    isOver = true;
    await comesToHold(() => received === sent);

    const result = { sent, received, longest, isOpen: peer.isOpen };

    peer.destroy();
    await peer.end();
    return result;
  };
}

async function series(check, owner, { count, lanes, title }) {
  let left = count;
  let done = 0;

  async function lane() {
    while (left-- > 0) {
      await live(owner);
      check.progress(`${title}: ${++done} of ${count} workers`);
    }
  }

  await Promise.all(Array.from({ length: lanes }, lane));
}

async function idle(owner, limit) {
  let state = await owner.call('state');

  // The end of a thread is not announced.
  await comesToHold(async () => {
    state = await owner.call('state');
    return (
      state.clients === 0 &&
      (limit === undefined ||
        (state.descriptors <= limit.descriptors &&
          state.threads <= limit.threads))
    );
  });
  return state;
}

async function measure(check, lanes) {
  const title = lanes === 1 ? 'one by one' : `${lanes} at a time`;
  const count = check.quick ? 20 : 200;
  const owner = start(check, 'worker-owner');
  const port = await owner.call('port');

  await series(check, owner, { count: check.quick ? 16 : 40, lanes, title });

  const before = await idle(owner);
  const stop = await talk(port);

  await series(check, owner, { count: count >> 1, lanes, title });

  const { resident } = await owner.call('state');

  await series(check, owner, { count: count >> 1, lanes, title });

  const { sent, received, longest, isOpen } = await stop();
  const after = await idle(owner, before);
  const growth = after.resident - before.resident;

  for (const what of ['descriptors', 'threads', 'resources']) {
    check.judge(
      `${title}, ${count} workers: ${what} as before`,
      after[what] === before[what],
      `${before[what]} -> ${after[what]}`
    );
  }

  check.figure(
    'resident memory',
    [before.resident, resident, after.resident].map(inMiB).join(' -> ')
  );
  check.judge(
    `it grew by at most ${inMiB(SLACK)}`,
    growth <= SLACK,
    inMiB(growth)
  );
  check.judge(
    "the main thread's server is not disturbed",
    isOpen && sent === received && sent > 1,
    `${received} of ${sent} messages came back, the slowest after ` +
      `${longest.toFixed(1)} ms`
  );
  await owner.end();
}

module.exports = async function workers(check) {
  await measure(check, 1);
  await measure(check, AT_A_TIME);
};
