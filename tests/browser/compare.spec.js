/** The Compare room: digits of all families on one clock, figures that are sorted and explained, pictures, p(digit | x). */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib/process.mjs';
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

  // at the clock's beginning the decoder has nothing and the denoiser noise, at its end there are digits
  const clock = page.locator('.compare-clock input');
  await clock.fill('0');
  expect(await ink(page, 0)).toBe(0);
  expect(await ink(page, 1)).toBeGreaterThan(0.3);
  await clock.fill('1');
  for (const index of [0, 1, 2]) expect(await ink(page, index)).toBeGreaterThan(0.04);
  expect(await ink(page, 1)).toBeLessThan(0.3);

  // other digits, and the seed is in the address
  await page.getByRole('button', { name: 'Draw others' }).click();
  await expect(page).toHaveURL(/seed=\d+/);
  expect(page.url()).not.toContain('seed=3&');
});

test('the picture of all models is a PNG', async ({ page }, info) => {
  await only(page, ['vae-dense', 'mixture']);
  await openRoom(page, info, 'seed=5');
  await expect(page.locator('.rivals')).toHaveAttribute('data-seed', '5', { timeout: 50_000 });
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as PNG' }).click()]);
  expect(file.suggestedFilename()).toBe('inkling-compare-5.png');
  const bytes = readFileSync(await file.path());
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
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
  await expect(page.locator('section.panel-figure code')).toContainText('inkling eval mixture');
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
    await expect(page.locator('.compare-reading')).toContainText('precision', { timeout: 1000 });
  }).toPass();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/view=figures&.*model=/);
  await page.goBack();
  await page.locator('.panel-worth').getByText('Parameters').click();
  await expect(page).toHaveURL(/cost=parameters/);
  await expect(page.locator('.panel-worth svg')).toHaveAttribute('aria-label', /Parameters/);
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
  for (const judge of ['naive-bayes', 'mixture', 'classifier']) {
    await expect(page.locator(`.judge-${judge} .best .p-digit`)).toHaveText('1', { timeout: 20_000 });
    await expect(page.locator(`.judge-${judge} .verdict`)).toContainText('A 1');
  }
  await expect(page.locator('.judge-mixture .verdict')).toContainText('nats');
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
