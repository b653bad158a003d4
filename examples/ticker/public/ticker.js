/**
 * Takes the ticks in by three ways at once, and shows how late each one was and
 * what it cost. Ticks are `[number, time, price, price, ...]`.
 */

/* global uPlot */

const PRICES_SECONDS = 60;
const COLUMN_SECONDS = 8;
const DELAYS_KEPT = 60;

// Ticks come four times a second: this long a silence means that nobody is
// there any more, even if the connection was never closed.
const SILENCE = 5000;

const FRAME_INTERVAL = 1000 / 30;
const TEXT_INTERVAL = 200;

const clientId = Math.random().toString(36).slice(2, 10).padEnd(8, '0');

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pageNow = () => performance.timeOrigin + performance.now();

const clock = {
  offset: 0,
  error: null,
  now: () => pageNow() + clock.offset,

  // Of several samples the one with the shortest round trip is the best: its
  // error is at most half of that.
  async estimate() {
    let best = Infinity;

    for (let i = 0; i < 6; i++) {
      const sent = pageNow();
      const { now } = await getJSON('/clock');
      const received = pageNow();

      if (received - sent < best) {
        best = received - sent;
        clock.offset = now - (sent + received) / 2;
        clock.error = best / 2;
      }
    }
  }
};

class Column {
  constructor(name) {
    this.name = name;
    this.root = document.querySelector(`[data-column="${name}"]`);
    this.title = this.root.querySelector('h2').textContent;
    this.state = null;
    this.latest = null;
    this.ticks = [];
    this.undrawn = [];
    this.delays = [];
    this.delivered = 0;
    this.count = 0;
    this.bytes = 0;
    this.bytesBefore = 0;
  }

  field(name) {
    return this.root.querySelector(`[data-field="${name}"]`);
  }

  setState(state) {
    if (state === this.state) return;

    const field = this.field('state');
    field.textContent = state === 'live' ? 'Live' : 'Reconnecting';
    field.className = `state ${state}`;

    // Only changes are spoken, and not that all is well at the start.
    if (this.state !== null) announce(`${this.title}: ${field.textContent}`);
    this.state = state;
  }

  /** What the page opened with: drawn, but delivered by none of the three. */
  prime(ticks) {
    this.latest = ticks.at(-1)[0];
    this.ticks = [...ticks];
  }

  take({ ticks, bytes }) {
    this.setState('live');

    // The server counts from zero again after a restart, or a reconnect.
    if (bytes < this.bytes - this.bytesBefore) this.bytesBefore = this.bytes;
    this.bytes = this.bytesBefore + bytes;

    for (const tick of ticks) {
      if (tick[0] !== this.latest + 1) this.ticks = [];
      this.latest = tick[0];
      this.ticks.push(tick);
      this.delivered++;
      // Nothing is displayed in a hidden tab, so nothing is late there.
      if (!document.hidden) this.undrawn.push(tick);
    }

    // One tick beyond the edge, for the line to come in from there.
    const edge = ticks.at(-1)[1] - PRICES_SECONDS * 1000;
    const first = this.ticks.findIndex((tick) => tick[1] >= edge);
    if (first > 1) this.ticks.splice(0, first - 1);
  }

  /** Ends the delay of each tick that the frame at `now` is the first to show. */
  drawn(now) {
    for (const [, time] of this.undrawn) {
      this.delays.push(Math.max(0, now - time));
    }
    this.undrawn = [];
    this.delays = this.delays.slice(-DELAYS_KEPT);
  }

  get median() {
    const sorted = [...this.delays].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }

  get slowest() {
    return this.delays.length > 0 ? Math.max(...this.delays) : undefined;
  }

  get cost() {
    return this.bytes / this.delivered;
  }
}

const columns = {
  push: new Column('push'),
  short: new Column('short'),
  long: new Column('long')
};

const heartbeat = { pings: 0, pongs: 0, roundTrip: null };

// ---------------------------------------------------------------------------
// The three ways

