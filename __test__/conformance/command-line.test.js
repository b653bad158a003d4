'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { ALL, COMPRESSION, QUICK } = require('./cases');
const { parse } = require('./command-line');
const { UsageError } = require('../support/command');

describe('command line', () => {
  describe('#parse', () => {
    it('runs the quick cases on a server in port mode by default', () => {
      const { ids, implementation, mode, role, strict } = parse([]);

      assert.deepStrictEqual(ids, QUICK);
      assert.deepStrictEqual(
        { implementation, mode, role, strict },
        { implementation: 'oxws', mode: 'port', role: 'server', strict: false }
      );
    });

    it('selects cases', () => {
      assert.deepStrictEqual(parse(['--all']).ids, ALL);
      assert.deepStrictEqual(parse(['--cases', '10,6.4.1']).ids, [
        '6.4.1',
        '10.1.1'
      ]);
      assert.deepStrictEqual(parse(['--compression']).ids, COMPRESSION);
    });

    it('adds selections up, in the order of the suite', () => {
      assert.deepStrictEqual(
        parse(['--cases', '13.1.1', '--compression', '--quick']).ids,
        [...QUICK, ...COMPRESSION]
      );
      assert.deepStrictEqual(parse(['--quick', '--cases', '12.1.18']).ids, [
        ...QUICK,
        '12.1.18'
      ]);
    });

    it('takes each mode of each role', () => {
      for (const [role, ...modes] of [
        ['server', 'port', 'server', 'tls'],
        ['client', 'tcp', 'tls']
      ]) {
        assert.strictEqual(parse(['--role', role]).mode, modes[0]);

        for (const mode of modes) {
          const options = parse(['--role', role, '--mode', mode]);

          assert.deepStrictEqual(
            [options.role, options.mode],
            [role, mode],
            `${role} ${mode}`
          );
        }
      }
    });

    it('takes a server that is already listening', () => {
      const { url } = parse(['--url', 'ws://127.0.0.1:9001']);

      assert.strictEqual(url, 'ws://127.0.0.1:9001');
    });

    it('refuses what makes no sense', () => {
      for (const line of [
        '--all --quick',
        '--all --cases 1',
        '--all --compression',
        '--cases 8',
        '--mode',
        '--mode tcp',
        '--mode constructor',
        '--python 3',
        '--role both',
        '--role constructor',
        '--role client --mode port',
        '--role client --mode server',
        '--role client --url ws://127.0.0.1:9001',
        '--mode tls --url wss://127.0.0.1:9001',
        '--unknown',
        '1.1.1'
      ]) {
        assert.throws(() => parse(line.split(' ')), UsageError, line);
      }
    });
  });
});
