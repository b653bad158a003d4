'use strict';

//
// Peers that answer pings, by the order of the check.
//

const { Opcode, binary, pong, text } = require('../../support/frame');
const { Peer } = require('../peer');
const { answer } = require('../process');

const CHUNK = binary(Buffer.alloc(64 * 1024));

const peers = new Map();

const states = {
  idle() {},

  'data queued'() {},

  'within a message'(peer) {
    const frame = binary(Buffer.alloc(1000));

    peer.write(frame.subarray(0, 500));
    // RFC 6455 §5.4: a control frame can't stand within a frame, so what says
    // that the peer lives is the frame's going on.
    peer.isWithinFrame = true;
    peer.rest = frame.subarray(500);
  },

  'silent before'(peer) {
    peer.write(text('the last word'));
  },

  async talking(peer) {
    while (!peer.hasEnded && !peer.isLeaving) {
      await new Promise((resolve) => peer.socket.write(CHUNK, resolve));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
};

answer({
  async open({ name, state, target = '/silent', ...options }) {
    const peer = await Peer.open({
      ...options,
      target: `${target}?${encodeURIComponent(name)}`
    });

    peer.pings = 0;
    peer.onframe = ({ opcode, payload }) => {
      if (opcode !== Opcode.PING) return;
      peer.pings++;
      if (peer.isWithinFrame) {
        peer.write(peer.rest.subarray(0, 1));
        peer.rest = peer.rest.subarray(1);
      } else {
        peer.write(pong(payload));
      }
    };
    peers.set(name, peer);
    states[state](peer);
  },

  pings(name) {
    return peers.get(name).pings;
  },

  leave(name) {
    peers.get(name).isLeaving = true;
    peers.get(name).destroy();
  }
});
