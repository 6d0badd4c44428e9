/** The Compare room: digits of all families on one clock, figures that are sorted and explained, pictures, p(digit | x). */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib/process.mjs';
import { draw } from '../../www/rooms/compare/drawers.js';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, drawn } from './support/room.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** @param {string} name */
const shipped = (name) => JSON.parse(readFileSync(path.join(ROOT, 'www', 'models', name), 'utf8'));

/** A vertical stroke: a one for anybody. */
const ONE = [
  [0.5, 0.2],
  [0.5, 0.5],
  [0.5, 0.8],
];

/**
 * @param {Page} page
 * @param {TestInfo} info
 * @param {string} hash
 */
async function openRoom(page, info, hash) {
  await page.goto(address(info, { hash: `room=compare&${hash}` }));
  await expect(page.locator('.compare-stage .panel').first()).toBeVisible({ timeout: 30_000 });
}

/** Ink on the canvas of a tile, a mean over all pixels. @param {Page} page @param {number} index */
function ink(page, index) {
  return page.evaluate((at) => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelectorAll('.rival canvas')[at]);
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no 2d context');
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 3; i < data.length; i += 4) sum += data[i];
    return sum / (data.length / 4) / 255;
  }, index);
}

/** Serves a short catalog, so that the test does not wait for the slowest. @param {Page} page @param {string[]} ids */
async function only(page, ids) {
  const catalog = shipped('catalog.json');
  const models = catalog.models.filter((/** @type {{id: string}} */ { id }) => ids.includes(id));
  await page.route('**/models/catalog.json', (route) => route.fulfill({ json: { models } }));
}

test('every model draws from the seed, and the clock shows what each had when', async ({ page }, info) => {
  await only(page, ['vae-dense', 'mixture', 'few-step', 'classifier']);
  await openRoom(page, info, 'seed=3');
  await expect(page.locator('.rival')).toHaveCount(3);
  await expect(page.locator('.rivals')).toHaveAttribute('data-seed', '3', { timeout: 50_000 });
  for (const index of [0, 1, 2]) expect(await ink(page, index)).toBeGreaterThan(0.04);
  await expect(page.locator('.compare-status')).toContainText('quickest');
  // what takes less than the clock can tell takes some time all the same
  for (const text of [...(await page.locator('.rival-time').allTextContents()), (await page.locator('.compare-status').textContent()) ?? '']) {
    expect(text).toMatch(/\d/);
    expect(text).not.toMatch(/∞|NaN|\b0(\.0+)? ms/);
  }

  // at the clock's beginning the decoder has nothing and the denoiser noise, at its end there are digits
  const clock = page.locator('.compare-clock input');
  await clock.fill('0');
  expect(await ink(page, 0)).toBe(0);
  expect(await ink(page, 1)).toBeGreaterThan(0.3);
  await clock.fill('1');
  for (const index of [0, 1, 2]) expect(await ink(page, index)).toBeGreaterThan(0.04);
  expect(await ink(page, 1)).toBeLessThan(0.3);

  // a link to a moment shows the same moment, however fast the machine is
  await clock.fill('0.94');
  await expect(page).toHaveURL(/at=0.94/);
  const halfway = await ink(page, 1);
  await page.reload();
  await expect(page.locator('.rivals')).toHaveAttribute('data-seed', '3', { timeout: 50_000 });
  expect(await ink(page, 1)).toBe(halfway);

  // what is no seed is refused in words
  const seed = page.getByRole('spinbutton', { name: 'Seed' });
  await seed.fill('-4');
  await seed.press('Enter');
  await expect(page.locator('.seed-refusal')).toContainText('whole number from 0');
  await expect(seed).toHaveValue('3');

  // other digits, and the seed is in the address
  await page.getByRole('button', { name: 'Draw others' }).click();
  await expect(page).toHaveURL(/seed=\d+/);
  expect(page.url()).not.toContain('seed=3&');
});

