'use strict';

/**
 * Tests of ws's suite that fail on oxws, and why: the private member of ws or
 * the race that each depends on. A run fails if one that is not here fails, or
 * one that is here passes.
 *
 * @type {Array<{file: String, title: String, reason: String}>} `file` is the
 *     test file without `.test.js`, `title` the test's with those of its suites
 */
module.exports = [];
