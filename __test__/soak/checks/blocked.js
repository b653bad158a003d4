'use strict';

//
// Pings are answered while JavaScript is blocked, whether it waits or computes.
//

const { start } = require('../process');
const { within } = require('../waiting');

const LIMIT = 50;
const EVERY = 100;

async function measure(check, computing) {
  const milliseconds = check.quick ? 2000 : 10_000;
  const server = start(check, 'server');
  const client = start(check, 'pinger');
  const port = await server.call('port');
  let hasEnded = false;

  await client.call('open', { port, target: '/silent' });

  const blocking = new Promise((resolve) => {
    server.onevent = ({ event }) => {
      if (event === 'blocking') resolve();
      else if (event === 'unblocked') hasEnded = true;
    };
  });

  await server.call('block', { milliseconds, computing });
  await within(blocking, 5000, 'JavaScript to be blocked');
  check.progress(`JavaScript ${computing ? 'computes' : 'waits'}`);

  const { times, lost } = await client.call('run', {
    every: EVERY,
    count: milliseconds / EVERY - 8
  });

  const most = Math.max(0, ...times);
  const name = computing ? 'computes' : 'waits';

  times.sort((a, b) => a - b);
  check.judge(
    `JavaScript ${name} for ${milliseconds / 1000} s throughout`,
    !hasEnded,
    !hasEnded
  );
  check.judge(
    'every ping is answered',
    lost === 0 && times.length > 0,
    `${lost} of ${lost + times.length} lost`
  );
  check.figure(
    'median round trip',
    `${times[times.length >> 1]?.toFixed(2)} ms`
  );
  check.judge(
    `longest round trip at most ${LIMIT} ms`,
    most <= LIMIT,
    `${most.toFixed(2)} ms`
  );
  await server.end();
}

module.exports = async function blocked(check) {
  await measure(check, false);
  await measure(check, true);
};
