'use strict';

//
// Cases whose transcripts are not equal yet: the group, the title, the names of
// the transports ('*': all), and why.
//
const core = [
  'port',
  'http server',
  'UNIX socket',
  'client',
  'client over a UNIX socket'
];
const hadError = "'close' of the socket of a listener has no argument";
const early = 'the end is shown before what came before it is';
const known = [
  [
    'The socket',
    'send after the socket was ended',
    [...core, 'https server', 'client over TLS'],
    'an ended socket is written to, and its error noticed late'
  ],
  ['The socket', 'the error of a socket', '*', 'it is noticed late, or never'],
  ['The socket', 'members of a socket', ['port'], 'no address once closed'],
  ['The socket', 'destroy', ['port'], hadError],
  ['The socket', 'destroy with an error', ['port'], hadError],
  ['The socket', 'end', ['port'], hadError],
  ['The socket', 'events of a socket at a clean close', ['port'], hadError],
  ['The socket', 'events of a socket at FIN', ['port'], hadError],
  ['The socket', 'events of a socket at our close', ['port'], hadError],
  ['The socket', 'events of a socket at an error', ['port'], hadError],
  ['The socket', 'limits of the receiver', '*', 'two members are missing'],
  ['The socket', 'Sender.frame', '*', 'masked frames come in two parts'],
  [
    'The socket',
    'setSocket with a WebSocket of ones own',
    ['https server'],
    early
  ],
  [
    'Events',
    'one event in a turn',
    ['client', 'client over a UNIX socket'],
    early
  ],
  ['Events', 'a Blob, then terminate', ['port'], 'another error'],
  [
    'Data',
    'paused, and the peer closes',
    ['client', 'client over a UNIX socket'],
    early
  ],
  [
    'Compression, the interface',
    'terminated right after sending',
    core,
    'what was sent before goes out'
  ],
  [
    'Compression, the interface',
    'a stream that is destroyed while it is compressing',
    core,
    'what was sent before goes out'
  ],
  [
    'Compression, the interface',
    'a frame made by Sender.frame while another is compressed',
    '*',
    'it does not overtake the other'
  ]
];

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
