import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadedAtOnce } from '../../scripts/sizes.mjs';

/**
 * @param {string} file
 * @param {Partial<import('../../scripts/lib/chunk-record.mjs').ChunkRecord>} [rest]
 */
const chunk = (file, rest) => ({ file, isEntry: false, imports: [], sources: [], ...rest });

test('counts what the entries import, directly or not, and each file once', () => {
  const chunks = [
    chunk('page.js', { isEntry: true, imports: ['shared.js', 'parts.js'] }),
    chunk('parts.js', { imports: ['shared.js', 'page.js'] }),
    chunk('shared.js'),
    chunk('lazy.js', { imports: ['shared.js'] }),
  ];
  assert.deepEqual(loadedAtOnce(chunks).sort(), ['page.js', 'parts.js', 'shared.js']);
});

test('leaves the engine to its own limit', () => {
  const chunks = [
    chunk('worker.js', { isEntry: true, imports: ['glue.js'] }),
    chunk('glue.js', { sources: ['www/wasm/plain/inkling.js'] }),
  ];
  assert.deepEqual(loadedAtOnce(chunks), ['worker.js']);
});
