'use strict';

//
// Sends what no client would.
//

const { buildFrame, close } = require('../../support/frame');
const { buildRequest } = require('../../support/handshake');
const { Peer } = require('../peer');
const { answer, argument } = require('../process');
const { sleep } = require('../waiting');

const PERIOD = 30;

let state = argument().seed;

/**
 * A number that the seed decides (mulberry32).
 */
function random(limit) {
  state = (state + 0x6d2b79f5) | 0;

  let t = Math.imul(state ^ (state >>> 15), 1 | state);

  t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}

function bytes(length) {
  return Buffer.alloc(length).map(() => random(256));
}

function mutate(buffer) {
  const copy = Buffer.from(buffer);

  for (let i = 0; i <= random(4); i++) {
    if (copy.length > 0) copy[random(copy.length)] = random(256);
  }

  return copy;
}

function frame() {
  return buildFrame({
    fin: random(4) > 0,
    opcode: [0, 1, 1, 2, 2, 8, 9, 9, 10][random(9)],
    payload: bytes(random(random(10) === 0 ? 70_000 : 130))
  });
}

async function inPieces(peer, buffer) {
  for (let offset = 0; offset < buffer.length && !peer.hasEnded;) {
    const length = 1 + random(40);

    peer.write(buffer.subarray(offset, offset + length));
    offset += length;
    await sleep(random(3));
  }
}

const request = () => buildRequest({ target: '/echo' });

async function upgrade(peer) {
  peer.write(request());
  await peer.opened(10_000);
}

const kinds = {
  async 'random bytes'(peer) {
    peer.write(bytes(1 + random(3000)));
  },

  async 'half handshakes'(peer) {
    peer.write(request().slice(0, random(request().length)));
  },

  async 'mutated handshakes'(peer) {
    peer.write(mutate(Buffer.from(request())));
  },

  async 'handshakes with mutated frames behind'(peer) {
    peer.write(Buffer.concat([Buffer.from(request()), mutate(frame())]));
  },

  async 'long headers'(peer) {
    const headers = { Padding: 'x'.repeat(random(40_000)) };

    peer.write(buildRequest({ target: '/echo', headers }));
  },

  async 'random bytes in place of frames'(peer) {
    await upgrade(peer);
    peer.write(bytes(1 + random(3000)));
  },

  async 'random frames'(peer) {
    await upgrade(peer);
    for (let i = random(30); i > 0; i--) peer.write(frame());
  },

  async 'mutated frames'(peer) {
    await upgrade(peer);
    for (let i = random(30); i > 0; i--) peer.write(mutate(frame()));
  },

  async 'frames in pieces'(peer) {
    await upgrade(peer);
    await inPieces(peer, frame().subarray(0, 300));
  },

  async 'frames that declare more'(peer) {
    await upgrade(peer);
    peer.write(
      buildFrame({
        opcode: 2,
        payload: bytes(100),
        lengthBits: 64,
        declaredLength: [2n ** 63n, 2n ** 53n, 2n ** 62n, 104857600n][random(4)]
      })
    );
  },

  async 'frames after a close frame'(peer) {
    await upgrade(peer);
    peer.write(close(1000));
    for (let i = random(10); i > 0; i--) peer.write(frame());
  }
};
const names = Object.keys(kinds);
const counts = {};
let stopped = false;
let lanes;

async function once(port) {
  const name = names[random(names.length)];
  const peer = new Peer({ port });

  peer.onframe = () => {};
  counts[name] = (counts[name] ?? 0) + 1;

  try {
    await kinds[name](peer);
  } catch {
    // The server may end it at any time.
  }

  await Promise.race([peer.ended, sleep(random(PERIOD))]);
  if (random(2) === 0) peer.reset();
  else peer.destroy();
  await peer.ended;
}

answer({
  start({ port, connections }) {
    lanes = Array.from({ length: connections }, async () => {
      while (!stopped) await once(port);
    });
  },

  async stop() {
    stopped = true;
    await Promise.all(lanes);
    return counts;
  }
});