async function getJSON(url) {
  const signal = AbortSignal.timeout(SILENCE);
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

async function push(column) {
  for (let failures = 0; ; failures++) {
    await receive(column, () => (failures = 0));
    column.setState('lost');
    await sleep(backoff(failures));
  }
}

/** Resolves when the connection is gone. */
function receive(column, onMessage) {
  // Not by a relative URL, which older browsers do not take.
  const url = new URL(`/push?after=${column.latest}`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const ws = new WebSocket(url);

  return new Promise((resolve) => {
    let silence = setTimeout(resolve, SILENCE);

    ws.onclose = resolve;
    ws.onmessage = ({ data }) => {
      clearTimeout(silence);
      silence = setTimeout(resolve, SILENCE);

      const message = JSON.parse(data);
      if (message.heartbeat) Object.assign(heartbeat, message.heartbeat);
      column.count++;
      column.take(message);
      onMessage();
    };
  }).finally(() => {
    ws.onmessage = null;
    ws.close();
  });
}

async function poll(column, interval) {
  for (let failures = 0; ; failures++) {
    try {
      column.count++;
      column.take(
        await getJSON(
          `/${column.name}?client=${clientId}&after=${column.latest}`
        )
      );
      failures = -1;
      // Never quite the interval, or the polls would keep for ever the distance
      // to the ticks that they happened to start with.
      if (interval > 0) await sleep(interval * (0.9 + Math.random() / 5));
    } catch {
      column.setState('lost');
      await sleep(backoff(failures));
    }
  }
}

function backoff(failures) {
  return Math.min(250 * 2 ** failures, 4000) * (0.75 + Math.random() / 2);
}

// ---------------------------------------------------------------------------
// Charts: time is in seconds before now, values in percent since opening

function makeChart(element, { symbols, seconds, valueAxis, range }) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    font,
    stroke: color('--quiet'),
    ticks: { show: false },
    grid: { stroke: color('--grid'), width: 1 }
  };

  const series = symbols.map((symbol, i) => ({
    label: symbol,
    stroke: color(`--series-${i + 1}`),
    width: 2,
    points: { show: false }
  }));

  return new uPlot(
    {
      width: element.clientWidth,
      height: element.clientHeight,
      padding: [8, 14, 0, valueAxis ? 0 : 14],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-seconds, 0] }, y: { range } },
      axes: [
        {
          ...axis,
          size: 28,
          gap: 8,
          splits: () => [-1, -0.75, -0.5, -0.25, 0].map((s) => s * seconds),
          values: (_, splits) =>
            splits.map((s) => (s === 0 ? 'now' : `${s} s`.replace('-', '−')))
        },
        {
          ...axis,
          show: valueAxis,
          size: 58,
          gap: 6,
          space: 28,
          values: (_, splits) => splits.map((value) => percent(value, 1))
        }
      ],
      series: [{}, ...series],
      hooks: { drawClear: [shadeUnseen], draw: [drawEnds] }
    },
    [[], ...symbols.map(() => [])],
    element
  );

  // What lies between the newest tick and now has not arrived yet.
  function shadeUnseen(chart) {
    const last = chart.data[0].at(-1);
    if (valueAxis || last === undefined) return;

    const { left, top, width, height } = chart.bbox;
    const x = Math.max(left, chart.valToPos(last, 'x', true));
    chart.ctx.save();
    chart.ctx.fillStyle = color('--unseen');
    chart.ctx.fillRect(x, top, left + width - x, height);
    chart.ctx.restore();
  }

  function drawEnds(chart) {
    const last = chart.data[0].length - 1;
    if (last < 0) return;

    const { ctx } = chart;
    const x = chart.valToPos(chart.data[0][last], 'x', true);
    ctx.save();
    series.forEach(({ stroke }, i) => {
      ctx.beginPath();
      ctx.fillStyle = stroke;
      ctx.arc(
        x,
        chart.valToPos(chart.data[i + 1][last], 'y', true),
        3.5 * uPlot.pxRatio,
        0,
        2 * Math.PI
      );
      ctx.fill();
    });
    ctx.restore();
  }
}

/** One range for several columns, so that their charts can be compared. */
function sharedRange(list, seconds, open, now) {
  let min = Infinity;
  let max = -Infinity;

  for (const { ticks } of list) {
    for (const [, time, ...prices] of ticks) {
      // A second more, since lines come in from beyond the edge.
      if (time < now - (seconds + 1) * 1000) continue;
      prices.forEach((price, i) => {
        const value = change(price, open[i]);
        min = Math.min(min, value);
        max = Math.max(max, value);
      });
    }
  }

  if (min > max) return [-1, 1];
  // Steps of half a percent keep the picture from breathing at every tick.
  return [Math.floor(min * 2 - 0.2) / 2, Math.ceil(max * 2 + 0.2) / 2];
}

function chartData(ticks, open, now) {
  return [
    ticks.map(([, time]) => Math.min(0, (time - now) / 1000)),
    ...open.map((price, i) => ticks.map((tick) => change(tick[i + 2], price)))
  ];
}

// ---------------------------------------------------------------------------
// Text

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const price = new Intl.NumberFormat('en', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2
});

function change(now, open) {
  return (now / open - 1) * 100;
}

function percent(value, digits) {
  const size = `${Math.abs(value).toFixed(digits)} %`;
  if (Number(Math.abs(value).toFixed(digits)) === 0) return size;
  return (value < 0 ? '−' : '+') + size;
}

