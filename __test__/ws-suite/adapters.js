'use strict';

/**
 * What stands for each module of a ws checkout when its suite runs on oxws. A
 * public export stands for the module that defines it in ws; the three modules
 * that ws does not export are put together here. A module that is not in this
 * table has no counterpart.
 */

const path = require('node:path');

/**
 * The modules, by their path in the checkout without `.js`.
 *
 * @param {String} root The folder of the oxws package
 * @return {Map<String, Function>} What gives each one's exports
 */
function adapters(root) {
  const oxws = () => require(root);
  const internal = (name) => require(path.join(root, 'js', name));
  const exported = (name) => () => oxws()[name];

  return new Map([
    ['index', oxws],
    ['lib/extension', exported('extension')],
    ['lib/permessage-deflate', exported('PerMessageDeflate')],
    ['lib/receiver', exported('Receiver')],
    ['lib/sender', exported('Sender')],
    ['lib/stream', exported('createWebSocketStream')],
    ['lib/subprotocol', exported('subprotocol')],
    ['lib/websocket', exported('WebSocket')],
    ['lib/websocket-server', exported('WebSocketServer')],
    [
      'lib/constants',
      () => ({
        // The suite compares it by identity with what listeners receive.
        EMPTY_BUFFER: internal('constants').EMPTY_BUFFER,
        // RFC 6455 §1.3.
        GUID: '258EAFA5-E914-47DA-95CA-C5AB0DC85B11',
        hasBlob: true,
        kListener: internal('event-target').kListener,
        NOOP() {}
      })
    ],
    ['lib/event-target', () => internal('event-target')],
    ['lib/validation', () => validation(internal)]
  ]);
}

/**
 * ws's `lib/validation`. The core validates text as it receives it: what becomes
 * of a message of these bytes is the answer.
 *
 * @param {Function} internal What gives a module of oxws
 * @return {Object} The exports
 */
function validation(internal) {
  const { EVENT_TEXT, Engine } = internal('binding');
  const { configOf } = internal('connection-options');
  const decode = internal('decode');

  return {
    ...internal('validation'),
    isValidUTF8(bytes) {
      // RFC 6455 §5.2: a text message of one frame, not masked, as a client
      // receives it.
      const frame = Buffer.concat([Buffer.from([0x81, bytes.length]), bytes]);
      const [event] = decode(new Engine(configOf({}, false, {})), frame);

      return event.kind === EVENT_TEXT;
    }
  };
}

module.exports = adapters;
