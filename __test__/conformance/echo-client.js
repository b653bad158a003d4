'use strict';

/**
 * The client under test, in a process of its own: it opens a connection for
 * each case, one after the other, sends back what it receives until the
 * connection is closed, and ends after the last case or with its parent.
 *
 * Arguments: the path of the implementation, which has the API of ws, the
 * address of the suite's server, the agent's name there, and the number of
 * cases.
 */

const { trust } = require('../support/tls');

const [, , implementation, url, agent, count] = process.argv;
const WebSocket = require(implementation);

const options = {
  ...trust,
  perMessageDeflate: { threshold: 0 },
  // As in echo-server.js.
  maxFragments: 0,
  maxBufferedChunks: 0
};

function runCase(number) {
  const address = `${url}/runCase?case=${number}&agent=${agent}`;
  const ws = new WebSocket(address, options);
  let isOpen = false;

  ws.on('open', () => (isOpen = true));
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('error', (err) => {
    // Later most cases are protocol errors; the suite judges the close frame.
    if (!isOpen) console.log(`Connection ${number}: ${err.message}`);
  });
  ws.on('close', () => {
    if (number < count) runCase(number + 1);
    else process.exit();
  });
}

process.on('disconnect', () => process.exit());

runCase(1);