test('the picture of all models is a PNG', async ({ page }, info) => {
  await only(page, ['vae-dense', 'mixture']);
  let arrived = () => {};
  await page.route('**/models/measures.json', async (route) => {
    await new Promise((resolve) => (arrived = () => resolve(undefined)));
    await route.continue();
  });
  await openRoom(page, info, 'seed=5');
  // there is nothing to save before all have drawn
  await expect(page.getByRole('button', { name: 'PNG, when all have drawn' })).toBeDisabled();
  arrived();
  await expect(page.locator('.rivals')).toHaveAttribute('data-seed', '5', { timeout: 50_000 });
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as PNG' }).click()]);
  expect(file.suggestedFilename()).toBe('inkling-compare-5.png');
  const bytes = readFileSync(await file.path());
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
});

/** Figures that are complete, and made up. @param {Page} page */
async function madeUp(page) {
  const all = shipped('measures.json');
  for (const { samples, cost, likelihood } of all) {
    if (samples) samples.errors = { kid: 0.0123, inception: 0.02, precision: 0.004, recall: 0.005, density: 0.006, coverage: 0.007, memorisation: 0.008 };
    Object.assign(cost, { memory: 2_500_000, threads: 1 });
    if (likelihood) Object.assign(likelihood, { bits_per_dimension: 0.123, spread: 0.4 });
  }
  await page.route('**/models/measures.json', (route) => route.fulfill({ json: all }));
}

test('chains are as long as those that were measured @cpu', async () => {
  for (const [family, runs] of /** @type {const} */ ([['rbm', 500], ['energy', 250]])) {
    /** @type {Map<string, (message: any) => void>} */
    const listeners = new Map();
    const answer = (/** @type {any} */ scene, /** @type {number} */ done) => listeners.get('scene-values')?.({ ...scene, done, values: { pixels: new Float32Array(784) } });
    /** @type {any} */
    let asked;
    const engine = /** @type {any} */ ({
      on: (/** @type {string} */ type, /** @type {(message: any) => void} */ listener) => {
        listeners.set(type, listener);
        return () => listeners.delete(type);
      },
      send: (/** @type {any} */ message) => {
        if (message.type === 'scene') asked = message.scene;
        if (message.type === 'scene') queueMicrotask(() => answer(asked, asked.chain.until));
        if (message.type === 'scene-resume') queueMicrotask(() => answer(asked, message.until));
      },
    });
    /** @type {number[]} */
    const shares = [];
    const row = /** @type {any} */ ({ id: family, family });
    const modelInfo = /** @type {any} */ ({ config: { family, step_size: 1, noise: 1 } });
    const { signal } = new AbortController();
    await draw({ engine, row, info: modelInfo, seed: 1, count: 1, signal, show: ({ share }) => shares.push(share) });
    expect(asked.chain.steps).toBe(runs);
    // always the same states on the way, so that a link to a moment shows the same
    expect(shares.map((share) => Math.round(share * runs)).slice(0, 2)).toEqual([1, 2].map((i) => Math.round((i * runs) / 24)));
    expect(shares.at(-1)).toBe(1);
    expect(shares).toHaveLength(24);
  }
});

test('where 1 is ideal, nearness to it ranks', async ({ page }, info) => {
  await openRoom(page, info, 'view=figures');
  for (const [key, column] of /** @type {const} */ ([['memorisation', 9], ['density', 7]])) {
    await page.locator(`[data-cell="sort-quality-${key}"]`).click();
    const cells = await page.locator(`.ranking-quality tbody tr td:nth-child(${column})`).allTextContents();
    const far = cells.map((text) => Math.abs(Math.log(Number.parseFloat(text))));
    expect(far).toEqual([...far].sort((a, b) => a - b));
    await expect(page.locator('.ranking-quality tbody tr').first()).not.toContainText('DDPM');
    await expect(page.locator('.figure-detail')).toContainText('Nearer to 1 is better');
  }
});

