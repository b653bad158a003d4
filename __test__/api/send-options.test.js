'use strict';

const { describe, it } = require('node:test');

const { called } = require('../support/deadline');
const { Opcode } = require('../support/frame');
const { connectRaw, startServer } = require('../support/server');

describe('WebSocket', () => {
  describe('#send', () => {
    for (const options of [true, false, 5, 0, 'x', '', null, undefined]) {
      const name = typeof options === 'string' ? `'${options}'` : `${options}`;

      it(`takes ${name} for no options`, async (t) => {
        const wss = await startServer(t);
        const { raw, ws } = await connectRaw(t, wss);

        ws.send('a', options);
        await raw.expectFrame(Opcode.TEXT, 'a');
        await called((cb) => ws.send(Buffer.from('b'), options, cb));
        await raw.expectFrame(Opcode.BINARY, 'b');
      });
    }
  });
});
