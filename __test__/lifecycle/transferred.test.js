'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { ReadableStream } = require('node:stream/web');

const { called } = require('../support/deadline');
const { text } = require('../support/frame');
const { beyondReference } = require('../support/implementation');
const { connectRaw, startServer } = require('../support/server');

const MESSAGES = 20;

/**
 * Makes the memory of a message another's, as a stream of bytes does, unless Node
 * refuses to, which it does from Node.js 24 on if several Buffers share it.
 */
function transfer(message) {
  const { length } = message;
  let error = null;

  try {
    new ReadableStream({
      type: 'bytes',
      start: (controller) => controller.enqueue(message)
    });
  } catch (err) {
    error = err;
  }

  if (error === null) {
    assert.strictEqual(message.buffer.byteLength, 0);
  } else {
    assert.ok(error instanceof TypeError, error);
    assert.strictEqual(message.length, length);
  }
}

describe('A message whose memory is transferred', beyondReference, () => {
  for (const length of [100, 6000]) {
    it(`costs no other message of ${length} bytes`, async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      let received = 0;

      const all = called((resolve) => {
        ws.on('message', (data) => {
          const letter = String.fromCharCode(65 + received++);

          assert.strictEqual(data.toString(), letter.repeat(length));
          if (received === 1) transfer(data);
          if (received === MESSAGES) resolve();
          else send();
        });
      }, 'the last message');

      function send() {
        const letter = String.fromCharCode(65 + received);

        raw.write(text(letter.repeat(length), { mask: true }));
      }

      send();
      await all;
    });
  }
});
