'use strict';

//
// Random bytes, half handshakes and mutated frames cost bounded memory and
// disturb nobody.
//

const { Opcode, binary, text } = require('../../support/frame');
const { Peer } = require('../peer');
const { start } = require('../process');
const { MiB, inMiB, watchResident } = require('../state');
const { comesToHold, sleep } = require('../waiting');

const CONNECTIONS = 60;
const SLACK = 24 * MiB;
// V8 grows its young generation under load, by 30 MiB, at a time of its own.
const execArgv = ['--max-semi-space-size=1'];

/**
 * Send numbered messages of all lengths, one after the other has come back.
 */
async function behave(port) {
  const peer = await Peer.open({ port, target: '/echo' });
  let sent = 0;
  let wrong = 0;
  let longest = 0;
  let isOver = false;

  async function talk() {
    while (!isOver && !peer.hasEnded) {
      const payload = Buffer.alloc(8 + ((sent * 977) % 70_000), sent & 0xff);
      const isBinary = (sent & 1) === 1;

      if (!isBinary) payload.fill(97 + (sent % 26));
      payload.write(String(sent).padStart(8));
      sent++;

      const start = performance.now();

      peer.write(isBinary ? binary(payload) : text(payload));

      const frame = await peer.frame(30_000);

      longest = Math.max(longest, performance.now() - start);
      if (
        frame.opcode !== (isBinary ? Opcode.BINARY : Opcode.TEXT) ||
        !frame.payload.equals(payload)
      ) {
        wrong++;
      }
      await sleep(2);
    }
  }

  let failure;
  const talking = talk().catch((err) => {
    failure = err;
  });

  return async () => {
    isOver = true;
    await talking;
    peer.destroy();
    return { failure, longest, sent, wrong };
  };
}

module.exports = async function garbage(check) {
  const seconds = check.quick ? 5 : 60;
  const seed = Date.now() & 0x7fffffff;
  const server = start(check, 'server', {
    execArgv,
    argument: { options: { headersTimeout: 2000, closeTimeout: 1000 } }
  });
  const mutator = start(check, 'mutator', { argument: { seed } });
  const port = await server.call('port');
  const settled = () => server.call('state');

  check.figure('seed', seed);
  await mutator.call('start', { port, connections: CONNECTIONS });
  await sleep(check.quick ? 1000 : 5000);

  const before = await settled();
  const most = watchResident(server.pid);
  const stop = await behave(port);

  for (let i = 0; i < seconds; i++) {
    check.progress(`${i} of ${seconds} s`);
    await sleep(1000);
  }

  const { failure, longest, sent, wrong } = await stop();
  const kinds = await mutator.call('stop');
  let after = await settled();

  check.figure(
    'garbage',
    Object.entries(kinds)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')
  );
  check.figure(
    'the server saw',
    `${after.connections} connections, ${after.errors} errors, ` +
      `${after.messages} messages`
  );
  check.judge(
    'the well-behaved client got every message back',
    failure === undefined && wrong === 0 && sent > seconds,
    failure?.message ??
      `${sent} messages, ${wrong} wrong, the slowest after ` +
        `${longest.toFixed(1)} ms`
  );
  check.judge(
    `memory grew by at most ${inMiB(SLACK)} meanwhile`,
    most() - before.resident <= SLACK,
    inMiB(most() - before.resident)
  );

  const left = await comesToHold(async () => {
    after = await settled();
    return after.clients === 0 && after.descriptors <= 26;
  }, 40_000);

  check.judge(
    'all connections are gone',
    left,
    `${after.clients} clients, ${after.descriptors} descriptors`
  );
  check.judge(
    'the server never failed',
    after.serverErrors === 0 && server.stderr === '',
    `${after.serverErrors} errors ${server.stderr}`
  );
  check.judge(
    'the kinds were seen',
    after.errors > 0 && after.messages > 0 && Object.keys(kinds).length > 5,
    `${Object.keys(kinds).length} kinds`
  );
};
