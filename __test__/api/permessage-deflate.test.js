'use strict';

//
// The class of permessage-deflate beside that of ws: what it offers and accepts,
// and that each understands what the other compressed.
//

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { promisify } = require('node:util');
const zlib = require('node:zlib');
const { PerMessageDeflate: Reference } = require('ws');

const { isReference } = require('../support/implementation');

const PerMessageDeflate = isReference
  ? Reference
  : require('../../js/permessage-deflate');
const { deflateWordsOf } = PerMessageDeflate;

// zlib's texts are those of Node, but not each of its versions has all of them.
const FAULTS = [
  '07',
  '0100',
  'fc0000',
  '0400feff',
  '0400244900',
  '040024e9ff6d',
  '048049922449922471ffff931100',
  '04804992244992240fb4ffffc384',
  '04c0810800000000207feb0b0000',
  '027effff',
  '0cc081000000000090ff6b0400'
];

const BITS = ['8', '9', '12', '15', '7', '16', '08', 'x', true];

/**
 * All objects with one of the values, or none, under each key.
 */
function* combinations(choices) {
  const [[key, values], ...rest] = Object.entries(choices);
  const others = rest.length
    ? [...combinations(Object.fromEntries(rest))]
    : [{}];

  for (const other of others) {
    yield other;
    for (const value of values) yield { [key]: value, ...other };
  }
}

/**
 * What a call gives, or how it fails.
 */
function outcome(call) {
  try {
    return call();
  } catch (err) {
    return `${err.name}: ${err.message}`;
  }
}

/**
 * The instances of both classes after the same negotiation.
 */
function pair(params, options) {
  return [PerMessageDeflate, Reference].map((Class) => {
    const instance = new Class(options);

    instance.params = params;
    return instance;
  });
}

function compress(instance, data, fin = true) {
  return promisify(instance.compress).call(instance, data, fin);
}

function decompress(instance, data, fin = true) {
  return promisify(instance.decompress).call(instance, data, fin);
}

/**
 * All that can be seen of the error with which data is refused.
 */
async function failure(instance, data) {
  const err = await decompress(instance, data).catch((err) => err);

  assert.ok(err instanceof Error);
  return [err.name, err.message, Object.entries(err)];
}

