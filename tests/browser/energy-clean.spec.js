/** The Clean view of the Energy room, with the shipped Markov random field, which is 2 kB. */

import { readFile } from 'node:fs/promises';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, drawn, ownPixels, ready, state } from './support/room.js';

/** @import { Page, TestInfo } from '@playwright/test' */

// an emulated GPU compiles every kernel first
test.describe.configure({ timeout: 120_000 });

/** @param {Page} page @param {TestInfo} info @param {string} [hash] */
async function openClean(page, info, hash = '') {
  // a hundred sweeps at once, and then the chains stand still
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=energy&view=clean${hash}` }));
  await drawn(page, 'energy-clean');
  await ready(page);
}

/** Pixels that are wrong, in the words under a panel. @param {Page} page @param {string} panel @param {RegExp} words */
async function wrong(page, panel, words) {
  const readout = page.locator(`.panel-${panel} .save .readout`);
  await expect(readout).toHaveText(words);
  return Number(/^\d+/.exec((await readout.textContent()) ?? '')?.[0]);
}
const flippedIn = (/** @type {Page} */ page) => wrong(page, 'flipped', /^\d+ of 784 pixels wrong$/);
const leftIn = (/** @type {Page} */ page) => wrong(page, 'majority', /^\d+ of 784 pixels wrong, \d+ before$/);

/** Waits until the chains have come so far. @param {Page} page @param {number} sweeps */
const swept = (page, sweeps) => expect(page.locator('.panel-cleaning .save .readout')).toHaveText(new RegExp(`^${sweeps} sweeps · mean energy`), { timeout: 30_000 });

const slider = (/** @type {Page} */ page, /** @type {string} */ name) => page.getByRole('slider', { name, exact: true });

test('a link opens it with its model; the same flips come back, and fewer than half of them are left', async ({ page }, info) => {
  await openClean(page, info, '&seed=7');
  await expect.poll(async () => (await state(page)).get('model')).toBe('markov-field');
  await swept(page, 100);
  const picture = page.locator('.panel-flipped .still-picture');
  const [pixels, flips] = [await ownPixels(picture), await flippedIn(page)];
  expect(flips).toBeGreaterThan(50);
  expect(await leftIn(page)).toBeLessThan(flips / 2);
  await expect(page.locator('.panel-measured dd')).toHaveText([/^10\.00/, /^2\.26/, /^2\.25/, /^2\.43/]);
  await page.reload();
  await drawn(page, 'energy-clean');
  await expect(picture).toBeVisible();
  expect(await ownPixels(picture)).toEqual(pixels);
  expect(await flippedIn(page)).toBe(flips);
  await page.getByRole('button', { name: 'Other chance', exact: true }).click();
  await expect.poll(async () => JSON.stringify(await ownPixels(picture)) === JSON.stringify(pixels)).toBe(false);
});

test('without coupling and chance the flips stay; sliders by keyboard change that', async ({ page }, info) => {
  await openClean(page, info, '&coupling=0&heat=0');
  await swept(page, 100);
  const flips = await flippedIn(page);
  expect(await leftIn(page)).toBe(flips);
  await slider(page, 'Coupling').focus();
  for (let step = 0; step < 20; step += 1) await page.keyboard.press('ArrowRight');
  await expect.poll(async () => (await state(page)).get('coupling')).toBe(null);
  await page.getByRole('button', { name: 'One sweep', exact: true }).click();
  await swept(page, 101);
  expect(await leftIn(page)).toBeLessThan(flips / 2);
  await slider(page, 'Flipped pixels').focus();
  await page.keyboard.press('Home');
  await expect.poll(async () => (await state(page)).get('flips')).toBe('0');
  expect(await flippedIn(page)).toBe(0);
  await page.keyboard.press('End');
  await expect.poll(() => flippedIn(page)).toBeGreaterThan(150);
});

test('annealing cools the chains down, and its link does so again', async ({ page }, info) => {
  await openClean(page, info);
  await page.getByRole('button', { name: 'Anneal', exact: true }).click();
  await expect.poll(async () => (await state(page)).get('anneal')).toBe('1');
  await expect(slider(page, 'Temperature')).toHaveValue('0');
  await swept(page, 100);
  const left = await leftIn(page);
  expect(left).toBeLessThan((await flippedIn(page)) / 2);
  await page.reload();
  await drawn(page, 'energy-clean');
  await swept(page, 100);
  expect(await leftIn(page)).toBe(left);
  await page.getByRole('button', { name: 'Begin again', exact: true }).click();
  await expect(slider(page, 'Temperature')).toHaveValue('2');
  await slider(page, 'Temperature').press('Home');
  await expect.poll(async () => (await state(page)).get('anneal')).toBe(null);
  await expect(page.getByText('iterated conditional modes).')).toBeVisible();
});

test('pictures are saved, and nothing is hard to reach', async ({ page }, info) => {
  await openClean(page, info);
  await swept(page, 100);
  for (const panel of ['flipped', 'cleaning', 'majority']) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`.panel-${panel}`).getByRole('button', { name: 'PNG', exact: true }).click(),
    ]);
    expect((await readFile(await download.path())).subarray(1, 4).toString(), panel).toBe('PNG');
  }
  expect(await seriousFindings(page)).toEqual([]);
});

test('each view offers the models that it can use', async ({ page }, info) => {
  await openClean(page, info);
  const models = page.locator('.room:visible .models .choice-face');
  await expect(models).toHaveText(['Markov field']);
  await page.getByText('Repair', { exact: true }).click();
  await drawn(page, 'energy-repair');
  await expect(models).toHaveText(['Boltzmann machine', 'Convolutional']);
  await expect.poll(async () => (await state(page)).get('model')).toBe(null);
  await page.goBack();
  await expect(models).toHaveText(['Markov field']);
  // a model that only cleans leads to where it can
  await page.goto('about:blank');
  await page.goto(address(info, { hash: 'room=energy&model=markov-field' }));
  await expect.poll(async () => (await state(page)).get('view')).toBe('clean');
});

test('where its weights are cut, the view before stays @cpu', async ({ page }, info) => {
  await page.route(/\/markov-field\.safetensors$/, async (route) => {
    const body = await (await route.fetch()).body();
    await route.fulfill({ body: body.subarray(0, body.length / 2) });
  });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(address(info, { hash: 'room=energy' }));
  await drawn(page, 'energy-chains');
  await ready(page);
  await page.getByText('Clean', { exact: true }).click();
  await expect(page.locator('.notice')).toContainText('markov-field');
  await expect.poll(async () => (await state(page)).get('view')).toBe(null);
  await expect(page.locator('.panel-chains')).toBeVisible();
});
