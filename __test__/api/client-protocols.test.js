'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  answer,
  createClient,
  failure,
  startHttp
} = require('../support/client');
const { once } = require('../support/deadline');
const { WebSocket } = require('../support/implementation');

/** A server that answers with a field of that value. */
function startAnswering(t, protocol) {
  return startHttp(t, {
    upgrade: (req, socket) =>
      answer(req, socket, { 'Sec-WebSocket-Protocol': protocol })
  });
}

describe('WebSocket', () => {
  describe('#constructor', () => {
    for (const [name, args, field] of [
      ['no subprotocol', []],
      ['undefined', [undefined]],
      ['undefined and undefined', [undefined, undefined]],
      ['undefined and null', [undefined, null]],
      ['an empty list', [[]]],
      ['options without any', [{}]],
      ['options with undefined', [{ protocols: undefined }]],
      ['options with an empty list', [{ protocols: [] }]],
      ['a string', ['foo'], 'foo'],
      ['a list', [['foo', 'bar']], 'foo,bar'],
      ['all characters of a token', ["!#$%&'*+-.^_`|~09azAZ"], 0],
      ['options with a string', [{ protocols: 'foo' }], 'foo'],
      ['options with a list', [{ protocols: ['foo', 'bar'] }], 'foo,bar'],
      ['options third', [undefined, { protocols: 'foo' }], 'foo'],
      ['options third, a list', [undefined, { protocols: ['a', 'b'] }], 'a,b'],
      ['a string and options', ['foo', { protocols: 'bar' }], 'foo'],
      ['a list and options', [['foo'], { protocols: ['bar'] }], 'foo'],
      ['an empty list and options', [[], { protocols: ['bar'] }]],
      ['options twice', [{ protocols: 'foo' }, { protocols: 'bar' }], 'foo'],
      ['options without any twice', [{}, { protocols: 'bar' }]]
    ]) {
      it(`offers what ${name} means`, async (t) => {
        const expected = field === 0 ? args[0] : field;
        const server = await startAnswering(t, expected?.split(',').at(-1));
        const ws = createClient(t, `ws://${server.authority}`, ...args);

        assert.strictEqual(ws.protocol, '');
        await once(ws, 'open');

        const [{ headers }] = server.requests;

        assert.strictEqual(headers['sec-websocket-protocol'], expected);
        assert.strictEqual(ws.protocol, expected?.split(',').at(-1) ?? '');
      });
    }

    for (const [name, ...args] of [
      ['an empty string', ''],
      ['null', null],
      ['a number', 1],
      ['a function', () => {}],
      ['a list in a string', 'foo,bar'],
      ['a space', 'foo bar'],
      ['a control character', 'foo\n'],
      ['a letter beyond ASCII', 'ü'],
      ['a list with undefined', [undefined]],
      ['a list with a list', [['foo']]],
      ['a duplicate', ['foo', 'foo']],
      ['a duplicate after others', ['foo', 'bar', 'foo']],
      ['an option that is null', { protocols: null }],
      ['an option that is a number', undefined, { protocols: 1 }],
      ['an option with a duplicate', { protocols: ['a', 'a'] }]
    ]) {
      it(`throws for ${name}`, () => {
        assert.throws(() => new WebSocket('ws://localhost', ...args), {
          name: 'SyntaxError',
          message: 'An invalid or duplicated subprotocol was specified'
        });
      });
    }

    it('does not change what it was given', async (t) => {
      const server = await startAnswering(t, 'foo');
      const protocols = Object.freeze(['foo', 'bar']);
      const options = Object.freeze({ protocols, headers: Object.freeze({}) });
      const ws = createClient(t, `ws://${server.authority}`, options);

      await once(ws, 'open');
    });
  });

  describe('#protocol', () => {
    for (const [protocols, answered, message] of [
      [[], 'foo', 'Server sent a subprotocol but none was requested'],
      [[], '', 'Server sent a subprotocol but none was requested'],
      [['foo'], 'bar', 'Server sent an invalid subprotocol'],
      [['foo'], 'FOO', 'Server sent an invalid subprotocol'],
      [['foo'], '', 'Server sent an invalid subprotocol'],
      [['foo', 'bar'], 'foo,bar', 'Server sent an invalid subprotocol'],
      [['foo'], undefined, 'Server sent no subprotocol']
    ]) {
      it(`fails if [${protocols}] is answered with ${answered}`, async (t) => {
        const server = await startAnswering(t, answered);
        const ws = createClient(t, `ws://${server.authority}`, protocols);
        const err = await failure(ws);

        assert.strictEqual(err.name, 'Error');
        assert.strictEqual(err.message, message);
        assert.strictEqual(ws.protocol, '');
      });
    }
  });
});
