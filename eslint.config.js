'use strict';

const js = require('@eslint/js');
const globals = require('globals');

const ADDON_MESSAGE =
  'Only js/binding.js loads the addon; go through what it exports.';

/** Every way to reach a native addon from JavaScript. */
const addonLoading = [
  "CallExpression[callee.name='require'] Literal[value=/\\.node$/]",
  "CallExpression[callee.name='require'] TemplateElement[value.raw=/\\.node$/]",
  "CallExpression[callee.object.name='require'] Literal[value=/\\.node$/]",
  "MemberExpression[object.name='process'][property.name='dlopen']",
  'ImportDeclaration[source.value=/\\.node$/]',
  'ImportExpression Literal[value=/\\.node$/]'
].map((selector) => ({ selector, message: ADDON_MESSAGE }));

module.exports = [
  { ignores: ['**/target/', '**/reports/', '**/results/'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: globals.node
    }
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: globals.nodeBuiltin }
  },
  {
    // Scripts that run in the browser.
    files: ['examples/**/public/**', 'examples/**/page/**'],
    languageOptions: { sourceType: 'module', globals: globals.browser }
  },
  {
    // Callbacks that playwright evaluates in the page.
    files: ['__test__/browser/**'],
    languageOptions: { globals: globals.browser }
  },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-implicit-globals': 'error',
      'no-unused-vars': ['error', { args: 'after-used' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'prefer-promise-reject-errors': 'error',
      'no-restricted-syntax': ['error', ...addonLoading]
    }
  },
  {
    files: ['js/binding.js'],
    rules: { 'no-restricted-syntax': 'off' }
  }
];
