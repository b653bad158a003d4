'use strict';

//
// Opens connections and ends each in another way.
//

const { Opcode, close, text } = require('../../support/frame');
const { buildRequest } = require('../../support/handshake');
const { Peer } = require('../peer');
const { answer } = require('../process');

const LANES = 32;
// The side that closes first keeps the pair of addresses and ports for a
// minute; there are some 28,000 ports for each of these.
const LOCAL_ADDRESSES = 32;

async function expect(peer, opcode) {
  const frame = await peer.frame();

  if (frame.opcode !== opcode) {
    throw new Error(`opcode ${frame.opcode} in place of ${opcode}`);
  }
}

async function finishClosing(peer) {
  await expect(peer, Opcode.CLOSE);
  peer.write(close(1000));
  await peer.end();
}

const endings = {
  async 'closing handshake, begun by the client'(peer) {
    peer.write(close(1000));
    await expect(peer, Opcode.CLOSE);
    await peer.end();
  },

  async 'closing handshake, begun by the server'(peer) {
    peer.write(text('close'));
    await finishClosing(peer);
  },

  async 'terminate() of the server'(peer) {
    peer.write(text('terminate'));
    await peer.end();
  },

  async 'RST of the client'(peer) {
    peer.reset();
    await peer.end();
  },

  async 'FIN of the client'(peer) {
    peer.socket.end();
    await peer.end();
  },

  async 'FIN within a frame'(peer) {
    peer.write(text('half of this').subarray(0, 9));
    peer.socket.end();
    await peer.end();
  },

  async 'protocol error'(peer) {
    peer.write(text('not masked', { mask: false }));
    await finishClosing(peer);
  }
};
const names = Object.keys(endings);
const ABORTED = 'RST within the opening handshake';

async function cycle(number, port) {
  const peer = new Peer({
    port,
    localAddress: `127.0.1.${1 + (number % LOCAL_ADDRESSES)}`
  });
  const request = buildRequest({ target: '/echo' });

  if (number % (names.length + 1) === names.length) {
    peer.write(request.slice(0, number % request.length));
    await new Promise((resolve) => peer.socket.once('connect', resolve));
    peer.reset();
    await peer.end();
    return ABORTED;
  }

  const name = names[number % (names.length + 1)];

  peer.write(request);
  await peer.opened();
  peer.write(text('echo'));
  await expect(peer, Opcode.TEXT);
  await endings[name](peer);
  return name;
}

let next = 0;

answer({
  async run({ port, count }) {
    const seen = {};
    const end = next + count;
    const start = next;

    async function lane() {
      while (next < end) {
        if ((next - start) % 500 === 0) process.send({ count: next - start });

        const name = await cycle(next++, port);

        seen[name] = (seen[name] ?? 0) + 1;
      }
    }

    await Promise.all(Array.from({ length: LANES }, lane));
    return seen;
  }
});
