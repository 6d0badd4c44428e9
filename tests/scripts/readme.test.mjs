/** The README's table of models against the figures that were measured: nobody remembers to copy a figure twice. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/lib/process.mjs';

const read = (/** @type {string} */ name) => readFileSync(path.join(ROOT, name), 'utf8');

/** @type {{id: string, samples: any, likelihood: any, cost: {parameters: number}}[]} */
const MEASURES = JSON.parse(read('www/models/measures.json'));

/** The cells of the README's rows, by model. @type {Map<string, string[]>} */
const ROWS = new Map(
  [...read('README.md').matchAll(/^\| \[`([\w-]+)`\]\(www\/models\/\1\.md\) \|(.*)\|$/gm)].map(([, id = '', rest = '']) => [
    id,
    rest.split(' | ').map((cell) => cell.trim()),
  ]),
);

/** @param {number} count */
const parameters = (count) => (count < 10_000 ? count.toLocaleString('en') : `${(count / 1e6).toFixed(2)} M`);

test('every model of the catalog has a row, and no other', () => {
  const catalog = JSON.parse(read('www/models/catalog.json'));
  assert.deepEqual([...ROWS.keys()].sort(), catalog.models.map((/** @type {{id: string}} */ row) => row.id).sort());
});

for (const { id, samples, likelihood, cost } of MEASURES) {
  test(`the row of ${id} has its figures`, () => {
    const [, size, distance, areas, nats = ''] = ROWS.get(id) ?? [];
    assert.equal(size, parameters(cost.parameters));
    const distanceIs = samples ? `${samples.fid.toFixed(1)} (${(samples.fid / samples.fid_floor).toFixed(1)}x)` : '';
    assert.equal(distance, distanceIs);
    assert.equal(areas, samples ? `${samples.precision.toFixed(2)} / ${samples.recall.toFixed(2)}` : '');
    if (!likelihood) assert.equal(nats, '');
    else if (likelihood.pixels === '8-bit dequantised') assert.ok(nats.startsWith(`${likelihood.bits_per_dimension.toFixed(3)} bits`), nats);
    else assert.ok(nats.startsWith(`${likelihood.nats.toFixed(2)} nats`), nats);
    if (samples) assert.equal(samples.n, 10_000);
  });
}
