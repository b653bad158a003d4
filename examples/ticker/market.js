'use strict';

/**
 * A made-up stock market: a random walk that ticks four times a second.
 *
 * It knows nothing of how ticks travel. It keeps the last two minutes, so that
 * every transport can ask "what came after tick N?" and deliver each tick
 * exactly once, and a page that was just opened has a past to draw.
 */

const { EventEmitter } = require('node:events');
const { performance } = require('node:perf_hooks');

const LISTINGS = [
  { symbol: 'OXEN', open: 182.4, volatility: 0.0011 },
  { symbol: 'YOKE', open: 64.15, volatility: 0.0016 },
  { symbol: 'PLOW', open: 311.9, volatility: 0.0008 },
  { symbol: 'WAIN', open: 97.3, volatility: 0.0013 }
];

// How strongly a price is drawn back to its opening price at each tick: without
// it a demo left running for days ends at absurd prices.
const REVERSION = 0.004;

/**
 * Milliseconds since the epoch on a clock that never steps back. Ticks are
 * stamped with it, and the page estimates its own offset to it.
 *
 * @return {Number} The time in milliseconds
 */
function now() {
  return performance.timeOrigin + performance.now();
}

/**
 * Emits 'tick' with no argument; `since()` has the ticks. A tick is the array
 * that goes over the wire: `[number, time, price, price, ...]`, with one price
 * per symbol.
 *
 * @extends EventEmitter
 */
class Market extends EventEmitter {
  /**
   * @param {Object} [options]
   * @param {Number} [options.interval=250] Milliseconds between two ticks
   * @param {Number} [options.kept=480] How many past ticks are kept
   * @param {Number} [options.seed] Makes the walk repeatable
   */
  constructor({ interval = 250, kept = 480, seed = Date.now() } = {}) {
    super();
    // One listener per waiting long poll is ordinary here, not a leak.
    this.setMaxListeners(0);

    this.symbols = LISTINGS.map((listing) => listing.symbol);
    this.open = LISTINGS.map((listing) => listing.open);
    this.interval = interval;

    this._kept = kept;
    this._random = mulberry32(seed);
    this._prices = [...this.open];
    this._ticks = [];
    // Not from 0, and not by the seed: a page that comes back after a restart
    // must not find its last tick's number in use for another one.
    this._latest = Math.floor(Math.random() * 1e6);
    this._timer = null;

    const start = now();
    for (let i = kept; i > 0; i--) this._advance(start - i * interval);
  }

  /** The number of the newest tick. */
  get latest() {
    return this._latest;
  }

  /** All ticks that are kept, oldest first. */
  get ticks() {
    return this._ticks;
  }

  start() {
    this._timer = setInterval(() => {
      this._advance(now());
      this.emit('tick');
    }, this.interval);
  }

  stop() {
    clearInterval(this._timer);
  }

  /**
   * @param {Number} number The last tick that the asking side has
   * @return {Array[]} The ticks after it, oldest first; only the newest one
   *     when what followed `number` is not kept, as after a restart
   */
  since(number) {
    const missing = this._latest - number;
    const known = missing >= 0 && missing <= this._ticks.length;
    return this._ticks.slice(this._ticks.length - (known ? missing : 1));
  }

  _advance(time) {
    LISTINGS.forEach(({ open, volatility }, i) => {
      const pull = REVERSION * Math.log(open / this._prices[i]);
      this._prices[i] *= Math.exp(pull + volatility * this._normal());
    });

    const prices = this._prices.map((price) => Math.round(price * 100) / 100);
    this._ticks.push([++this._latest, Math.round(time), ...prices]);
    if (this._ticks.length > this._kept) this._ticks.shift();
  }

  // Box-Muller; `1 - random` because the logarithm of 0 is not a price.
  _normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - this._random()));
    return radius * Math.cos(2 * Math.PI * this._random());
  }
}

/**
 * A small seedable generator, since Math.random() cannot be seeded.
 *
 * @param {Number} seed Any number; its low 32 bits are used
 * @return {Function} A function that returns numbers in [0, 1)
 */
function mulberry32(seed) {
  let state = seed | 0;

  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

module.exports = { Market, now };
