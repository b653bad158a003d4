'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { ESLint } = require('eslint');
const { describe, it } = require('node:test');

const root = path.resolve(__dirname, '../..');
const eslint = new ESLint({ cwd: root });

/**
 * Lint code as if it were a file of the project.
 *
 * @param {String} file The path of the file
 * @param {String} code Its content
 * @return {Promise<String[]>} The names of the rules it breaks
 */
async function brokenRules(file, code) {
  const [{ messages }] = await eslint.lintText(code, {
    filePath: path.join(root, file)
  });

  return messages.map(({ ruleId }) => ruleId);
}

describe('The rule that only js/binding.js loads the addon', () => {
  const loads = [
    "module.exports = require('./oxws.linux-x64-gnu.node');",
    'module.exports = require(`./oxws.${process.platform}.node`);',
    "module.exports = require('./oxws.' + process.arch + '.node');",
    "module.exports = require(require.resolve('oxws-linux-x64/oxws.node'));",
    "module.exports = import('./oxws.node');",
    "process.dlopen(module, './oxws');"
  ];

  for (const code of loads) {
    it(`refuses ${code} elsewhere`, async () => {
      for (const file of ['js/hub.js', 'bench/run.js', '__test__/api/x.js']) {
        const rules = new Set(await brokenRules(file, code));

        assert.deepStrictEqual([...rules], ['no-restricted-syntax'], file);
      }
    });

    it(`allows ${code} there`, async () => {
      assert.deepStrictEqual(await brokenRules('js/binding.js', code), []);
    });
  }

  it('refuses an import in an ES module', async () => {
    assert.deepStrictEqual(
      await brokenRules('js/wrapper.mjs', "import './oxws.node';"),
      ['no-restricted-syntax']
    );
  });

  it('allows to require what js/binding.js exports', async () => {
    assert.deepStrictEqual(
      await brokenRules('js/hub.js', "module.exports = require('./binding');"),
      []
    );
  });
});