function bytes(count) {
  if (count < 1000) return `${whole.format(count)} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return `${(count / 1e6).toFixed(2)} MB`;
}

function milliseconds(value, digits = 0) {
  return `${value.toFixed(digits)} ms`;
}

function show(element, value, format) {
  if (value === undefined || value === null || Number.isNaN(value)) return;

  const text = format(value);
  if (element.textContent === text) return;
  element.textContent = text;
  element.value = String(value);
}

function announce(sentence) {
  document.getElementById('announcement').textContent = sentence;
}

function makeQuotes(symbols) {
  const list = document.getElementById('quotes');

  return symbols.map((symbol, i) => {
    const item = document.createElement('li');
    item.style.setProperty('--series', `var(--series-${i + 1})`);

    const [name, value, since] = ['span', 'data', 'data'].map((tag) =>
      item.appendChild(document.createElement(tag))
    );
    name.className = 'symbol';
    name.textContent = symbol;
    value.className = 'price';
    since.className = 'change';
    list.append(item);
    return { value, since };
  });
}

function showQuotes(quotes, open, tick) {
  quotes.forEach(({ value, since }, i) => {
    const percentage = change(tick[i + 2], open[i]);
    show(value, tick[i + 2], price.format);
    show(since, percentage, (p) => percent(p, 2));
    since.className = `change ${percentage < 0 ? 'down' : 'up'}`;
  });
}

function showColumn(column) {
  show(column.field('median'), column.median, milliseconds);
  show(column.field('last'), column.delays.at(-1), milliseconds);
  show(column.field('slowest'), column.slowest, milliseconds);
  show(column.field('count'), column.count, whole.format);
  show(column.field('bytes'), column.bytes, bytes);
  if (column.delivered > 0) show(column.field('cost'), column.cost, bytes);
}

function showHeartbeat() {
  for (const element of document.querySelectorAll('[data-heartbeat]')) {
    const name = element.dataset.heartbeat;
    show(
      element,
      heartbeat[name],
      name === 'roundTrip' ? (ms) => milliseconds(ms, 1) : whole.format
    );
  }
}

function showVerdict() {
  const { push, short, long } = columns;
  // The opening handshake weighs too much in the first few ticks.
  if (push.delivered < 20 || short.delivered < 20 || long.delivered < 20) {
    return;
  }

  const times = (column) => (column.cost / push.cost).toFixed(1);
  document.getElementById('verdict').textContent =
    `For the same ticks, short polling has moved ${times(short)} times the ` +
    `bytes of the WebSocket, and long polling ${times(long)} times.`;
}

// ---------------------------------------------------------------------------

async function untilAnswered(ask) {
  for (let failures = 0; ; failures++) {
    try {
      return await ask();
    } catch {
      await sleep(backoff(failures));
    }
  }
}

async function keepClock() {
  for (;;) {
    await sleep(30_000);
    await clock.estimate().catch(() => {
      // The old estimate is better than none.
    });
  }
}

async function start() {
  const market = await untilAnswered(() => getJSON('/market'));
  await untilAnswered(() => clock.estimate());

  const { symbols, open } = market;
  const all = Object.values(columns);
  for (const column of all) column.prime(market.ticks);

  const quotes = makeQuotes(symbols);
  const windows = [
    {
      element: document.getElementById('prices'),
      column: columns.push,
      seconds: PRICES_SECONDS,
      valueAxis: true,
      group: [columns.push]
    },
    ...all.map((column) => ({
      element: column.root.querySelector('.chart'),
      column,
      seconds: COLUMN_SECONDS,
      valueAxis: false,
      group: all
    }))
  ];

  const makeCharts = () => {
    for (const view of windows) {
      view.chart?.destroy();
      view.chart = makeChart(view.element, {
        symbols,
        seconds: view.seconds,
        valueAxis: view.valueAxis,
        range: () => sharedRange(view.group, view.seconds, open, clock.now())
      });
    }
  };

  makeCharts();
  // Colors are read when a chart is made.
  matchMedia('(prefers-color-scheme: dark)').addEventListener(
    'change',
    makeCharts
  );
  const resizing = new ResizeObserver(() => {
    for (const { chart, element } of windows) {
      chart.setSize({
        width: element.clientWidth,
        height: element.clientHeight
      });
    }
  });
  for (const { element } of windows) resizing.observe(element);

  let framed = 0;
  let written = 0;

  const frame = (time) => {
    requestAnimationFrame(frame);

    const fresh = all.some((column) => column.undrawn.length > 0);
    if (!fresh && (stillness.matches || time - framed < FRAME_INTERVAL)) return;
    framed = time;

    const now = clock.now();
    for (const column of all) {
      column.drawn(now);
    }
    for (const { chart, column } of windows) {
      chart.setData(chartData(column.ticks, open, now));
    }
    showQuotes(quotes, open, columns.push.ticks.at(-1));

    // Digits that change at every frame cannot be read.
    if (time - written < TEXT_INTERVAL) return;
    written = time;
    all.forEach(showColumn);
    showHeartbeat();
    showVerdict();
    show(document.getElementById('clock'), clock.error, (ms) =>
      milliseconds(ms, 1)
    );
  };
  requestAnimationFrame(frame);

  push(columns.push);
  poll(columns.short, market.pollInterval);
  poll(columns.long, 0);
  keepClock();
}

start();
