'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, beforeEach, describe, it } = require('node:test');

const reports = require('./reports');
const { AGENT } = require('./wstest');

describe('reports', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-reports-'));
  const write = (name, content) =>
    fs.writeFileSync(path.join(folder, name), JSON.stringify(content));

  beforeEach(() => {
    fs.rmSync(folder, { recursive: true });
    fs.mkdirSync(folder);
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  describe('#readIndex', () => {
    it('reads the reports of the agent', () => {
      const index = { '1.1.1': { behavior: 'OK', behaviorClose: 'OK' } };

      write('index.json', { [AGENT]: index });
      assert.deepStrictEqual(reports.readIndex(folder), index);
    });

    it('finds none if the suite wrote no index, or none of the agent', () => {
      assert.deepStrictEqual(reports.readIndex(folder), {});
      write('index.json', { other: { '1.1.1': {} } });
      assert.deepStrictEqual(reports.readIndex(folder), {});
    });
  });

  describe('#describe', () => {
    it('names the close only if it differs', () => {
      const verdict = { id: '7.1.6', behavior: 'OK', behaviorClose: 'OK' };

      assert.strictEqual(reports.describe(verdict), '7.1.6    OK');
      assert.strictEqual(
        reports.describe({ ...verdict, behaviorClose: 'WRONG CODE' }),
        '7.1.6    OK, close: WRONG CODE'
      );
    });
  });

  describe('#explain', () => {
    it('tells what was sent, expected and received', () => {
      write('case.json', {
        description: 'Send text\n  message.',
        expected: { OK: [['message', 'Hi', false]] },
        received: [['message', 'H'.repeat(1000), false]],
        remoteCloseCode: 1002,
        remoteCloseReason: null,
        result: 'Actual events differ.',
        resultClose: 'Connection was properly closed'
      });

      const lines = reports
        .explain(folder, { reportfile: 'case.json' })
        .split('\n')
        .map((line) => line.trim());

      assert.deepStrictEqual(lines, [
        'Send text message.',
        'Actual events differ.',
        'expected: {"OK":[["message","Hi",false]]}',
        `received: [["message","${'H'.repeat(268)}`,
        'Connection was properly closed',
        'close frame received: 1002',
        ''
      ]);
    });

    it('tells nothing if there is no report', () => {
      assert.strictEqual(reports.explain(folder, {}), '');
      assert.strictEqual(
        reports.explain(folder, { reportfile: 'none.json' }),
        ''
      );
    });
  });
});
