'use strict';

//
// What a check is given: where its figures and verdicts go, how long it may
// run, and who tidies up after it.
//

const PROGRESS_INTERVAL = 10_000;

class Check {
  /**
   * @param {String} name The name of the check
   * @param {Object} options Options object
   * @param {Boolean} options.quick Whether the shorter form is asked for
   */
  constructor(name, { quick }) {
    this.name = name;
    this.quick = quick;
    this.passed = 0;
    this.failed = 0;
    this._disposers = [];
    this._lastProgress = performance.now();
    this._hasProgressLine = false;
  }

  /**
   * Tell how far the check is: on one line in a terminal, else now and then.
   *
   * @param {String} text What to tell
   */
  progress(text) {
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[K  … ${text}`);
      this._hasProgressLine = true;
      return;
    }

    const now = performance.now();

    if (now - this._lastProgress > PROGRESS_INTERVAL) {
      this._lastProgress = now;
      console.log(`  … ${text}`);
    }
  }

  /**
   * Print a measured value that is not judged.
   *
   * @param {String} label What it is
   * @param {*} value The value with its unit
   */
  figure(label, value) {
    this._print('    ', label, value);
  }

  /**
   * Print a measured value and whether it is as it must be.
   *
   * @param {String} label What must be so
   * @param {Boolean} isRight Whether it is
   * @param {*} value The value with its unit
   */
  judge(label, isRight, value) {
    if (isRight) this.passed++;
    else this.failed++;
    this._print(isRight ? 'ok  ' : 'FAIL', label, value);
  }

  /**
   * Dispose of something when the check is over, the last first.
   *
   * @param {Function} dispose Called at the end, however that comes
   */
  defer(dispose) {
    this._disposers.push(dispose);
  }

  /**
   * Dispose of all that is left.
   */
  async tidyUp() {
    while (this._disposers.length > 0) {
      try {
        await this._disposers.pop()();
      } catch (err) {
        this.judge('tidying up', false, err.stack);
      }
    }
  }

  _print(verdict, label, value) {
    if (this._hasProgressLine) process.stdout.write('\r\x1b[K');
    this._hasProgressLine = false;
    this._lastProgress = performance.now();
    console.log(`  ${verdict} ${label}: ${value}`);
  }
}

module.exports = { Check };