describe('PerMessageDeflate', () => {
  describe('.extensionName', () => {
    it('is the name of the extension', () => {
      assert.strictEqual(PerMessageDeflate.extensionName, 'permessage-deflate');
      assert.deepStrictEqual(Object.keys(PerMessageDeflate), []);
    });
  });

  describe('#offer', () => {
    it('offers what ws offers', () => {
      for (const options of combinations({
        clientMaxWindowBits: [true, false, 10, null, 0],
        clientNoContextTakeover: [true, false],
        serverMaxWindowBits: [true, false, 11],
        serverNoContextTakeover: [true, false]
      })) {
        assert.deepStrictEqual(
          new PerMessageDeflate(options).offer(),
          new Reference(options).offer()
        );
      }
    });
  });

  describe('#accept', () => {
    const choices = {
      clientMaxWindowBits: [true, false, 10],
      clientNoContextTakeover: [true, false],
      serverMaxWindowBits: [true, false, 11],
      serverNoContextTakeover: [true, false]
    };

    for (const isServer of [true, false]) {
      it(`accepts what ws accepts ${isServer ? 'as a server' : 'as a client'}`, () => {
        const offers = [
          ...combinations({
            client_max_window_bits: [[true], ['9'], ['10'], ['15']],
            client_no_context_takeover: [[true]],
            server_max_window_bits: [['10'], ['11'], ['12']],
            server_no_context_takeover: [[true]]
          })
        ];

        for (const options of combinations(choices)) {
          for (const offer of offers) {
            const [ours, reference] = [PerMessageDeflate, Reference].map(
              (Class) => {
                const instance = new Class({ isServer, ...options });
                // The second is what a server falls back to.
                const both = structuredClone([offer, {}]);

                return [
                  outcome(() => instance.accept([both[0]])),
                  outcome(() => instance.accept(structuredClone([offer, {}]))),
                  instance.params
                ];
              }
            );

            assert.deepStrictEqual(ours, reference);
          }
        }
      });

      it(`refuses what ws refuses ${isServer ? 'as a server' : 'as a client'}`, () => {
        for (const name of [
          'client_max_window_bits',
          'client_no_context_takeover',
          'server_max_window_bits',
          'server_no_context_takeover',
          'something_else'
        ]) {
          for (const values of [...BITS.map((value) => [value]), ['8', '9']]) {
            const [ours, reference] = [PerMessageDeflate, Reference].map(
              (Class) =>
                outcome(() =>
                  new Class({ isServer }).accept([{ [name]: [...values] }])
                )
            );

            assert.deepStrictEqual(ours, reference, `${name}=${values}`);
          }
        }
      });
    }
  });

  describe('#compress and #decompress', () => {
    it('understand ws, and are understood, whatever was agreed', async () => {
      const texts = ['', 'a', 'The quick brown fox', 'x'.repeat(70000)];

      texts.push(texts[2], zlib.gzipSync(texts[3]).toString('latin1'), '');

      for (const params of combinations({
        client_max_window_bits: [8, 12],
        client_no_context_takeover: [true],
        server_max_window_bits: [8, 10],
        server_no_context_takeover: [true]
      })) {
        for (const isServer of [true, false]) {
          const [ours] = pair(params, { isServer });
          const [, reference] = pair(params, { isServer: !isServer });

          for (const text of texts) {
            for (const [from, to] of [
              [ours, reference],
              [reference, ours]
            ]) {
              const half = text.length >> 1;
              const parts = [text.slice(0, half), text.slice(half)];

              for (const [index, part] of parts.entries()) {
                const fin = index === 1;
                const data = await compress(from, part, fin);

                assert.ok(Buffer.isBuffer(data));
                assert.strictEqual(
                  (await decompress(to, data, fin)).toString(),
                  part
                );
              }
              assert.strictEqual(
                (await decompress(to, await compress(from, text))).toString(),
                text
              );
            }
          }
          reference.cleanup();
        }
      }
    });

    it('take a string, a Buffer and a view', async () => {
      const [ours] = pair({});
      const bytes = new Uint8Array([1, 97, 98, 99, 2]);

      for (const data of [
        'abc',
        Buffer.from('abc'),
        bytes.subarray(1, 4),
        new DataView(bytes.buffer, 1, 3)
      ]) {
        const inflated = await decompress(ours, await compress(ours, data));

        assert.strictEqual(inflated.toString(), 'abc');
      }
    });

    it('call back later and in order', async () => {
      const [ours] = pair({});
      const order = [];

      ours.compress('1', true, () => order.push(1));
      ours.compress('2', true, () => order.push(2));
      order.push(0);
      await compress(ours, '3');
      assert.deepStrictEqual(order, [0, 1, 2]);
    });

    it('need an accepted extension', () => {
      const [ours] = pair(null);

      assert.throws(() => ours.compress('x', true, () => {}), TypeError);
      assert.throws(
        () => ours.decompress(Buffer.from('x'), true, () => {}),
        TypeError
      );
    });

    it('refuse data as ws does', async () => {
      for (const fault of FAULTS) {
        const data = Buffer.from(fault, 'hex');
        const [ours, reference] = pair({});

        assert.deepStrictEqual(
          await failure(ours, data),
          await failure(reference, data),
          fault
        );
        // What follows is in a new context.
        assert.strictEqual(
          (await decompress(ours, await compress(ours, 'text'))).toString(),
          'text'
        );
      }
    });

    it('refuse what is too long as ws does', async () => {
      const instances = pair({}, { maxPayload: 99 });
      const failures = [];

      for (const instance of instances) {
        const longest = await compress(instance, 'x'.repeat(99));

        assert.strictEqual((await decompress(instance, longest)).length, 99);
        failures.push(
          await failure(instance, await compress(instance, 'x'.repeat(100)))
        );
      }
      assert.deepStrictEqual(failures[0], failures[1]);
    });

    it('end and leave streams as ws does', async () => {
      const final = zlib.deflateRawSync('final');
      const [text] = pair({});
      const sync = await compress(text, 'some text');
      const frames = [
        [final, true],
        [sync, true],
        [Buffer.concat([final, Buffer.from('behind')]), true],
        [sync, true],
        [final, false],
        [Buffer.alloc(0), false],
        [sync, true],
        [sync, true],
        // A stored block of 10 bytes, which the next message completes.
        [Buffer.from('000a00f5ff6162', 'hex'), true],
        [Buffer.from('6364656600', 'hex'), true],
        [sync, true],
        // A final one that is complete with the trailer.
        [Buffer.from('010400fbff', 'hex'), true],
        [sync, true],
        [sync, true]
      ];
      const [ours, reference] = pair({});

      for (const [index, [data, fin]] of frames.entries()) {
        assert.deepStrictEqual(
          await decompress(ours, data, fin),
          await decompress(reference, data, fin),
          `frame ${index}`
        );
      }
    });
  });

  describe('#cleanup', () => {
    it('ends the wait for compressed data with an error', async () => {
      const [ours] = pair({});
      const failed = assert.rejects(compress(ours, 'x'), {
        name: 'Error',
        message: 'The deflate stream was closed while data was being processed'
      });

      process.nextTick(() => ours.cleanup());
      await failed;
    });

    it('ends the contexts', async () => {
      const [ours] = pair({});
      const first = await compress(ours, 'The quick brown fox');

      ours.cleanup();
      assert.strictEqual(ours._deflate, null);
      assert.strictEqual(ours._inflate, null);

      const second = await compress(ours, 'The quick brown fox');

      assert.deepStrictEqual(second, first);
    });
  });
});

