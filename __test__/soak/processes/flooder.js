'use strict';

//
// Floods a server over many connections, as fast as it reads.
//

const {
  Opcode,
  binary,
  continuation,
  ping,
  text
} = require('../../support/frame');
const { buildRequest } = require('../../support/handshake');
const { Peer } = require('../peer');
const { answer } = require('../process');
const { comesToHold } = require('../waiting');

const LANES = 64;
const HEADER_BYTES = 8 * 1024;

function repeat(frame, count) {
  return { bytes: Buffer.concat(Array(count).fill(frame)), count };
}

const kinds = {
  '64-byte messages': repeat(binary(Buffer.alloc(64, 1)), 1000),
  '16 KiB messages': repeat(binary(Buffer.alloc(16 * 1024, 1)), 10),
  '1 MiB messages': repeat(binary(Buffer.alloc(1024 * 1024, 1)), 1),
  'empty messages': repeat(binary(''), 10_000),
  pings: repeat(ping(Buffer.alloc(125, 1)), 500)
};

let peers = [];
let stopped = false;
let handshakes;

/**
 * Write until told to stop, and know what went out.
 */
async function flood(peer, { bytes, count }) {
  peer.sent = 0;

  // Once the server has ended its side the socket is not writable.
  while (!stopped && peer.socket.writable) {
    const written = await new Promise((resolve) => {
      peer.socket.write(bytes, (err) => resolve(!err));
    });

    if (!written) return;
    peer.sent += count;
  }
}

/**
 * Ask how much has come. Answers to pings come before.
 */
async function count(peer) {
  if (peer.hasEnded) return { ended: true, sent: peer.sent };

  const counted = new Promise((resolve) => {
    peer.oncount = (counted) => {
      resolve({ sent: peer.sent, pongs: peer.pongs, ...counted });
    };
    peer.ended.then(() => resolve({ ended: true, sent: peer.sent }));
  });

  peer.socket.resume();
  peer.write(text('count'));
  return counted;
}

/**
 * Ask for upgrades and be gone.
 */
async function floodHandshakes(port) {
  const request = buildRequest({
    target: '/silent',
    headers: { Padding: 'x'.repeat(HEADER_BYTES) }
  });
  let sent = 0;

  async function lane(lane) {
    while (!stopped) {
      const peer = new Peer({
        port,
        localAddress: `127.0.2.${1 + lane}`
      });

      await new Promise((resolve) => {
        peer.socket.once('connect', () => peer.socket.write(request, resolve));
        peer.ended.then(resolve);
      });
      sent++;
      peer.reset();
      await peer.ended;
    }
  }

  await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)));
  return sent;
}

answer({
  async open({ port, connections }) {
    for (let i = 0; i < connections; i++) {
      const peer = await Peer.open({ port, target: '/count' });

      peer.pongs = 0;
      peer.onframe = ({ opcode, payload }) => {
        if (opcode === Opcode.PONG) peer.pongs++;
        else if (opcode === Opcode.TEXT) peer.oncount(JSON.parse(payload));
      };
      peers.push(peer);
    }
  },

  start({ kind }) {
    for (const peer of peers) {
      if (kind === 'pings') peer.socket.pause();
      peer.flood = flood(peer, kinds[kind]);
    }
  },

  // One message without end.
  startFragments() {
    const { bytes } = repeat(continuation('', { fin: false }), 10_000);

    for (const peer of peers) {
      peer.write(text('', { fin: false }));
      peer.flood = flood(peer, { bytes, count: 10_000 });
    }
  },

  startHandshakes({ port }) {
    handshakes = floodHandshakes(port);
  },

  sent() {
    return peers.reduce((sum, peer) => sum + peer.sent, 0);
  },

  async stop() {
    stopped = true;
    for (const peer of peers) peer.socket.resume();

    const settled = Promise.all(peers.map((peer) => peer.flood)).then(
      () => true
    );

    await comesToHold(
      () => Promise.race([settled, Promise.resolve(false)]),
      60_000
    );
    return Promise.all(peers.map(count));
  },

  stopHandshakes() {
    stopped = true;
    return handshakes;
  },

  close() {
    for (const peer of peers) peer.destroy();
    peers = [];
  }
});
