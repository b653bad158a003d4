'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { draw } = require('../chart');
const { headlines, measured, shown } = require('../headlines');
const { render, summarise } = require('../report');
const roles = require('../roles');

/** A round of the echo, as roles/steady.js returns it. */
function round(total, main, perSecond) {
  return {
    perSecond,
    latencyUs: { p50: 100, p99: 200 },
    replyBytes: 66,
    cpuUs: { total, main, others: total - main },
    serverCpu: 1,
    loadCpu: 0.5,
    otherCpu: 0,
    threadsEnded: 0
  };
}

function result(name, rounds, more) {
  const facts = { library: name, version: '1.0.0' };
  return { name, title: `the ${name}`, rounds, facts, ...more };
}

function report(scenario, results) {
  const role = roles[scenario.role];
  return {
    command: 'npm run bench',
    machine: { cpu: 'CPU', cpus: 2, kernel: '6', node: 'v20' },
    options: { rounds: 3, seconds: 1 },
    reference: 'ws',
    missing: [],
    failures: [],
    scenarios: [scenario, { ...scenario, label: 'again' }].map((one) => ({
      ...one,
      results: summarise(results, 'ws', role)
    }))
  };
}

const ECHO = {
  name: 'echo',
  label: 'echo',
  title: 'an echo',
  role: 'echo',
  load: {}
};

const RESULTS = [
  result('oxws', [round(5, 1, 200), round(6, 1, 300), round(4, 1, 100)]),
  result('oxws-server', [round(6, 3, 1), round(6, 3, 1), round(6, 3, 1)], {
    portMode: 'oxws'
  }),
  result('ws', [round(10, 9, 100), round(20, 9, 100), round(10, 9, 100)])
];

describe('summarise()', () => {
  const [oxws, server, ws] = summarise(RESULTS, 'ws', roles.echo);

  it('takes the median of the rounds', () => {
    assert.deepEqual(oxws.summary.cpuUs, { median: 5, min: 4, max: 6 });
  });

  it('takes ratios within a round', () => {
    assert.deepEqual(oxws.summary.cpuRatio, {
      median: 0.4,
      min: 0.3,
      max: 0.5
    });
    assert.equal(ws.summary.cpuRatio.median, 1);
  });

  it("compares the main thread with the reference's whole process", () => {
    assert.equal(oxws.summary.mainRatio.median, 0.1);
    assert.equal(ws.summary.mainRatio.median, 0.9);
  });

  it('compares server mode with port mode of the same library', () => {
    assert.equal(server.summary.cpuModeRatio.median, 1.2);
    assert.equal(server.summary.mainModeRatio.median, 3);
    assert.equal(oxws.summary.cpuModeRatio, undefined);
  });

  it('leaves out what has nothing to be compared with', () => {
    const [alone] = summarise([RESULTS[0]], 'ws', roles.echo);
    assert.equal(alone.summary.cpuRatio, undefined);
    assert.equal(alone.summary.cpuUs.median, 5);
  });
});

describe('headlines()', () => {
  it('shows the first figure of the role', () => {
    const [{ label, unit, figures }] = headlines(report(ECHO, RESULTS));
    assert.equal(label, 'echo');
    assert.equal(unit, 'CPU us/msg');
    assert.deepEqual(figures.oxws, { value: 5, ratio: 0.4 });
  });

  it('shows the one that the scenario names', () => {
    const scenario = { ...ECHO, shows: 'perSecond' };
    const [{ unit, more, figures }] = headlines(report(scenario, RESULTS));
    assert.equal(unit, 'msg/s');
    assert.ok(more);
    assert.deepEqual(figures.oxws, { value: 200, ratio: 2 });
  });

  it('shows all that the scenario names', () => {
    const scenario = { ...ECHO, shows: ['cpuUs', 'p50Us'] };
    const both = headlines(report(scenario, RESULTS)).slice(0, 2);
    assert.deepEqual(
      both.map(({ label, unit, figures }) => [label, unit, figures.oxws]),
      [
        ['echo', 'CPU us/msg', { value: 5, ratio: 0.4 }],
        ['echo', 'p50 us', { value: 100, ratio: 1 }]
      ]
    );
  });

  it('is there for every scenario', () => {
    for (const scenario of require('../scenarios')) {
      const { headlines: known, metrics, ratios } = roles[scenario.role];
      for (const metric of shown(scenario)) {
        assert.ok(metrics[metric], scenario.name);
        assert.ok(ratios[known[metric].ratio], scenario.name);
      }
    }
  });
});

describe('render()', () => {
  it('has a table for each scenario, and one of all', () => {
    const text = render(report(ECHO, RESULTS), true);
    assert.match(text, /\*\*an echo\*\*/);
    assert.match(text, /\| echo +\| CPU us\/msg +\| +5\.00 \(0\.40\) \|/);
    assert.match(text, /- Command: npm run bench/);
  });

  it('tells when other processes ran', () => {
    const disturbed = { ...round(1, 1, 1), otherCpu: 0.42 };
    const results = [result('ws', [round(1, 1, 1), disturbed])];
    assert.match(
      render(report(ECHO, results), false),
      /took up to 42% of a CPU, in 2 measurements/
    );
    assert.doesNotMatch(render(report(ECHO, RESULTS), false), /took up to/);
  });

  it('writes tables whose rows are equally long', () => {
    const rows = render(report(ECHO, RESULTS), false)
      .split('\n\n')
      .map((part) => part.split('\n').filter((line) => line.startsWith('|')))
      .filter((lines) => lines.length > 0);
    assert.equal(rows.length, 3);
    for (const lines of rows) {
      assert.equal(new Set(lines.map(({ length }) => length)).size, 1);
    }
  });
});

describe('draw()', () => {
  it('draws all contenders but the reference', async () => {
    const drawn = report(ECHO, RESULTS);
    const svg = await draw(drawn);
    assert.match(svg, /^<svg /);
    assert.doesNotMatch(svg, /NaN|undefined/);
    assert.match(svg, /the ws = 1/);
    for (const { name, title } of measured(drawn)) {
      assert.equal(svg.includes(`>${title}<`), name !== 'ws', title);
    }
  });

  it('fails without figures of the reference', async () => {
    const drawn = report(ECHO, RESULTS.slice(0, 2));
    await assert.rejects(draw(drawn), /reference/);
  });
});
