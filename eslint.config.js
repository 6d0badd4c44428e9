import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';

export default defineConfig([
  globalIgnores(['dist', 'target', 'data', 'www/wasm', 'test-results', 'playwright-report']),
  js.configs.recommended,
  {
    rules: {
      'array-callback-return': 'error',
      'consistent-return': 'error',
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-implicit-coercion': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
    },
  },
  {
    files: ['www/**'],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ['www/worker.js', 'www/worker/**'],
    languageOptions: { globals: globals.worker },
  },
  {
    // browser tests and benches hold functions that run in the page
    files: ['tests/**'],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    // a fixture without dependencies takes an empty pattern
    rules: { 'no-console': 'off', 'no-empty-pattern': 'off' },
  },
  {
    files: ['scripts/**', '*.config.js'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off', 'consistent-return': 'off' },
  },
]);