describe('The words of a configuration', { skip: isReference }, () => {
  const addon = () => require('../../js/binding');
  const wordsOf = (params, options) =>
    deflateWordsOf(Object.assign(new PerMessageDeflate(options), { params }));

  it('are 0 if nothing was negotiated', () => {
    assert.deepStrictEqual(deflateWordsOf(undefined), [0, 0, 0]);
    assert.throws(() => new (addon().Deflate)([0, 0, 0]));
  });

  it('are the defaults of zlib and ws unless told otherwise', () => {
    const [switches, settings, threshold] = wordsOf({});

    assert.strictEqual(switches, 0x0f0f01);
    assert.strictEqual(settings, 0x000800);
    assert.strictEqual(threshold, 1024);
  });

  it('say who was promised what', () => {
    const params = {
      client_max_window_bits: 9,
      client_no_context_takeover: true,
      server_max_window_bits: 10
    };

    assert.strictEqual(wordsOf(params, { isServer: true })[0], 0x090a05);
    assert.strictEqual(wordsOf(params)[0], 0x0a0903);
  });

  it('say how to compress', () => {
    const zlibDeflateOptions = { level: 9, memLevel: 4, strategy: 2 };

    assert.strictEqual(wordsOf({}, { zlibDeflateOptions })[1], 0x02040a);
    assert.strictEqual(
      wordsOf({}, { zlibDeflateOptions: { level: 10, memLevel: 0 } })[1],
      0x000800
    );
  });

  it('say a threshold in whole bytes', () => {
    for (const [threshold, word] of [
      [0, 0],
      [-1, 0],
      [1.5, 2],
      [Infinity, 0xffffffff],
      [NaN, 0xffffffff],
      [2 ** 40, 0xffffffff]
    ]) {
      assert.strictEqual(wordsOf({}, { threshold })[2], word);
    }
  });
});