test('figures have their standard errors, and can be taken home', async ({ page }, info) => {
  await madeUp(page);
  await openRoom(page, info, 'view=figures');
  await expect(page.locator('[data-cell="quality-precision-dcgan"] .doubt')).toHaveText(/± 0.004/);
  await expect(page.locator('[data-cell="quality-kid-dcgan"] .doubt')).toHaveText(/± 12.3/);
  await expect(page.locator('[data-cell="nats-nats-rbm"] .doubt')).toHaveText(/± 0.4/);
  await page.locator('[data-cell="cost-memory-flow"]').click();
  await expect(page.locator('.figure-value')).toHaveText('2.5 MB');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\n').map((line) => line.split(','));
  expect(new Set(lines.map((cells) => cells.length)).size).toBe(1);
  const at = (/** @type {string} */ key) => lines[0]?.indexOf(key) ?? -1;
  expect(lines.find(([id]) => id === 'dcgan')?.[at('recall_error')]).toBe('0.005');
  const [json] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'JSON' }).click()]);
  expect(JSON.parse(readFileSync(await json.path(), 'utf8'))).toHaveLength(lines.length - 1);
});

test('what textbooks print stands beside what was measured', async ({ page }, info) => {
  await madeUp(page);
  await openRoom(page, info, 'view=figures');
  const family = (/** @type {string} */ name) => page.locator(`.claims [data-family="${name}"]`);
  const gan = family('gan');
  await expect(gan.locator('th')).toHaveText(['GAN', /.+/, 'GAN, textbook']);
  for (const [key, printed] of Object.entries({ fid: '15', inception: '25', precision: '0.7', recall: '0.6', speed: 'fast', memory: 'low', stability: 'low' })) {
    await expect(gan.locator(`[data-printed="${key}"]`)).toHaveText(printed);
  }
  // the textbook's network forgot most of a digit
  await expect(gan.locator('[data-measured="stability"]').last()).toContainText('digit 0: 12 %');
  await expect(gan.locator('[data-measured="memory"]').first()).toContainText('2.5 MB');
  await expect(family('denoiser').locator('[data-measured="speed"]').first()).toContainText('16 runs');
  await expect(family('autoregressive').locator('[data-printed="fid"]')).toHaveText('–');
  await expect(page.locator('.claims thead')).not.toContainText('MNIST-FID');
});

test('what explains a figure is in sight where the figure is', async ({ page }, info) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await openRoom(page, info, 'view=figures');
  const table = page.locator('.ranking-quality');
  expect(await table.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
  await page.locator('[data-cell="cost-bytes-energy"]').click();
  await expect(page.locator('.figure-detail h3')).toBeInViewport();
  await expect(page.locator('.figure-detail')).toContainText('Energy model');
  await expect(page.locator('[data-cell="cost-bytes-energy"]')).toBeInViewport();

  await page.setViewportSize({ width: 390, height: 844 });
  const cell = page.locator('[data-cell="quality-coverage-pixelcnn"]');
  await cell.click();
  await expect(cell).toBeFocused();
  await expect(page.locator('tr:has([data-cell="quality-coverage-pixelcnn"]) + tr.explained .figure-value')).toBeInViewport();
  await expect(cell).toBeInViewport();
  // what was scrolled sideways stays so
  expect(await table.evaluate((element) => element.scrollLeft)).toBeGreaterThan(0);
  // and on a wide screen it stands beside the tables again
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.locator('tr.explained')).toHaveCount(0);
  await expect(page.locator('section.panel-figure .figure-value')).toBeVisible();
});

