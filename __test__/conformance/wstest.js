'use strict';

/**
 * The processes of the Autobahn Testsuite: its client, which tests a server,
 * and its server, which tests a client.
 */

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const WebSocket = require('ws');

const { trust } = require('../support/tls');
const { kill, start } = require('./child');

const AGENT = 'implementation';

const CERTIFICATES = path.join(__dirname, '../fixtures/tls');

// Its standard input ends with this process, however that ends; without this
// the suite would wait forever for someone to read what it prints. Its server
// takes a free port of its own and says which.
const WSTEST = `
import os, threading
def end_with_parent():
    os.read(0, 1)
    os._exit(1)
watch = threading.Thread(target=end_with_parent)
watch.daemon = True
watch.start()
from autobahntestsuite import wstest, fuzzing
listen = fuzzing.listenWS
def listen_and_tell(factory, context):
    port = listen(factory, context, interface='127.0.0.1')
    print 'Listening on port %d' % port.getHost().port
fuzzing.listenWS = listen_and_tell
wstest.run()
`;

const LISTEN_TIMEOUT = 30_000;
// The longest case takes some 10 s on an idle machine.
const SILENCE_TIMEOUT = 180_000;
const REPORTS_TIMEOUT = 60_000;

/**
 * @typedef {Object} Run
 * @property {String[]} ids The cases
 * @property {Function} onCase Called with the id of each case that begins
 * @property {String} reports The folder for the suite's reports
 */

/**
 * Starts the suite.
 *
 * @param {Testsuite} suite The suite
 * @param {String} mode Its mode
 * @param {Object} specification The part of its specification that is of this
 *     mode
 * @param {Run} run What to run
 * @param {Function} onSilence Called if no case begins for too long
 * @return {{process: ChildProcess, lines: EventEmitter,
 *     remarks: Promise<String>}} The process, the source of its lines, and,
 *     when it has ended, what it printed that is not about a single case
 */
function startSuite(suite, mode, specification, run, onSilence) {
  const { ids, onCase, reports } = run;
  const file = path.join(reports, 'specification.json');

  fs.writeFileSync(
    file,
    JSON.stringify({
      outdir: reports,
      cases: ids,
      'exclude-cases': [],
      'exclude-agent-cases': {},
      ...specification
    })
  );

  const child = start(
    suite.executable,
    ['-c', WSTEST, '--mode', mode, '--spec', file, '--webport', '0'],
    {
      cwd: reports,
      env: { ...process.env, ...suite.env, PYTHONUNBUFFERED: '1' },
      stdio: ['pipe', 'pipe', 'pipe']
    }
  );
  const lines = readline.createInterface({ input: child.stdout });
  let remarks = '';

  const timer = setTimeout(() => {
    remarks += `No case began or ended in ${SILENCE_TIMEOUT / 1000} s\n`;
    onSilence(child);
  }, SILENCE_TIMEOUT);

  const onLine = (line) => {
    const match = /^Running test case ID (\S+)/.exec(line);

    if (match !== null) {
      timer.refresh();
      onCase(match[1]);
    } else if (/fail|error|exception|^\s+File /i.test(line)) {
      remarks += `${line}\n`;
    }
  };

  lines.on('line', onLine);
  readline.createInterface({ input: child.stderr }).on('line', onLine);

  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      resolve(remarks);
    });
  });

  return { process: child, lines, remarks: ended };
}

/**
 * Runs the suite's client to its end. It does not verify certificates.
 *
 * @param {Testsuite} suite The suite
 * @param {String} url The address of the server under test
 * @param {Run} run What to run
 * @return {Promise<String>} What it printed that is not about a single case
 */
function runClient(suite, url, run) {
  const specification = { servers: [{ agent: AGENT, url }] };

  return startSuite(suite, 'fuzzingclient', specification, run, kill).remarks;
}

/**
 * Starts the suite's server and waits until it listens.
 *
 * @param {Testsuite} suite The suite
 * @param {Boolean} secure Whether it is to speak TLS
 * @param {Run} run What to run
 * @param {Function} onSilence Called if the client under test begins no case
 *     for too long
 * @return {Promise<{url: String, process: ChildProcess,
 *     remarks: Promise<String>}>} Its address, its process, and, when that has
 *     ended, what it printed that is not about a single case
 */
async function startServer(suite, secure, run, onSilence) {
  const scheme = secure ? 'wss' : 'ws';
  const specification = {
    url: `${scheme}://127.0.0.1:0`,
    ...(secure && {
      cert: path.join(CERTIFICATES, 'server-certificate.pem'),
      key: path.join(CERTIFICATES, 'server-key.pem')
    })
  };
  const server = startSuite(
    suite,
    'fuzzingserver',
    specification,
    run,
    onSilence
  );
  const listening = new Promise((resolve) => {
    server.lines.on('line', (line) => {
      const match = /^Listening on port (\d+)/.exec(line);

      if (match !== null) resolve(match[1]);
    });
  });
  const ended = server.remarks.then((remarks) => {
    throw new Error(`The suite's server ended\n${remarks}`);
  });
  const timer = setTimeout(() => kill(server.process), LISTEN_TIMEOUT);

  ended.catch(() => {});

  try {
    const port = await Promise.race([listening, ended]);

    return { ...server, url: `${scheme}://127.0.0.1:${port}` };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Has the suite's server write its reports. This is not left to the client
 * under test, which may have ended too early.
 *
 * @param {String} url The address of the server
 * @return {Promise<void>} Rejected if it does not
 */
function requestReports(url) {
  const ws = new WebSocket(`${url}/updateReports?agent=${AGENT}`, trust);
  // It closes the connection when the reports are written.
  const timer = setTimeout(() => ws.terminate(), REPORTS_TIMEOUT);

  return new Promise((resolve, reject) => {
    ws.once('error', reject);
    ws.once('close', (code) => {
      clearTimeout(timer);
      // 1005: its close frame has no code.
      if (code === 1005) resolve();
      else reject(new Error(`The suite wrote no reports (${code})`));
    });
  });
}

module.exports = { AGENT, requestReports, runClient, startServer };
