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
