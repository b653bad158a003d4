'use strict';

/**
 * wss://, on an https server of your own. CERT and KEY name the files of a
 * certificate and its key (PEM); without them it makes a self-signed one for
 * localhost, by the `openssl` command, and says how a client can trust it.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

const { WebSocketServer } = require('..');

const { CERT, KEY } = process.env;
const files = CERT && KEY ? { cert: CERT, key: KEY } : makeCertificate();

const server = https.createServer({
  cert: fs.readFileSync(files.cert),
  key: fs.readFileSync(files.key)
});
const wss = new WebSocketServer({ server });

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

server.listen(Number(process.env.PORT ?? 8443), () => {
  const url = `wss://localhost:${server.address().port}`;

  console.log(`Listening on ${url}`);
  console.log(
    `Try: NODE_EXTRA_CA_CERTS=${files.cert} node examples/client.js ${url}`
  );
});

function makeCertificate() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-secure-'));
  const cert = path.join(folder, 'certificate.pem');
  const key = path.join(folder, 'key.pem');

  process.on('exit', () => fs.rmSync(folder, { recursive: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => process.exit());
  }

  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-days', '30', '-subj', '/CN=localhost', '-nodes'],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'],
      ...['-keyout', key, '-out', cert]
    ],
    { stdio: 'pipe' }
  );
  return { cert, key };
}
