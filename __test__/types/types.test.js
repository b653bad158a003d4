'use strict';

// `index.d.ts` is tested by compiling: what has to compile does, and every line
// under a `@ts-expect-error` does not.

const assert = require('node:assert');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { describe, it } = require('node:test');

const tsc = path.join(
  path.dirname(require.resolve('typescript/package.json')),
  'bin/tsc'
);

/**
 * Type-check a project of this folder.
 *
 * @param {String} project The folder of its tsconfig.json
 * @return {Promise<{status: Number, output: String}>} What the compiler said
 */
function typeCheck(project) {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [tsc, '--pretty', 'false', '-p', path.join(__dirname, project)],
      (error, stdout, stderr) => {
        resolve({ status: error ? error.code : 0, output: stdout + stderr });
      }
    );
  });
}

describe('index.d.ts', () => {
  it('accepts code typed against @types/ws, and refuses misuse', async () => {
    assert.deepStrictEqual(await typeCheck('.'), { status: 0, output: '' });
  });

  it('is checked with code that @types/ws accepts', async () => {
    assert.deepStrictEqual(await typeCheck('reference'), {
      status: 0,
      output: ''
    });
  });

  it('says what is wrong with code', async () => {
    const { status, output } = await typeCheck('wrong');
    const errors = output.match(/^\S+: error .*$/gm);
    const expected = [
      /port-is-a-string\.ts\(3,\d+\): error TS2322: Type 'string'/,
      /server-is-a-type\.mts\(3,\d+\): error TS1362: 'Server' cannot be used/,
      /stream-of-a-url\.ts\(3,\d+\): error TS2345: .* parameter of type 'WebSocket'/,
      /url-is-a-number\.ts\(3,\d+\): error TS2769: No overload/
    ];

    assert.notStrictEqual(status, 0);
    assert.strictEqual(errors.length, expected.length, output);
    for (const [i, error] of errors.entries()) {
      assert.match(error, expected[i]);
    }
  });
});
