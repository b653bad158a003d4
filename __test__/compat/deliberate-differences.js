'use strict';

//
// Cases in which we are not like ws, on purpose; the README says so. Their
// titles, the transports ('*': all), and why. They run, and are reported as
// todo: some come out equal by chance.
//
const core = [
  'port',
  'http server',
  'UNIX socket',
  'client',
  'client over a UNIX socket'
];
const differences = new Map([
  ['terminated right after sending', [core, 'what was sent before goes out']],
  [
    'a stream that is destroyed while it is compressing',
    [core, 'what was sent before goes out']
  ],
  [
    'a frame made by Sender.frame while another is compressed',
    ['*', 'it does not overtake the other']
  ]
]);

/**
 * @param {String} title The title of a case
 * @param {Object} transport The transport that it runs on
 * @return {(String|Boolean)} Why it is not equal, or `false`
 */
function reasonOf(title, transport) {
  const [transports, reason] = differences.get(title) ?? [[]];

  return transports === '*' || transports.includes(transport.name)
    ? reason
    : false;
}

module.exports = { reasonOf };
