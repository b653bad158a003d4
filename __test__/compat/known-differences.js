'use strict';

//
// Cases whose transcripts are not equal yet: the group, the title, the names of
// the transports ('*': all), and why.
//
const known = [];

/**
 * @param {String} group The group of a case
 * @param {String} title The title of the case
 * @param {Object} transport The transport that it runs on
 * @return {(String|Boolean)} Why it is not equal, or `false`
 */
function reasonOf(group, title, transport) {
  const entry = known.find(
    (one) =>
      one[0] === group &&
      one[1] === title &&
      (one[2] === '*' || one[2].includes(transport.name))
  );

  return entry === undefined ? false : entry[3];
}

module.exports = { reasonOf };
