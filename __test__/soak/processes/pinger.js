'use strict';

//
// Pings a server and measures when the pongs come.
//

const { Opcode, ping } = require('../../support/frame');
const { Peer } = require('../peer');
const { answer } = require('../process');
const { comesToHold, sleep } = require('../waiting');

let peer;

answer({
  async open(options) {
    peer = await Peer.open(options);
  },

  async run({ every, count }) {
    const sent = new Map();
    const times = [];

    peer.onframe = ({ opcode, payload }) => {
      const number = payload.toString();

      if (opcode !== Opcode.PONG || !sent.has(number)) return;
      times.push(performance.now() - sent.get(number));
      sent.delete(number);
    };

    for (let i = 0; i < count && !peer.hasEnded; i++) {
      sent.set(String(i), performance.now());
      peer.write(ping(String(i)));
      await sleep(every);
    }

    // A pong that comes later than this counts as lost.
    await comesToHold(() => sent.size === 0, 500);
    return { times, lost: sent.size };
  }
});
