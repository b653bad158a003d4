'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, beforeEach, describe, it } = require('node:test');

const { REQUIREMENTS, findInstalled } = require('./testsuite');

describe('testsuite', () => {
  describe('#findInstalled', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-testsuite-'));
    const mark = path.join(folder, 'complete.json');
    const record = {
      executable: process.execPath,
      env: { CPATH: '/include' },
      folder,
      requirements: REQUIREMENTS.join(' ')
    };

    beforeEach(() => fs.writeFileSync(mark, JSON.stringify(record)));
    after(() => fs.rmSync(folder, { recursive: true }));

    it('finds a complete installation', () => {
      assert.deepStrictEqual(findInstalled(folder), {
        executable: process.execPath,
        env: { CPATH: '/include' }
      });
    });

    it('does not take an installation that broke off', () => {
      fs.rmSync(mark);
      assert.strictEqual(findInstalled(folder), undefined);
      fs.writeFileSync(mark, JSON.stringify(record).slice(0, 20));
      assert.strictEqual(findInstalled(folder), undefined);
    });

    it('does not take one that was moved, lost its Python or is old', () => {
      for (const change of [
        { folder: `${folder}-before` },
        { executable: path.join(folder, 'none') },
        { requirements: 'autobahntestsuite==0.8.2' }
      ]) {
        fs.writeFileSync(mark, JSON.stringify({ ...record, ...change }));
        assert.strictEqual(findInstalled(folder), undefined);
      }
    });
  });
});
