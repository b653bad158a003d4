'use strict';

//
// The certificates of `__test__/fixtures/tls`.
//

const { readFileSync } = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, '../fixtures/tls');
const read = (name) => readFileSync(path.join(folder, name));

module.exports = {
  /** Options of a server for localhost and example.test. */
  server: {
    cert: read('server-certificate.pem'),
    key: read('server-key.pem')
  },
  /** Options of a client that trusts the server. */
  trust: { ca: read('server-certificate.pem') },
  /** Options of a client that names itself. */
  client: {
    cert: read('client-certificate.pem'),
    key: read('client-key.pem')
  }
};
