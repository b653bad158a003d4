'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { beyondReference } = require('../support/implementation');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT_KEY = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

describe('The core', beyondReference, () => {
  const { acceptKey, judgeHandshake } = require('../../js/binding');

  describe('.judgeHandshake', () => {
    it('gives the accept key of a valid handshake', () => {
      assert.deepStrictEqual(judgeHandshake('GET', 'WebSocket', KEY, '13'), {
        rejection: 0,
        acceptKey: ACCEPT_KEY
      });
    });

    it('finds the first fault', () => {
      for (const [number, ...args] of [
        [1, 'POST', undefined, undefined, undefined],
        [1, undefined, 'websocket', KEY, '13'],
        [2, 'GET', undefined, KEY, '13'],
        [2, 'GET', null, KEY, '13'],
        [2, 'GET', 'websocket, h2c', KEY, '13'],
        [3, 'GET', 'websocket', undefined, '7'],
        [3, 'GET', 'websocket', `${KEY}, ${KEY}`, '13'],
        [4, 'GET', 'websocket', KEY, undefined],
        [4, 'GET', 'websocket', KEY, '13, 8']
      ]) {
        assert.deepStrictEqual(
          judgeHandshake(...args),
          { rejection: number },
          args.join()
        );
      }
    });

    it('takes for 13 and 8 what JavaScript takes for them', () => {
      for (const version of [
        ...['13', '8', '7', '14', '', ' ', '013', ' 13\t', '13.0', '13.', '+8'],
        ...['1.3e1', '.8e1', '130e-1', '13n', '1_3', '-13', 'NaN', 'Infinity'],
        ...['0xd', '0XD', '0x08', '0x0000000000000d', '0o15', '0O10', '0b1101'],
        ...['0x', '0xg', '+0xd', '0x+d', '0x-d', '0xd.0', '0o8', '0b2', '0d']
      ]) {
        assert.strictEqual(
          judgeHandshake('GET', 'websocket', KEY, version).rejection === 0,
          +version === 13 || +version === 8,
          JSON.stringify(version)
        );
      }
    });
  });

  describe('.acceptKey', () => {
    it('is that of RFC 6455 §1.3', () => {
      assert.strictEqual(acceptKey(KEY), ACCEPT_KEY);
    });
  });
});
