/** Measures on the page: its module against the command line's figures, and a model that is measured in the browser. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib/process.mjs';
import { Measures, initSync } from '../../www/wasm/measures/inkling.js';
import { expect, seriousFindings, test } from './fixtures.js';
import { address } from './support/room.js';

const read = (/** @type {string} */ file) => readFileSync(path.join(ROOT, file));
const shippedModels = JSON.parse(read('www/models/catalog.json').toString()).models;
const { sha256: CLASSIFIER } = shippedModels.find((/** @type {{id: string}} */ { id }) => id === 'classifier');

/** The numbers of golden_metrics.rs: those of a linear congruence. @param {{state: number}} source @param {number} count */
function noise(source, count) {
  return Float32Array.from({ length: count }, () => {
    source.state = (Math.imul(source.state, 1_664_525) + 1_013_904_223) >>> 0;
    return source.state / 0xffff_ffff;
  });
}

test.describe('definitions', () => {
  test.beforeAll(() => {
    initSync({ module: read('www/wasm/measures/inkling_bg.wasm') });
  });
  const open = () => new Measures(read('www/models/classifier.reference.safetensors'), CLASSIFIER);

  test('the page measures as the command line does @cpu', () => {
    const measures = open();
    const count = 120;
    const source = { state: 1 };
    const features = noise(source, count * measures.width);
    const probabilities = noise(source, count * 10);
    for (let i = 0; i < probabilities.length; i += 10) {
      const row = probabilities.subarray(i, i + 10);
      const sum = row.reduce((all, value) => all + value, 0);
      row.forEach((value, place) => (row[place] = value / sum));
    }
    const found = JSON.parse(measures.measure(features, probabilities, 7));
    const golden = JSON.parse(read('tests/golden/page-measures.json').toString());
    const near = (/** @type {number} */ figure, /** @type {number} */ expected, /** @type {string} */ name) =>
      expect(Math.abs(figure - expected), name).toBeLessThanOrEqual(1e-6 * Math.abs(expected));
    for (const name of ['fid', 'fid_error', 'kid', 'inception', 'precision', 'recall', 'density', 'coverage']) near(found[name], golden[name], name);
    for (const name of ['kid', 'inception', 'precision', 'recall', 'density', 'coverage']) near(found.errors[name], golden.errors[name], name);
    expect(found.digits).toEqual(golden.digits);
    expect(found.memorisation).toBeNull();
    expect(measures.floor(100)).toBeGreaterThan(measures.floor(1000) ?? Infinity);
    expect(measures.floor(123)).toBeUndefined();
  });

  test('too few digits, rows that do not fit and no numbers are refused in words @cpu', () => {
    const measures = open();
    const { width } = measures;
    const tell = (/** @type {number} */ rows, /** @type {number} */ others, value = 0.5) => () =>
      measures.measure(new Float32Array(rows * width).fill(value), new Float32Array(others * 10).fill(0.1), 1);
    expect(tell(3, 3)).toThrow(/too few/);
    expect(tell(20, 19)).toThrow(/not of the same digits/);
    expect(tell(20, 20, NaN)).toThrow(/no finite numbers/);
  });

  test('a reference that is cut off, none, or of another classifier is refused @cpu', () => {
    const file = read('www/models/classifier.reference.safetensors');
    for (const length of [0, 7, 8, 100, file.length - 1]) expect(() => new Measures(file.subarray(0, length), CLASSIFIER)).toThrow();
    expect(() => new Measures(new Uint8Array(64).fill(7), CLASSIFIER)).toThrow();
    expect(() => new Measures(file, 'another')).toThrow(/publish the classifier again/);
  });
});

test('a model is measured on this machine, and its figures stand beside the shipped ones', async ({ page }, info) => {
  test.slow();
  await page.goto(address(info, { hash: 'room=compare&view=figures&figure=fid&model=dcgan' }));
  const measuring = page.locator('.measuring');
  await measuring.getByRole('combobox').selectOption('100');
  await measuring.getByRole('button', { name: 'Draw and measure' }).click();
  // an inception score of ten parts of ten digits compares with nothing
  await expect(measuring.locator('tbody tr')).toHaveCount(6, { timeout: 120_000 });
  const figure = async (/** @type {string} */ name) => {
    const words = (await measuring.locator(`[data-figure="${name}"] td`).first().textContent()) ?? '';
    // each with its standard error
    expect(words).toMatch(/^−?[\d.]+ ± [\d.]+$/);
    return Number.parseFloat(words.replace('−', '-'));
  };
  const shipped = JSON.parse(read('www/models/dcgan.measures.json').toString()).samples;
  // so few digits are further off than 10,000, and not as far as digits of no kind
  expect(await figure('fid')).toBeGreaterThan(shipped.fid);
  expect(await figure('fid')).toBeLessThan(150);
  expect(await figure('precision')).toBeGreaterThan(0.7);
  for (const name of ['recall', 'density', 'coverage']) expect(await figure(name), name).toBeGreaterThan(0.3);
  // unbiased, so that chance brings it below 0
  expect(Math.abs(await figure('kid'))).toBeLessThan(100);
  expect(await seriousFindings(page)).toEqual([]);
  // what is measured of one model does not stand at another
  await page.locator('[data-cell^="quality-fid-"]').last().click();
  await expect(measuring.locator('tbody tr')).toHaveCount(0);
});

test('where the module cannot be fetched that is said, and once the line is up it works @cpu', async ({ page }, info) => {
  await page.goto(address(info, { hash: 'room=compare&view=figures&figure=fid&model=gan-textbook' }));
  const measuring = page.locator('.measuring');
  await measuring.getByRole('combobox').selectOption('100');
  await page.route(/inkling_bg.*\.wasm$/, (route) => route.abort());
  await measuring.getByRole('button', { name: 'Draw and measure' }).click();
  await expect(measuring.getByRole('status')).toHaveText('It could not be measured.', { timeout: 60_000 });
  await expect(page.locator('.notice')).toContainText(/connection|fetch|load/i);
  await page.unroute(/inkling_bg.*\.wasm$/);
  await measuring.getByRole('button', { name: 'Draw and measure' }).click();
  await expect(measuring.locator('tbody tr')).toHaveCount(6, { timeout: 60_000 });
});
