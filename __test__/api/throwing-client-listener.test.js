'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');

const { startChild } = require('../support/child');
const { WebSocket } = require('../support/implementation');

const script = path.join(__dirname, 'fixtures/throwing-client-listener.js');
const { CONNECTING, OPEN, CLOSING, CLOSED } = WebSocket;

describe('A listener of a client that throws', () => {
  for (const [event, behaviour, state, events] of [
    ['upgrade', 'accepts', CONNECTING, ['upgrade', 'error', 'close']],
    ['open', 'accepts', OPEN, ['upgrade', 'open', 'close']],
    ['redirect', 'redirects', CONNECTING, ['redirect', 'error', 'close']],
    [
      'unexpected-response',
      'refuses',
      CONNECTING,
      ['unexpected-response', 'error', 'close']
    ],
    ['error', 'refuses', CLOSING, ['error']],
    ['close', 'refuses', CLOSED, ['error', 'close']]
  ]) {
    it(`for '${event}' makes an uncaughtException`, async (t) => {
      const child = startChild(t, script, { args: [event, behaviour] });
      const result = await child.message('result');

      assert.strictEqual(result.message, `bad ${event}`);
      assert.strictEqual(result.readyState, state);
      assert.deepStrictEqual(result.events, events);
    });
  }
});
