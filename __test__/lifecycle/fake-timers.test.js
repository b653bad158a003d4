'use strict';

const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { Opcode, close, text } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { RawClient } = require('../support/raw-client');

const script = path.join(__dirname, 'fixtures/fake-timers.js');

describe('A process that has its timers faked', () => {
  for (const allowSynchronousEvents of [true, false]) {
    it(
      'receives, sends and closes ' +
        `(allowSynchronousEvents ${allowSynchronousEvents})`,
      beyondReference,
      async (t) => {
        const server = startChild(t, script, {
          args: [JSON.stringify({ allowSynchronousEvents })]
        });
        const { port } = await server.message('listening');
        const raw = await RawClient.connect(t, port);

        await raw.handshake();
        raw.write(text('echo'));
        await raw.expectFrame(Opcode.TEXT, 'echo');

        raw.write(text('later'));
        await raw.expectFrame(Opcode.TEXT, 'later');

        raw.write(text('callback'));
        await raw.expectFrame(Opcode.TEXT, 'sent');
        await raw.expectFrame(Opcode.TEXT, 'called');

        raw.write(text('pause'), text('echo'), text('echo'));
        await raw.expectFrame(Opcode.TEXT, 'echo');
        await raw.expectFrame(Opcode.TEXT, 'echo');

        raw.write(text('throw'), text('echo'), text('echo'));
        await raw.expectFrame(Opcode.TEXT, 'echo');
        await raw.expectFrame(Opcode.TEXT, 'echo');

        raw.write(text('close'));
        await raw.expectClose(1000);
        raw.write(close(1000));
        await raw.expectEnd();
      }
    );
  }
});
