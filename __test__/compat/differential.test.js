'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const ws = require('ws');

const { reasonOf } = require('./deliberate-differences');
const implementation = require('../support/implementation');
const { clients, servers, unix, unixClient } = require('./transports');
const { transcribe } = require('./transcript');

// Far longer than any case takes.
const TIMEOUT = 10_000;

const all = [...servers, ...clients];
// UNIX sockets are driven as TCP's; not each case needs both.
const most = all.filter((one) => one !== unix && one !== unixClient);

const groups = [
  ['The wire', require('./cases-wire'), most],
  ['The handshake', require('./cases-handshake'), servers],
  ['The server', require('./cases-server'), servers],
  ['The hooks of a handshake', require('./cases-hooks'), servers],
  ['The client', require('./cases-client'), clients],
  ['Answers to a client', require('./cases-answers'), clients],
  ['The socket', require('./cases-socket'), all],
  ['Events', require('./cases-events'), most],
  ['Data', require('./cases-data'), all],
  ['Compression', require('./cases-compression'), most],
  ['Compression, the interface', require('./cases-compression-api'), most],
  ['The interface', require('./cases-interface'), most]
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

        const todo = reasonOf(title, transport);

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
