import { readFileSync } from 'node:fs';
import { rangeOf, rank } from '../../www/rooms/likely/scale.js';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, drawThree, state } from './support/room.js';
import { useTinyModels } from './support/denoise.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** @param {Page} page @param {TestInfo} info @param {string} hash */
async function open(page, info, hash) {
  await useTinyModels(page);
  await page.goto(address(info, { hash: `room=likely&${hash}` }));
  await expect(page.locator('.likely-row').first()).toBeVisible({ timeout: 30_000 });
}

/** The number in an answer. @param {Page} page @param {string} model */
async function figure(page, model) {
  const text = await page.locator(`[data-model="${model}"] .likely-figure`).innerText();
  return Number.parseFloat(text.replace('\u2212', '-').replace(/[^\d.-]*/, ''));
}

test.describe.configure({ timeout: 180_000 });

test('models answer when asked, with their kind, and again while one draws', async ({ page }, info) => {
  await open(page, info, 'asked=none&ink=');
  const row = page.locator('[data-model="vae-textbook"]');
  await expect(row.locator('.likely-kind')).toContainText('ELBO');
  await expect(row.locator('.likely-figure')).toHaveText('');
  await row.getByRole('button').click();
  await expect(row.getByRole('button')).toBeHidden({ timeout: 60_000 });
  await expect.poll(async () => (await state(page)).get('asked') ?? '').toContain('vae-textbook');
  await expect(row.locator('.likely-figure')).toHaveText('–');
  await drawThree(page);
  await expect(row.locator('.likely-figure')).toContainText('nats', { timeout: 30_000 });
  const three = await figure(page, 'vae-textbook');
  expect(three).toBeLessThan(-20);
  await expect(row.locator('.scale-dot')).toBeVisible();
  await expect.poll(async () => (await state(page)).get('ink')?.length ?? 0).toBeGreaterThan(10);
  // a scribble over the whole pad is less likely than a three
  const box = await page.locator('.drawing-surface').boundingBox();
  if (!box) throw new Error('no pad');
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.mouse.down();
  for (let i = 1; i < 12; i += 1) await page.mouse.move(box.x + ((i % 2) * 0.9 + 0.05) * box.width, box.y + (i / 12) * box.height);
  await page.mouse.up();
  await expect.poll(() => figure(page, 'vae-textbook'), { timeout: 30_000 }).toBeLessThan(three - 20);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(row.locator('.likely-figure')).toHaveText('–');
});

test('questions go on with another backend @webgpu', async ({ page }, info) => {
  await open(page, info, 'asked=vae-textbook.ddpm-textbook&ink=');
  const rows = ['vae-textbook', 'ddpm-textbook'].map((model) => page.locator(`[data-model="${model}"]`));
  for (const row of rows) await expect(row.locator('.likely-figure')).toHaveText('–', { timeout: 90_000 });
  await drawThree(page);
  await page.locator('.backend-menu summary').click();
  await page.locator('.backend-menu .popover button:visible').first().click();
  await expect(page.locator('html')).toHaveAttribute('data-backend', 'cpu', { timeout: 30_000 });
  for (const row of rows) await expect(row.locator('.likely-figure')).toContainText('nats', { timeout: 60_000 });
});

test('a bound is drawn from many noise levels, and the figures can be taken home', async ({ page }, info) => {
  await open(page, info, 'asked=ddpm-textbook');
  const row = page.locator('[data-model="ddpm-textbook"]');
  await expect(row.locator('.likely-figure')).toContainText('nats', { timeout: 90_000 });
  expect(await figure(page, 'ddpm-textbook')).toBeLessThan(0);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Take the figures home' }).click()]);
  expect(file.suggestedFilename()).toBe('how-likely.json');
  const { drawing, answers } = JSON.parse(readFileSync(await file.path(), 'utf8'));
  expect(answers.map((/** @type {{model: string}} */ { model }) => model)).toEqual(['ddpm-textbook']);
  expect([drawing.grey.length, drawing.binary.length]).toEqual([784, 784]);
  expect(drawing.ink.length).toBeGreaterThan(10);
  // of an empty pad there is nothing to take
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByRole('button', { name: 'Take the figures home' })).toBeDisabled();
});

test('where the dot stands is what the words say @cpu', () => {
  const quantiles = Array.from({ length: 21 }, (_, i) => -200 + 5 * i);
  const place = (/** @type {number} */ value) => {
    const { low, high } = rangeOf({ value, quantiles });
    const at = (/** @type {number} */ x) => Math.min(1, Math.max(0, (x - low) / (high - low)));
    return { dot: at(value), first: at(quantiles[0] ?? NaN), last: at(quantiles[20] ?? NaN) };
  };
  for (const value of [-5000, -300, -201]) {
    expect(rank(value, quantiles)).toBe(0);
    expect(place(value).dot).toBeLessThan(place(value).first);
  }
  for (const value of [-99, 0, 4000]) {
    expect(rank(value, quantiles)).toBe(1);
    expect(place(value).dot).toBeGreaterThan(place(value).last);
  }
  // however far off the drawing is, the band can be read
  for (const value of [-5000, -150, 4000]) expect(place(value).last - place(value).first).toBeGreaterThan(0.3);
});

test('drawings to try do what the text says, each family in words of its own', async ({ page }, info) => {
  await open(page, info, 'asked=naive-bayes.pixelcnn.flow.dcgan');
  const place = (/** @type {string} */ model) => page.locator(`[data-model="${model}"] .likely-place`);
  for (const model of ['naive-bayes', 'pixelcnn', 'flow', 'dcgan']) await expect(place(model)).not.toHaveText('', { timeout: 60_000 });
  const share = async (/** @type {string} */ model) => Number(/(\d+) %/.exec((await place(model).textContent()) ?? '')?.[1]);
  await page.getByRole('button', { name: 'a dot' }).click();
  await expect(place('naive-bayes')).toHaveText('less likely than any of 200 test digits', { timeout: 30_000 });
  await expect(place('flow')).toHaveText('less likely than any of 200 test digits', { timeout: 30_000 });
  await expect.poll(() => share('pixelcnn')).toBeGreaterThan(50);
  await page.getByRole('button', { name: 'two dots' }).click();
  await expect(place('flow')).toHaveText('more likely than all of 200 test digits', { timeout: 30_000 });
  await page.getByRole('button', { name: 'an M', exact: true }).click();
  await expect(place('pixelcnn')).toHaveText('less likely than any of 200 test digits', { timeout: 30_000 });
  // a score is no probability
  await expect(place('dcgan')).toHaveText(/^a (higher|lower) score than/);
  await expect(page.locator('[data-model="flow"] .likely-kind')).toContainText('mean of 4 draws');
  // a generator without a discriminator has nothing to say
  await expect(page.locator('[data-model="gan-deep"]')).toHaveCount(0);
  await expect(page.locator('[data-model="dcgan"] b')).toHaveText('DCGAN');
  // the pad stays in sight
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator('[data-model="dcgan"]').scrollIntoViewIfNeeded();
  await expect(page.locator('.drawing-surface')).toBeInViewport();
});

test('the room fits a phone', async ({ page }, info) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await open(page, info, 'asked=none');
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
});

for (const theme of /** @type {const} */ (['light', 'dark'])) {
  test(`axe finds nothing serious, ${theme} @cpu`, async ({ page }, info) => {
    await page.emulateMedia({ colorScheme: theme });
    await open(page, info, 'asked=vae-textbook');
    await expect(page.locator('[data-model="vae-textbook"] .likely-figure')).toContainText('nats', { timeout: 60_000 });
    expect(await seriousFindings(page)).toEqual([]);
  });
}
