'use strict';

/**
 * `node --require` of this file, before ws's suite: what the suite requires of
 * its own checkout comes from oxws instead. OXWS_SUITE_CHECKOUT is the folder of
 * the checkout, OXWS_SUITE_IMPLEMENTATION that of the oxws package.
 */

const Module = require('node:module');
const path = require('node:path');

const adapters = require('./adapters');

const checkout = process.env.OXWS_SUITE_CHECKOUT;
const modules = adapters(process.env.OXWS_SUITE_IMPLEMENTATION);
const cache = new Map();

const { _load: load } = Module;

/**
 * @param {String} file The path of a module
 * @return {(String|undefined)} Its path in the checkout without `.js`, if it is
 *     one that the package ws consists of
 */
function moduleName(file) {
  const name = path.relative(checkout, file).replaceAll(path.sep, '/');

  return /^(index|lib\/[^/]+)\.js$/.test(name) ? name.slice(0, -3) : undefined;
}

Module._load = function (request, parent, isMain) {
  if (parent == null || isMain) return load.call(this, request, parent, isMain);

  const file = Module._resolveFilename(request, parent, isMain);
  const name = moduleName(file);

  if (name === undefined) return load.call(this, request, parent, isMain);

  if (!modules.has(name)) throw new Error(`oxws has nothing for ${name}.js`);
  if (!cache.has(name)) cache.set(name, modules.get(name)());

  return cache.get(name);
};
