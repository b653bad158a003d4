'use strict';

//
// A server without free descriptors neither spins nor fails, and accepts again
// when there are some.
//

const { Opcode, ping } = require('../../support/frame');
const { buildRequest } = require('../../support/handshake');
const { Peer } = require('../peer');
const { start } = require('../process');
const { openDescriptors, processorTime } = require('../state');
const { comesToHold, sleep } = require('../waiting');

const LIMIT = 64;
const CLIENTS = 200;
const MOST_PROCESSOR = 0.1;
const LEAVING = 20;

module.exports = async function emfile(check) {
  const seconds = check.quick ? 2 : 10;
  const server = start(check, 'server', { openFiles: LIMIT });
  const port = await server.call('port');
  const peers = [];

  for (let i = 0; i < CLIENTS; i++) {
    const peer = new Peer({ port });

    check.defer(() => peer.destroy());
    peer.write(buildRequest({ target: '/echo' }));
    peers.push(peer);
  }

  const served = () => peers.filter(({ isOpen }) => isOpen);

  await comesToHold(() => openDescriptors(server.pid) >= LIMIT - 1);
  await sleep(500);

  const first = served();

  check.figure(
    'clients',
    `${CLIENTS}, of them ${first.length} served with ` +
      `${openDescriptors(server.pid)} descriptors of ${LIMIT}`
  );
  check.judge(
    'the others wait',
    first.length > 0 &&
      first.length < LIMIT &&
      peers.every(({ hasEnded }) => !hasEnded),
    `${peers.filter(({ hasEnded }) => hasEnded).length} ended`
  );

  const before = processorTime(server.pid);

  for (let i = 0; i < seconds; i++) {
    check.progress(`exhausted for ${i} s`);
    first[0].write(ping(String(i)));
    await sleep(1000);
  }

  const ratio = (processorTime(server.pid) - before) / (seconds * 1000);
  const pongs = first[0].frames.filter(({ opcode }) => opcode === Opcode.PONG);

  check.judge(
    `processor used while exhausted at most ${MOST_PROCESSOR}`,
    ratio <= MOST_PROCESSOR,
    ratio.toFixed(3)
  );
  check.judge(
    'open connections are served meanwhile',
    pongs.length === seconds,
    `${pongs.length} of ${seconds} pings answered`
  );

  // In several steps, down to nobody who waits.
  for (let waiting = CLIENTS - first.length; waiting > 0;) {
    const leaving = served().slice(1, 1 + LEAVING);
    const step = Math.min(leaving.length, waiting);
    const goal = CLIENTS - waiting + step;

    for (const peer of leaving) peer.destroy();

    const recovered = await comesToHold(
      () => peers.filter(({ wasOpened }) => wasOpened).length >= goal
    );

    waiting -= step;
    if (!recovered || waiting <= 0) {
      check.judge(
        'all that waited were served when others left',
        recovered,
        `${waiting} still waiting`
      );
      break;
    }
  }

  const { serverErrors, clients, descriptors } = await server.call('state');

  check.judge("no 'error' of the server", serverErrors === 0, serverErrors);
  for (const peer of served().slice(1)) peer.destroy();

  let state;
  const left = await comesToHold(async () => {
    state = await server.call('state');
    return state.clients === 1;
  });

  check.judge(
    'descriptors are free again',
    left && state.descriptors < descriptors - clients + 3,
    `${descriptors} with ${clients} clients -> ${state.descriptors} with ` +
      state.clients
  );
};
