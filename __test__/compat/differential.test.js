'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const ws = require('ws');

const implementation = require('../support/implementation');
const { clients, servers } = require('./transports');
const { reasonOf } = require('./known-differences');
const { transcribe } = require('./transcript');

// Far longer than any case takes.
const TIMEOUT = Number(process.env.CT || 10_000);

const groups = [
  ['The wire', require('./cases-wire'), [...servers, ...clients]],
  ['The handshake', require('./cases-handshake'), servers],
  ['The server', require('./cases-server'), servers],
  ['The client', require('./cases-client'), clients],
  ['The socket', require('./cases-socket'), [...servers, ...clients]],
  ['Events', require('./cases-events'), [...servers, ...clients]],
  ['Data', require('./cases-data'), [...servers, ...clients]],
  ['Compression', require('./cases-compression'), [...servers, ...clients]],
  ['The interface', require('./cases-interface'), [...servers, ...clients]]
];

//
// The same case on ws and on the implementation under test: the transcripts
// must be equal.
//
for (const [group, cases, transports] of groups) {
  for (const transport of transports) {
    describe(`${group} (${transport.name})`, () => {
      for (const [title, run] of Object.entries(cases)) {
        if (run.transports && !run.transports.includes(transport)) continue;

        const todo = reasonOf(group, title, transport);

        it(`is that of ws: ${title}`, { timeout: TIMEOUT, todo }, async (t) => {
          const expected = await transcribe(t, ws, transport, run);
          const actual = await transcribe(
            t,
            implementation.WebSocket,
            transport,
            run
          );

          assert.ok(expected.length > 0, 'a case must note something');
          assert.deepStrictEqual(actual, expected);
        });
      }
    });
  }
}
