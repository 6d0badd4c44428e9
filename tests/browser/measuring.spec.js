/** Measures on the page: their definitions against SciPy's and scikit-learn's, and a model that is measured in the browser. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib/process.mjs';
import { distance, moments } from '../../www/measures/frechet.js';
import { inceptionScore } from '../../www/measures/inception.js';
import { overlap } from '../../www/measures/overlap.js';
import { readTables } from '../../www/measures/safetensors.js';
import { shuffled } from '../../www/measures/shuffle.js';
import { expect, seriousFindings, test } from './fixtures.js';
import { address } from './support/room.js';

/** @param {string} file */
function tables(file) {
  const bytes = readFileSync(path.join(ROOT, file));
  return readTables(/** @type {ArrayBuffer} */ (bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
}

const golden = tables('tests/golden/metrics.safetensors').tables;
/** @param {string} name */
const get = (name) => golden.get(name)?.values ?? new Float64Array(0);
const WIDTH = 16;

/** @param {number} found @param {number} expected */
const near = (found, expected) => expect(Math.abs(found - expected)).toBeLessThan(1e-4 * Math.abs(expected));

test.describe('definitions', () => {
  test('the Frechet distance is that of SciPy, of few digits too @cpu', async () => {
    near(await distance(moments(get('a'), WIDTH), moments(get('b'), WIDTH)), get('frechet')[0]);
    near(await distance(moments(get('few_a'), WIDTH), moments(get('few_b'), WIDTH)), get('frechet_few')[0]);
    expect(Math.abs(await distance(moments(get('a'), WIDTH), moments(get('a'), WIDTH)))).toBeLessThan(1e-9);
  });

  test('precision and recall are those of scikit-learn\'s distances @cpu', async () => {
    const { precision, recall } = await overlap(get('a'), get('b'), WIDTH);
    near(precision, get('overlap')[0]);
    near(recall, get('overlap')[1]);
  });

  test('of the larger set some are drawn at random, for it may be sorted @cpu', async () => {
    const sorted = Float64Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : 100) + (i % 200) / 1000);
    const both = sorted.filter((_, i) => i % 4 === 0);
    const { recall } = await overlap(sorted, both, 1);
    // the first hundred of the sorted rows lie in one of the two places
    expect(recall).toBeGreaterThan(0.9);
    expect((await overlap(sorted, both, 1, 5)).precision).toBeGreaterThan(0.9);
    expect([...shuffled(50, 7)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...shuffled(50, 7)]).toEqual([...shuffled(50, 7)]);
    expect([...shuffled(50, 7)]).not.toEqual([...shuffled(50, 8)]);
  });

  test('the inception score is that of NumPy, the mean of ten parts @cpu', () => {
    const all = get('probabilities');
    near(inceptionScore(all, Uint32Array.from({ length: all.length / 10 }, (_, i) => i)), get('inception')[0]);
  });

  test('the shipped features of real digits are those of the shipped classifier @cpu', async () => {
    const { tables: shipped, config } = tables('www/models/classifier.reference.safetensors');
    const catalog = JSON.parse(readFileSync(path.join(ROOT, 'www/models/catalog.json'), 'utf8'));
    expect(config.classifier).toBe(catalog.models.find((/** @type {{id: string}} */ { id }) => id === 'classifier').sha256);
    const features = shipped.get('features');
    expect(features?.shape).toEqual([2000, 128]);
    const [mean, covariance] = ['mean', 'covariance'].map((name) => shipped.get(name)?.values ?? new Float64Array(0));
    const some = moments(features?.values ?? [], 128);
    // 2,000 of the 10,000 digits that the moments are of
    expect(await distance({ mean, covariance }, some)).toBeLessThan(config.floors.find((/** @type {number[]} */ [count]) => count === 2000)[1]);
  });

  test('a file that is cut off or none is refused @cpu', () => {
    const bytes = readFileSync(path.join(ROOT, 'tests/golden/metrics.safetensors'));
    const file = (/** @type {number} */ length) => /** @type {ArrayBuffer} */ (bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length));
    for (const length of [0, 7, 8, 100, bytes.length - 1]) expect(() => readTables(file(length))).toThrow();
    expect(() => readTables(/** @type {ArrayBuffer} */ (new Uint8Array(64).fill(7).buffer))).toThrow();
  });
});

test('a model is measured on this machine, and its figures stand beside the shipped ones', async ({ page }, info) => {
  test.slow();
  await page.goto(address(info, { hash: 'room=compare&view=figures&figure=fid&model=dcgan' }));
  const measuring = page.locator('.measuring');
  await measuring.getByRole('combobox').selectOption('100');
  await measuring.getByRole('button', { name: 'Draw and measure' }).click();
  // an inception score of ten parts of ten digits compares with nothing
  await expect(measuring.locator('tbody tr')).toHaveCount(3, { timeout: 120_000 });
  const figure = async (/** @type {string} */ name) => Number(await measuring.locator(`[data-figure="${name}"] td`).first().textContent());
  const shipped = JSON.parse(readFileSync(path.join(ROOT, 'www/models/dcgan.measures.json'), 'utf8')).samples;
  // so few digits are further off than 10,000, and not as far as digits of no kind
  expect(await figure('fid')).toBeGreaterThan(shipped.fid);
  expect(await figure('fid')).toBeLessThan(150);
  expect(await figure('precision')).toBeGreaterThan(0.7);
  expect(await seriousFindings(page)).toEqual([]);
  // what is measured of one model does not stand at another
  await page.locator('[data-cell^="quality-fid-"]').last().click();
  await expect(measuring.locator('tbody tr')).toHaveCount(0);
});
