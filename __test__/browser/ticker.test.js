'use strict';

/**
 * Opens the stock ticker in headless Chromium, as a stranger would.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { startTicker } = require('../../examples/ticker/server');
const { launch, skip } = require('../support/chromium');

const HOST = '127.0.0.1';

// Generous, since it only ends a test that is about to fail.
const TIMEOUT = 20_000;

const DESKTOP = { viewport: { width: 1280, height: 900 } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true
};

const COLUMNS = ['push', 'short', 'long'];

describe('The stock ticker in Chromium', { skip, timeout: 180_000 }, () => {
  let browser;
  let screenshots;

  before(async () => {
    screenshots = fs.mkdtempSync(path.join(os.tmpdir(), 'oxws-ticker-'));
    browser = await launch();
  });

  after(() => browser?.close());

  it('shows ticks arriving on all three columns', async (t) => {
    const { page, ticker, complaints } = await open(t, DESKTOP);

    const first = await whenAll(page, 'count', {});
    const later = await whenAll(page, 'count', first, 3);
    for (const name of COLUMNS) assert.ok(later[name] >= first[name] + 3);

    await whenAll(page, 'bytes', await numbers(page, 'bytes'));

    // All numbers are taken at one moment of the page, then of the server.
    const [bytes, count, cost, median] = await Promise.all(
      ['bytes', 'count', 'cost', 'median'].map((name) => numbers(page, name))
    );
    const stats = ticker.stats();
    for (const name of COLUMNS) {
      const { bytes: moved, messages, requests } = stats[name];
      assert.ok(bytes[name] > 0 && bytes[name] <= moved, name);
      assert.ok(count[name] <= (messages ?? requests) + 1, name);
    }

    assert.ok(cost.push < cost.short && cost.short < cost.long);
    // The page is in a loop of its own: below zero would be a wrong clock, and
    // what waits for the next poll cannot be as early as what is pushed.
    assert.ok(median.push >= 0 && median.push < median.short);

    await screenshot(t, page, 'desktop-light');
    assert.deepStrictEqual(complaints, []);
  });

  it('counts the bytes of heads and bodies, as the browser does', async (t) => {
    const sizes = { short: [], long: [] };
    const { page, ticker } = await open(t, DESKTOP, (newPage) => {
      newPage.on('requestfinished', (request) => {
        const kind = new URL(request.url()).pathname.slice(1);
        sizes[kind]?.push(request.sizes());
      });
    });

    await whenAll(page, 'count', {}, 8);

    for (const kind of ['short', 'long']) {
      let seen = 0;
      for (const size of await Promise.all(sizes[kind])) {
        seen += Object.values(size).reduce((sum, bytes) => sum + bytes);
      }

      // The server may have counted one exchange more meanwhile, and knows a few
      // bytes that the browser's own figure leaves out.
      const { bytes } = ticker.stats()[kind];
      assert.ok(bytes >= seen && bytes < seen * 1.3, `${bytes} : ${seen}`);
    }
  });

  it('draws the prices, and draws on', async (t) => {
    const { page } = await open(t, DESKTOP);
    await whenAll(page, 'count', {}, 4);

    const earlier = await inkOfCharts(page);
    assert.strictEqual(earlier.length, 1 + COLUMNS.length);
    for (const { colored } of earlier) assert.ok(colored > 300);

    await whenAll(page, 'count', await numbers(page, 'count'), 2);
    const later = await inkOfCharts(page);
    later.forEach(({ digest }, i) => {
      assert.notStrictEqual(digest, earlier[i].digest);
    });
  });

  it('receives the pongs of the browser, and shows them', async (t) => {
    const { page, ticker } = await open(t, DESKTOP);

    await page.waitForFunction(
      () => document.querySelector('[data-heartbeat="pongs"]').value >= 3,
      null,
      { timeout: TIMEOUT }
    );

    const shown = await page.$$eval('[data-heartbeat]', (elements) =>
      Object.fromEntries(
        elements.map((e) => [e.dataset.heartbeat, Number(e.value)])
      )
    );
    const { pings, pongs } = ticker.stats().push;

    assert.ok(pongs >= shown.pongs);
    assert.ok(pings >= pongs && pings - pongs <= 1);
    assert.ok(shown.pings >= shown.pongs);
    assert.ok(shown.roundTrip > 0 && shown.roundTrip < TIMEOUT);
  });

  it('asks no other host for anything', async (t) => {
    const hosts = new Set();
    const { page, ticker } = await open(t, DESKTOP, (newPage) => {
      newPage.on('request', (request) =>
        hosts.add(new URL(request.url()).host)
      );
      newPage.on('websocket', (ws) => hosts.add(new URL(ws.url()).host));
    });

    await whenAll(page, 'count', {});
    assert.deepStrictEqual([...hosts], [`${HOST}:${ticker.port}`]);
  });

  for (const colorScheme of ['light', 'dark']) {
    it(`fits on a phone (${colorScheme})`, async (t) => {
      const { page, complaints } = await open(t, { ...PHONE, colorScheme });
      const { width } = PHONE.viewport;

      await whenAll(page, 'count', {}, 3);
      await screenshot(t, page, `phone-${colorScheme}`);

      const layout = await page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        right: Math.max(
          ...[...document.querySelectorAll('main *')].map(
            (element) => element.getBoundingClientRect().right
          )
        ),
        smallest: Math.min(
          ...[...document.querySelectorAll('h1, h2, p, dt, dd, data')].map(
            (element) => parseFloat(getComputedStyle(element).fontSize)
          )
        ),
        lefts: [...document.querySelectorAll('[data-column]')].map(
          (element) => element.getBoundingClientRect().left
        ),
        background: getComputedStyle(document.body).backgroundColor
      }));

      assert.strictEqual(layout.scrollWidth, width);
      assert.ok(layout.right <= width);
      assert.ok(layout.smallest >= 13);
      assert.strictEqual(new Set(layout.lefts).size, 1, 'not stacked');

      const [red] = layout.background.match(/\d+/g).map(Number);
      assert.ok(colorScheme === 'dark' ? red < 64 : red > 192);

      // The narrowest that is asked for (WCAG 2.2, reflow); the charts follow a
      // change of width by an observer, thus a little later.
      await page.setViewportSize({ width: 320, height: 640 });
      await page.waitForFunction(
        () => document.documentElement.scrollWidth === 320,
        null,
        { timeout: TIMEOUT }
      );
      assert.deepStrictEqual(complaints, []);
    });
  }

  it('follows a change of color scheme', async (t) => {
    const { page, complaints } = await open(t, {
      ...DESKTOP,
      colorScheme: 'light'
    });
    await whenAll(page, 'count', {}, 3);

    // The charts have to follow a change of colors while the page is open.
    const light = await page.evaluate(mostUsedColor);
    await page.emulateMedia({ colorScheme: 'dark' });
    await whenAll(page, 'count', await numbers(page, 'count'), 2);
    const dark = await page.evaluate(mostUsedColor);
    assert.notStrictEqual(dark, light);

    await screenshot(t, page, 'desktop-dark');
    assert.deepStrictEqual(complaints, []);
  });

  it('reconnects when the server was restarted', async (t) => {
    const { page, ticker } = await open(t, DESKTOP);
    await whenAll(page, 'count', {});

    const { port } = ticker;
    await ticker.close();
    await whenStates(page, 'Reconnecting');

    const second = await startTicker({ host: HOST, port });
    t.after(() => second.close());
    assert.strictEqual(second.port, port);

    await whenStates(page, 'Live');
    const bytes = await numbers(page, 'bytes');
    const later = await whenAll(page, 'bytes', bytes);
    for (const name of COLUMNS) assert.ok(later[name] > bytes[name]);
    assert.ok(second.stats().push.messages > 0);
  });

  async function open(t, options, prepare) {
    const ticker = await startTicker({ host: HOST });
    t.after(() => ticker.close());

    const context = await browser.newContext(options);
    t.after(() => context.close());

    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        complaints.push(message.text());
      }
    });
    page.on('pageerror', (err) => complaints.push(String(err)));
    prepare?.(page);

    await page.goto(ticker.url);
    return { page, ticker, complaints };
  }

  async function screenshot(t, page, name) {
    const file = path.join(screenshots, `${name}.png`);
    await page.screenshot({ path: file, fullPage: true });
    t.diagnostic(`screenshot: ${file}`);
  }
});

describe('The stock ticker', { timeout: 30_000 }, () => {
  it('takes a free port when its own is taken', async (t) => {
    const port = await occupy(t);
    const ticker = await startTicker({ host: HOST, port });
    t.after(() => ticker.close());

    assert.notStrictEqual(ticker.port, port);

    const response = await fetch(new URL('/market', ticker.url));
    assert.strictEqual(response.status, 200);
  });

  it('prints its address, and ends by itself on SIGINT', async (t) => {
    const child = spawn(
      process.execPath,
      [require.resolve('../../examples/ticker/server')],
      {
        env: { ...process.env, HOST, PORT: '0' },
        stdio: ['ignore', 'pipe', 'inherit']
      }
    );
    t.after(() => child.kill('SIGKILL'));

    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    while (!output.includes('Ctrl-C')) await once(child.stdout, 'data');

    const [url] = output.match(/http:\/\/\S+/);
    const response = await fetch(url);
    assert.match(await response.text(), /<h1>/);

    const exited = once(child, 'exit');
    child.kill('SIGINT');
    assert.deepStrictEqual(await exited, [0, null]);
  });
});

/** The values of one field in each column, 0 while there is none. */
function numbers(page, field) {
  return page.$$eval(
    '[data-column]',
    (columns, name) =>
      Object.fromEntries(
        columns.map((column) => {
          const { value } = column.querySelector(`[data-field="${name}"]`);
          return [column.dataset.column, Number(value)];
        })
      ),
    field
  );
}

