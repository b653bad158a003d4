'use strict';

//
// The heartbeat finds peers that vanished without a FIN, and no others.
//

const { createNamespaces } = require('../namespaces');
const { start } = require('../process');
const { MiB } = require('../state');
const { comesToHold, sleep, within } = require('../waiting');

const heartbeat = { interval: 1000, timeout: 1000 };
const LIMIT = heartbeat.interval + heartbeat.timeout + 1000;
const BEATS = 10;
const MAX_INBOUND = 256 * 1024;

// What a peer was doing when it died.
const states = ['idle', 'data queued', 'within a message', 'silent before'];
const PEERS_PER_STATE = 10;

/**
 * Start a server that tells which connections it closes.
 */
async function serve(check, options, namespace) {
  const server = start(check, 'server', {
    namespace,
    argument: { options: { heartbeat, ...options } }
  });
  const closed = new Map();
  let onunblocked;

  server.onevent = ({ event, name, code, at }) => {
    if (event === 'close') closed.set(name, { code, at });
    if (event === 'unblocked') onunblocked();
  };

  return {
    closed,
    port: await server.call('port'),
    server,
    unblocked: new Promise((resolve) => {
      onunblocked = resolve;
    })
  };
}

/**
 * Judge one time that the cable is cut.
 */
async function dieOnce(check, network, round) {
  const { closed, port, server } = await serve(
    check,
    { host: '0.0.0.0' },
    network.server
  );
  const peers = start(check, 'answerer', { namespace: network.client });
  const witness = start(check, 'answerer', { namespace: network.server });
  const names = [];

  await witness.call('open', { port, name: 'witness', state: 'idle' });

  // Over an interval, so that they are at all points of it when they die.
  for (let i = 0; i < PEERS_PER_STATE; i++) {
    for (const state of states) {
      const name = `${state} ${i}`;

      await peers.call('open', { host: network.address, port, name, state });
      names.push(name);
      await sleep(heartbeat.interval / (PEERS_PER_STATE * states.length));
    }
  }

  await sleep(heartbeat.interval * 1.5);

  const tooEarly = names.filter((name) => closed.has(name));

  // Some of it is with the kernel when the cable is cut, the rest waits here.
  for (const name of names.filter((name) => name.startsWith('data'))) {
    await server.call('send', { name, bytes: 16 * MiB });
  }

  network.cut();

  const cutAt = Date.now();

  for (const name of names.filter((name) => name.startsWith('data'))) {
    await server.call('send', { name, bytes: 64 * 1024 });
  }

  check.progress(`round ${round}, the cable is cut`);
  await comesToHold(() => closed.size >= names.length, 4 * LIMIT);

  for (const state of states) {
    const mine = names.filter((name) => name.startsWith(state));
    const found = mine.filter((name) => closed.has(name));
    const delays = found.map((name) => closed.get(name).at - cutAt);
    const codes = [...new Set(found.map((name) => closed.get(name).code))];

    check.judge(
      `round ${round}, ${state}: 'close' 1006 at most ${LIMIT} ms after death`,
      found.length === mine.length &&
        Math.max(...delays) <= LIMIT &&
        codes.join() === '1006',
      `${found.length} of ${mine.length}, code ${codes || 'none'}, after ` +
        `${delays.sort((a, b) => a - b).join(' ')} ms`
    );
  }

  check.judge(
    `round ${round}: nobody is terminated while the cable is whole`,
    tooEarly.length === 0,
    tooEarly.length
  );
  check.judge(
    `round ${round}: a live connection stays`,
    !closed.has('witness'),
    !closed.has('witness')
  );
  await peers.end();
  await witness.end();

  const { clients } = await server.call('state');

  check.judge(`round ${round}: no client is left`, clients <= 1, clients);
  network.mend();
  await server.end();
}

/**
 * Peers that answer, or can't be heard because we do not listen, stay.
 */
async function spare(check) {
  const { closed, port, server, unblocked } = await serve(check, {
    maxInboundBytes: MAX_INBOUND
  });
  const peers = start(check, 'answerer');

  await peers.call('open', { port, name: 'answers', state: 'idle' });
  await peers.call('open', {
    port,
    name: 'paused',
    state: 'talking',
    target: '/paused'
  });
  await peers.call('open', { port, name: 'held back', state: 'talking' });
  await sleep(500);

  // JavaScript takes nothing, so one connection comes to its bound.
  await server.call('block', { milliseconds: 5 * heartbeat.interval });
  check.progress('JavaScript is blocked');
  await within(unblocked, 30_000, 'JavaScript to be unblocked');
  await sleep(500);
  check.judge(
    'a peer that is held back by the inbound bound stays',
    !closed.has('held back'),
    JSON.stringify(closed.get('held back') ?? 'open')
  );
  await peers.call('leave', 'held back');

  for (let i = 0; i < BEATS; i++) {
    check.progress(`live peers, ${i} of ${BEATS} intervals`);
    await sleep(heartbeat.interval);
  }

  for (const name of ['answers', 'paused']) {
    check.judge(
      `a peer that ${name === 'paused' ? 'is paused' : name} stays`,
      !closed.has(name) && (await server.call('names')).includes(name),
      JSON.stringify(closed.get(name) ?? 'open')
    );
  }

  const pings = await peers.call('pings', 'answers');

  check.judge(
    'it was pinged in every interval',
    pings >= BEATS,
    `${pings} pings`
  );

  // A process that is stopped has a kernel that acknowledges, but no answers.
  const stoppedAt = Date.now();

  peers.child.kill('SIGSTOP');
  await comesToHold(() => closed.has('answers'), 4 * LIMIT);
  peers.child.kill('SIGCONT');

  const { code, at } = closed.get('answers') ?? {};

  check.judge(
    `a peer whose process stands still: 'close' 1006 within ${LIMIT} ms`,
    code === 1006 && at - stoppedAt <= LIMIT,
    `code ${code}, ${at - stoppedAt} ms`
  );
  await server.end();
  await peers.end();
}

module.exports = async function deadPeer(check) {
  const network = createNamespaces(check);

  for (let round = 1; round <= (check.quick ? 1 : 4); round++) {
    await dieOnce(check, network, round);
  }

  await spare(check);
};
