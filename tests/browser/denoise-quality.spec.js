/** The chart of measurements, with figures made up for the test. */

import { expect, seriousFindings, test } from './fixtures.js';
import { useTinyModels } from './support/denoise.js';
import { address, state } from './support/room.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** @param {string} sampler @param {number} steps @param {object} [rest] */
const row = (sampler, steps, rest) => ({
  sampler,
  steps,
  guidance_scale: 0,
  spacing: 'uniform',
  eta: 0,
  evaluations: steps * (sampler === 'heun' ? 2 : 1),
  n: 10_000,
  fid: 3 + 50 / steps,
  fid_error: 0.1,
  fid_floor: 1.5,
  kid: 0.002,
  precision: 0.9,
  recall: 0.8,
  density: 1,
  coverage: 0.9,
  ...rest,
});

/** @type {Record<string, object[]>} */
const MEASURED = {
  diffusion: [
    ...[4, 10, 50].map((steps) => row('ddim', steps)),
    ...[2, 5].map((steps) => row('heun', steps, { fid: 2 + 30 / steps })),
    ...[1, 2].map((guidance) => row('ddim', 50, { guidance_scale: guidance, evaluations: 100, precision: 0.9 + 0.03 * guidance, recall: 0.8 - 0.2 * guidance })),
  ],
  'ddpm-textbook': [row('ddpm', 1000, { fid: 60 })],
};

/** @param {Page} page @param {TestInfo} info @param {string} [hash] @param {Record<string, object[]>} [measured] */
async function openQuality(page, info, hash = '', measured = MEASURED) {
  await useTinyModels(page);
  await page.route(/\/[\w-]+\.quality\.json$/, (route) => {
    const id = /([\w-]+)\.quality\.json$/.exec(route.request().url())?.[1] ?? '';
    return route.fulfill({ json: measured[id] ?? [] });
  });
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=denoise&view=quality${hash}` }));
  await expect(page.locator('.panel-reading .facts')).toBeVisible({ timeout: 30_000 });
}

/** @param {Page} page */
const facts = (page) => page.locator('.panel-reading .facts');

test('one line for each sampler of each model, the floor, the setting, and the time it takes here', async ({ page }, info) => {
  await openQuality(page, info, '&steps=50&sampler=ddim&guidance=0');
  const chart = page.locator('.panel-quality');
  await expect(chart.locator('.plot-series')).toHaveCount(3);
  await expect(chart.locator('.strong .plot-point')).toHaveCount(5);
  await expect(chart.locator('.faint .plot-point')).toHaveCount(1);
  await expect(chart.locator('.plot-level-name')).toHaveText('real digits: 1.50');
  await expect(chart.locator('.plot-ring')).toHaveCount(1);
  await expect(facts(page)).toContainText('4.00 ± 0.10');
  await expect(facts(page)).toContainText('2.7× the 1.50');
  await expect(facts(page)).toContainText(/about\s*[\d.]+ (ms|s)/, { timeout: 30_000 });
});

test('points are read by pointer and by keyboard, and one is watched', async ({ page }, info) => {
  await openQuality(page, info, '&steps=50&sampler=ddim&guidance=0');
  const chart = page.locator('.panel-quality');
  await chart.getByRole('img', { name: /Heun, 5 steps/ }).hover();
  await expect(facts(page)).toContainText('8.00 ± 0.10');
  await chart.locator('.plot-point[tabindex="0"]').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('.quality-subject')).toContainText('Heun, 2 steps');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('.quality-subject')).toContainText('DDIM, 4 steps');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('.quality-subject')).toContainText('DDIM, 10 steps');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Watch this setting' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('.picture-xt-main')).toHaveClass(/drawn/, { timeout: 30_000 });
  const held = await state(page);
  expect([held.get('steps'), held.get('guidance'), held.get('view')]).toEqual(['10', '0', null]);
});

test('a setting that was not measured has its place and its time, and no figures', async ({ page }, info) => {
  await openQuality(page, info, '&steps=20&sampler=ddim&guidance=2');
  await expect(page.locator('.quality-subject')).toContainText('not measured');
  await expect(facts(page)).toContainText(/Evaluations\s*40/);
  await expect(page.locator('.panel-quality .plot-ring')).toHaveCount(0);
  await expect(page.locator('.panel-quality .plot-mark')).toHaveCount(1);
  await page.locator('.controls').getByRole('slider', { name: 'Guidance' }).fill('0');
  await expect(facts(page)).toContainText(/Evaluations\s*20/);
});

test('precision and recall under guidance', async ({ page }, info) => {
  await openQuality(page, info);
  const plot = page.locator('.panel-guidance');
  await expect(plot.locator('.series-precision .plot-point')).toHaveCount(3);
  await plot.locator('.series-recall').getByRole('img', { name: /guidance 2\.0/ }).hover();
  await expect(facts(page)).toContainText(/Recall\s*0\.400/);
  await page.locator('.models').getByText('Textbook', { exact: false }).first().click();
  await expect(plot).toContainText('only one guidance');
});

test('the figures are there as a table, and nothing measured is said', async ({ page }, info) => {
  await openQuality(page, info);
  await page.getByText('All figures as a table').click();
  await expect(page.locator('.quality-table tbody tr')).toHaveCount(8);
  await openQuality(page, info, '', {});
  await expect(page.getByText('Nothing was measured')).toBeVisible();
});

for (const theme of /** @type {const} */ (['light', 'dark'])) {
  test(`axe finds nothing serious, ${theme} @cpu`, async ({ page }, info) => {
    await page.emulateMedia({ colorScheme: theme });
    await openQuality(page, info);
    expect(await seriousFindings(page)).toEqual([]);
  });
}

for (const width of [320, 390, 820, 1440, 1920]) {
  test(`nothing is cut off at a width of ${width} @cpu`, async ({ page }, info) => {
    await page.setViewportSize({ width, height: 900 });
    await openQuality(page, info);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  });
}
