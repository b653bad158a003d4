'use strict';

//
// Cases in which we are not like ws, on purpose; the README says so. Their
// titles, the transports ('*': all), and why. They run, and are reported as
// todo: some come out equal by chance.
//
const differences = new Map([
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
