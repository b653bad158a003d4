'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  allowedCpus,
  busySeconds,
  checkedPin,
  parseList,
  placement
} = require('../cpus');
const contenders = require('../contenders');
const { parseOptions } = require('../options');
const { plan } = require('../plan');
const { BURST, SIZE, message } = require('../servers/messages');

/**
 * @param {...String} args A command line
 * @return {Object<String, String[]>} Who runs in which scenario
 */
function planned(...args) {
  const pairs = plan(parseOptions(args)).map(({ scenario, results }) => [
    scenario.name,
    results.map(({ contender }) => contender.name)
  ]);
  return Object.fromEntries(pairs);
}

describe('plan()', () => {
  it('measures without options what is standard, where it is', () => {
    const all = planned();
    assert.deepEqual(all['echo-100x1'], [
      'oxws',
      'oxws-server',
      'ws',
      'bun',
      'raw'
    ]);
    assert.deepEqual(all['echo-paced-100'], all['echo-100x1']);
    assert.deepEqual(all['idle-10000'], ['oxws', 'ws', 'bun', 'raw']);
    assert.deepEqual(all['pong-busy'], ['oxws', 'ws', 'bun']);
    assert.equal(all['echo-deflate-100x1-1KiB'], undefined);
  });

  it('measures who was named in every scenario that they know', () => {
    const all = planned('--contender', 'oxws-server', '--contender', 'deno');
    assert.deepEqual(all['idle-10000'], ['oxws-server', 'deno']);
    assert.deepEqual(all['broadcast-1000-native'], ['oxws-server']);
  });

  it('measures in the mode that was asked for what is standard in port mode', () => {
    const all = planned('--mode', 'both');
    for (const name of ['echo-100x1', 'idle-10000']) {
      assert.deepEqual(all[name], [
        'oxws',
        'oxws-server',
        'ws',
        'ws-server',
        'bun',
        'raw'
      ]);
    }
    const server = planned('--mode', 'server', '--contender', 'oxws');
    assert.deepEqual(server['echo-100x1'], ['oxws-server']);
  });

  it('takes the number of idle connections', () => {
    const [{ scenario }] = plan(
      parseOptions(['--scenario', 'idle-10000', '--connections', '5'])
    );
    assert.equal(scenario.load.connections, 5);
  });

  it('refuses what it does not know', () => {
    for (const args of [
      ['--scenario', 'none'],
      ['--contender', 'none'],
      ['--mode', 'none'],
      ['--rounds', '0'],
      ['--rounds', '1.5'],
      ['--seconds', 'x'],
      ['--pin', '1']
    ]) {
      assert.throws(() => parseOptions(args), { message: /must be/ });
    }
  });
});

describe('contenders', () => {
  it('have a name each', () => {
    const names = contenders.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it('know handlers that the servers have', () => {
    const known = Object.keys(require('../servers/handlers'));
    for (const { name, handlers } of contenders) {
      for (const handler of handlers) assert.ok(known.includes(handler), name);
    }
  });
});

describe('placement()', () => {
  it('gives the load generator a CPU of its own if there is one', (t) => {
    const cpus = allowedCpus();
    if (checkedPin('auto') === 'off') return t.skip('nothing to choose from');
    const [first, second, third = second] = cpus.map(String);
    assert.deepEqual(placement('auto'), { server: first, load: second });
    assert.deepEqual(placement('auto', { cpus: 2 }), {
      server: `${first},${second}`,
      load: third
    });
    return undefined;
  });

  it('lets it share those of the server where the scenario says so', (t) => {
    if (checkedPin('auto') === 'off') return t.skip('nothing to choose from');
    const { server, load } = placement('auto', { cpus: 2, sharesCpus: true });
    assert.equal(server, allowedCpus().slice(0, 2).join(','));
    assert.equal(load, server);
    return undefined;
  });

  it('takes what is asked for, whatever the scenario wants', () => {
    const asked = { server: '0-1', load: '3' };
    assert.deepEqual(placement('0-1:3'), asked);
    for (const sharesCpus of [false, true]) {
      const scenario = { cpus: 2, sharesCpus };
      assert.deepEqual(placement('0-1:3', scenario), asked);
      assert.equal(placement('off', scenario), undefined);
    }
  });
});

describe('parseList()', () => {
  it('takes what taskset takes', () => {
    assert.deepEqual(parseList('3'), [3]);
    assert.deepEqual(parseList('0-2,5,7-8'), [0, 1, 2, 5, 7, 8]);
  });
});

describe('busySeconds()', () => {
  it('grows while a process runs', () => {
    const cpus = allowedCpus().join(',');
    const before = busySeconds({ server: cpus, load: cpus });
    const end = performance.now() + 300;
    while (performance.now() < end);
    const took = busySeconds({ server: cpus, load: cpus }) - before;
    assert.ok(took > 0.1, `${took} s`);
    assert.ok(busySeconds() >= before);
  });
});

describe('message()', () => {
  it('tells its number and then its positions', () => {
    const text = message(BURST - 1);
    assert.equal(text.length, SIZE);
    assert.ok(text.startsWith('00000000000003e712345'));
    assert.equal(text[89], '!');
  });
});