test('the table is sorted by what is clicked, and a figure opens its definition and its digits', async ({ page }, info) => {
  await openRoom(page, info, 'view=figures');
  const rows = page.locator('.ranking-quality tbody tr');
  const drawing = shipped('measures.json').filter((/** @type {{samples: unknown}} */ { samples }) => samples);
  await expect(rows).toHaveCount(drawing.length);
  const column = async (/** @type {number} */ index) => {
    const cells = await page.locator(`.ranking-quality tbody tr td:nth-child(${index + 2})`).allTextContents();
    return cells.map((text) => Number.parseFloat(text.replace(/,/g, '')));
  };
  const ascending = (/** @type {number[]} */ numbers) => numbers.every((number, i) => i === 0 || number >= numbers[i - 1]);
  expect(ascending(await column(0))).toBe(true);
  const recall = page.locator('.ranking-quality thead').getByRole('button', { name: 'Recall' });
  await recall.click();
  await expect(page).toHaveURL(/sort=recall/);
  expect(ascending((await column(4)).reverse())).toBe(true);
  await recall.press('Enter');
  await expect(page).toHaveURL(/down=1/);
  expect(ascending(await column(4))).toBe(true);

  await page.locator('[data-cell="quality-coverage-mixture"]').click();
  await expect(page.locator('.figure-detail')).toContainText('Coverage, Mixture');
  await expect(page.locator('.figure-detail')).toContainText('Naeem');
  await expect(page).toHaveURL(/figure=coverage&model=mixture/);
  await expect(page.locator('section.panel-figure')).toContainText('Nine of its digits', { timeout: 30_000 });
  await expect(page.locator('section.panel-figure code')).toContainText('inkling eval all --model mixture');
  // likelihoods stand in tables of their kind, each with what it is
  for (const caption of await page.locator('.ranking-nats caption').allTextContents()) expect(caption).toContain('do not compare');
  expect(await seriousFindings(page)).toEqual([]);
});

test('points of the pictures are read by keyboard and lead to the figures', async ({ page }, info) => {
  await openRoom(page, info, 'view=pictures');
  const points = page.locator('.panel-overlap .plot-point');
  const drawing = shipped('measures.json').filter((/** @type {{samples: unknown}} */ { samples }) => samples);
  await expect(points).toHaveCount(drawing.length);
  // the plots are drawn anew when the panels have found their size
  await expect(async () => {
    await page.locator('.panel-overlap .plot-point[tabindex="0"]').focus();
    await expect(page.locator('.panel-overlap .compare-reading')).toContainText('precision', { timeout: 1000 });
  }).toPass();
  // names that are seen cover neither one another nor points of others
  const boxes = await page.locator('.panel-overlap .plot-series-name:not(.crowded)').evaluateAll((names) => names.map((name) => name.getBoundingClientRect().toJSON()));
  expect(boxes.length).toBeGreaterThan(drawing.length / 2);
  const over = boxes.filter((a, i) => boxes.some((b, j) => i !== j && a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom));
  expect(over).toEqual([]);
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator('.panel-overlap').getByRole('button', { name: 'PNG' }).click()]);
  expect(readFileSync(await file.path()).subarray(1, 4).toString()).toBe('PNG');
  await page.locator('.panel-overlap .plot-point[tabindex="0"]').focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/view=figures&.*model=/);
  await page.goBack();
  await page.locator('.panel-worth').getByText('Parameters').click();
  await expect(page).toHaveURL(/cost=parameters/);
  await expect(page.locator('.panel-worth .line-plot svg')).toHaveAttribute('aria-label', /Parameters/);
});

test('a drawing is judged by generative and discriminative classifiers', async ({ page }, info) => {
  await openRoom(page, info, 'view=tell');
  await drawn(page, 'means');
  await drawn(page, 'components');
  const box = await page.locator('.drawing-surface').boundingBox();
  if (!box) throw new Error('the paper is not in sight');
  const at = ONE.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
  await page.mouse.move(at[0][0], at[0][1]);
  await page.mouse.down();
  for (const [x, y] of at) await page.mouse.move(x, y, { steps: 4 });
  await page.mouse.up();
  for (const judge of ['naive-bayes', 'mixture', 'gaussian-mixture', 'classifier']) {
    await expect(page.locator(`.judge-${judge} .best .p-digit`)).toHaveText('1', { timeout: 20_000 });
    await expect(page.locator(`.judge-${judge} .verdict`)).toContainText('A 1');
  }
  await expect(page.locator('.judge-mixture .verdict')).toContainText('nats');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PNG' }).click()]);
  expect(file.suggestedFilename()).toBe('inkling-which-digit.png');
  await expect(page).toHaveURL(/ink=/);
});

test('the room fits a phone', async ({ page }, info) => {
  await only(page, ['mixture']);
  await page.setViewportSize({ width: 320, height: 640 });
  for (const view of ['draw', 'figures', 'pictures', 'tell']) {
    await openRoom(page, info, `view=${view}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, view).toBeLessThanOrEqual(320);
  }
});
