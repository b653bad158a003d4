'use strict';

//
// Headless Chromium for the tests of pages. Where it is missing they are skipped,
// except under CI or with OXWS_BROWSER_TEST=1: there they fail. CHROMIUM names
// another executable.
//

const fs = require('node:fs');

const { chromium } = require('playwright-core');

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const REQUIRED = Boolean(process.env.CI || process.env.OXWS_BROWSER_TEST);

/** Why the tests are skipped, or `false`. */
const skip =
  !REQUIRED && !fs.existsSync(EXECUTABLE)
    ? `there is no Chromium at ${EXECUTABLE}`
    : false;

/**
 * @return {Promise<Browser>} A browser that talks to nobody by itself
 */
function launch() {
  return chromium.launch({
    executablePath: EXECUTABLE,
    // Chromium's sandbox refuses to run as root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  });
}

module.exports = { launch, skip };