/** Waits until a field is `more` above `since` in every column. */
async function whenAll(page, field, since, more = 1) {
  await page.waitForFunction(
    ({ field, since, more }) =>
      [...document.querySelectorAll('[data-column]')].every((column) => {
        const { value } = column.querySelector(`[data-field="${field}"]`);
        return Number(value) >= (since[column.dataset.column] ?? 0) + more;
      }),
    { field, since, more },
    { timeout: TIMEOUT }
  );
  return numbers(page, field);
}

function whenStates(page, state) {
  return page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('[data-field="state"]')].every(
        ({ textContent }) => textContent === wanted
      ),
    state,
    { timeout: TIMEOUT }
  );
}

/** Per chart: how many of its pixels are colored, and a digest of them all. */
function inkOfCharts(page) {
  return page.$$eval('.chart canvas', (canvases) =>
    canvases.map((canvas) => {
      const { data } = canvas
        .getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height);
      let colored = 0;
      let digest = 0;

      for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, alpha] = data.subarray(i, i + 4);
        // Neither the gray of grid and labels nor the pale shade of what has not
        // arrived counts as ink: only lines are as saturated as this.
        if (alpha > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 80) {
          colored++;
        }
        digest = (digest * 31 + r + g + b + alpha) | 0;
      }
      return { colored, digest };
    })
  );
}

/** The saturated color that most pixels of the first chart have. */
function mostUsedColor() {
  const canvas = document.querySelector('.chart canvas');
  const { data } = canvas
    .getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height);
  const counts = new Map();

  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, alpha] = data.subarray(i, i + 4);
    if (alpha < 255 || Math.max(r, g, b) - Math.min(r, g, b) < 80) continue;
    const color = `${r} ${g} ${b}`;
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

async function occupy(t) {
  const server = net.createServer().listen(0, HOST);
  t.after(() => server.close());
  await once(server, 'listening');
  return server.address().port;
}
