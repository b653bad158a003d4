'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { Opcode, text } = require('../support/frame');
const { buildRequest } = require('../support/handshake');
const { RawClient } = require('../support/raw-client');
const { record } = require('../support/record');
const { startServer } = require('../support/server');

const OPEN = 1;

describe('A request with frames and FIN right behind it', () => {
  for (const count of [1, 3]) {
    it(`has ${count} frames answered on an open connection`, async (t) => {
      const wss = await startServer(t);
      const states = [];
      let recording;

      wss.on('connection', (ws) => {
        recording = record(ws);
        ws.on('message', (data) => {
          states.push(ws.readyState);
          ws.send(`echo ${data}`);
        });
      });

      const frames = Array.from({ length: count }, (_, i) => text(`${i}`));
      const raw = await RawClient.connect(t, wss);

      raw.socket.end(Buffer.concat([Buffer.from(buildRequest()), ...frames]));
      assert.strictEqual((await raw.response()).status, 101);
      for (let i = 0; i < count; i++) {
        await raw.expectFrame(Opcode.TEXT, `echo ${i}`);
      }

      await raw.expectEnd();
      await recording.until('close');
      assert.deepStrictEqual(states, Array(count).fill(OPEN));
      assert.deepStrictEqual(
        recording.log.map(([name, data]) => `${name} ${data}`),
        [...frames.map((_, i) => `message ${i}`), 'close 1006']
      );
    });
  }
});
