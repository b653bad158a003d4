'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { name, WebSocket } = require('../support/implementation');

const NAMES = [
  'createWebSocketStream',
  'extension',
  'PerMessageDeflate',
  'Receiver',
  'Sender',
  'subprotocol',
  'WebSocket',
  'WebSocketServer'
];

describe('The package', () => {
  it('exports its class', () => {
    assert.strictEqual(WebSocket.WebSocket, WebSocket);
    assert.strictEqual(WebSocket.Server, WebSocket.WebSocketServer);
    assert.strictEqual(WebSocket.name, 'WebSocket');
    assert.strictEqual(typeof WebSocket.createWebSocketStream, 'function');
    assert.deepStrictEqual(Object.keys(WebSocket.extension).sort(), [
      'format',
      'parse'
    ]);
    assert.deepStrictEqual(Object.keys(WebSocket.subprotocol), ['parse']);
  });

  it('exports the same as an ES module, without Server', async () => {
    // By its own name, so that the ES module is found.
    const module = await import(name === 'ws' ? 'ws' : 'oxws');

    assert.deepStrictEqual(
      Object.keys(module).sort(),
      [...NAMES, 'default'].sort()
    );
    assert.strictEqual(module.default, WebSocket);
    for (const key of NAMES) assert.strictEqual(module[key], WebSocket[key]);
  });
});
