'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const ws = require('ws');

const implementation = require('../support/implementation');
const { transcribe } = require('./transcript');

const groups = {
  'The wire': require('./cases-wire'),
  'The handshake': require('./cases-handshake'),
  'The interface': require('./cases-interface')
};

//
// The same case on ws and on the implementation under test: the transcripts
// must be equal.
//
for (const [group, cases] of Object.entries(groups)) {
  describe(group, () => {
    for (const [title, run] of Object.entries(cases)) {
      it(`is that of ws: ${title}`, async (t) => {
        const expected = await transcribe(t, ws, run);
        const actual = await transcribe(t, implementation.WebSocket, run);

        assert.ok(expected.length > 0, 'a case must note something');
        assert.deepStrictEqual(actual, expected);
      });
    }
  });
}
