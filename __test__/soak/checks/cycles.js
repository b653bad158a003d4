'use strict';

//
// Connections that open and end in every way leave nothing behind.
//

const { start } = require('../process');
const { MiB, inMiB } = require('../state');
const { comesToHold } = require('../waiting');

// Fragmentation and lazily compiled code; 100,000 cycles that lose 64 bytes
// each would exceed it.
const SLACK = 6 * MiB;
// What JavaScript keeps is known to the byte: 10 for each cycle.
const HEAP_SLACK = MiB;
const PARTS = 10;
// V8 grows its young generation under load, by 30 MiB, at a time of its own.
const execArgv = ['--max-semi-space-size=1'];

function inWholeMiB(bytes) {
  return Math.round(bytes / MiB);
}

module.exports = async function cycles(check) {
  const warmUp = check.quick ? 3000 : 10_000;
  const total = check.quick ? 5000 : 100_000;
  const server = start(check, 'server', { execArgv });
  const client = start(check, 'cycler');
  const port = await server.call('port');
  let done = 0;

  client.onevent = ({ count }) => {
    check.progress(`${done + count} of ${total} cycles`);
  };

  async function idle() {
    let state;

    await comesToHold(async () => {
      state = await server.call('state');
      return state.clients === 0 && !state.resources.includes('TCPSocketWrap');
    });
    return state;
  }

  async function part(count) {
    const endings = await client.call('run', { port, count }, 600_000);

    done += count;
    return endings;
  }

  await part(warmUp);
  done = 0;

  const before = await idle();
  const beginning = performance.now();
  const states = [before];
  const endings = {};

  for (let i = 0; i < PARTS; i++) {
    for (const [name, count] of Object.entries(await part(total / PARTS))) {
      endings[name] = (endings[name] ?? 0) + count;
    }

    states.push(await idle());
  }

  const seconds = (performance.now() - beginning) / 1000;
  let after;

  await comesToHold(async () => {
    after = await idle();
    return after.descriptors <= before.descriptors;
  });

  check.figure(
    'cycles',
    `${total} after ${warmUp} to warm up, ${Math.round(total / seconds)}/s`
  );
  for (const [name, count] of Object.entries(endings)) {
    check.figure(`  ended by ${name}`, count);
  }
  check.figure(
    'resident memory (of it the heap of V8) over time, MiB',
    states
      .map(({ resident, heapTotal }) => [resident, heapTotal].map(inWholeMiB))
      .map(([resident, heapTotal]) => `${resident} (${heapTotal})`)
      .join(', ')
  );
  const growth = after.resident - before.resident;

  check.judge(
    `resident memory grew by at most ${inMiB(SLACK)}`,
    growth <= SLACK,
    inMiB(growth)
  );

  const kept = [before, after].map(({ heap, external }) => heap + external);

  check.judge(
    `V8's live heap and buffers grew by at most ${inMiB(HEAP_SLACK)}`,
    kept[1] - kept[0] <= HEAP_SLACK,
    kept.map(inMiB).join(' -> ')
  );

  for (const what of ['descriptors', 'threads', 'clients', 'resources']) {
    check.judge(
      `${what} as before`,
      after[what] === before[what],
      `${before[what]} -> ${after[what]}`
    );
  }
};
