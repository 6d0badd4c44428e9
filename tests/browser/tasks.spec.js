/** The Tasks room: from a task to the families that can do it. Some models are stand-ins that take no time. */

import { expect, seriousFindings, test } from './fixtures.js';
import { useTinyModels } from './support/denoise.js';
import { address, ownPixels, state } from './support/room.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** @param {Page} page @param {TestInfo} info @param {string} [hash] */
async function open(page, info, hash = '') {
  await useTinyModels(page);
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=tasks${hash ? `&${hash}` : ''}` }));
  await expect(page.locator('.tasks-stage .panel').first()).toBeVisible({ timeout: 30_000 });
}

/** How much ink a canvas of the page holds, 0 to 1. @param {Page} page @param {string} canvas */
async function ink(page, canvas) {
  const pixels = await ownPixels(page.locator(canvas));
  return pixels.reduce((sum, { alpha }) => sum + alpha, 0) / (255 * pixels.length);
}

test.describe.configure({ timeout: 120_000 });

test.describe('generate', () => {
  const made = '.panel-made canvas';
  const status = (/** @type {Page} */ page) => page.locator('.panel-made [role=status]');

  test('the family that is best at what matters draws, as many as are wanted', async ({ page }, info) => {
    await open(page, info, 'want=size');
    const first = page.locator('.task-card').first();
    await expect(first).toContainText('Naive Bayes');
    await expect(first.getByRole('radio')).toBeChecked();
    await expect(status(page)).toContainText('9 in ', { timeout: 60_000 });
    expect(await ink(page, made)).toBeGreaterThan(0.02);
    await page.getByText('16', { exact: true }).click();
    await expect(status(page)).toContainText('16 in ', { timeout: 30_000 });
    expect(await page.locator(made).evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).width)).toBe(4 * 28 + 3 * 2);
    await expect.poll(async () => (await state(page)).get('count')).toBe('16');
    await page.getByText('Looks', { exact: true }).click();
    await expect.poll(async () => (await state(page)).get('want')).toBe(null);
    await expect(page.locator('.task-card').first()).not.toContainText('Naive Bayes');
  });

  test('a model that is told draws the digit; of one that is not, it is picked out', async ({ page }, info) => {
    await open(page, info, 'model=mixture&count=4&digit=any');
    await expect(status(page)).toContainText('4 in ', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Digit 3' }).click();
    await expect.poll(async () => (await state(page)).get('digit')).toBe('3');
    await expect(status(page)).toContainText('4 in ', { timeout: 30_000 });
    const three = await ownPixels(page.locator(made));
    await page.getByRole('button', { name: 'Again' }).click();
    await expect.poll(async () => (await state(page)).get('seed')).not.toBe(null);
    await expect.poll(async () => JSON.stringify(await ownPixels(page.locator(made))) === JSON.stringify(three)).toBe(false);
    await page.locator('.task-card[data-value^="vae"]').click();
    await expect(status(page)).toContainText(/drew 48, the classifier read \d+ of them as a 3/, { timeout: 60_000 });
    await expect(page.locator('.panel-made .task-link')).toHaveAttribute('href', /#room=latent&/);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PNG' }).click()]);
    expect(file.suggestedFilename()).toMatch(/^digits-3-\d+\.png$/);
  });
});

test('the room fits a phone, and a tool for the blind finds nothing to complain about', async ({ page }, info) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const view of ['generate']) {
    await open(page, info, `view=${view}&want=size`);
    await expect(page.locator('.task-card').first()).toBeVisible({ timeout: 30_000 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), view).toBeLessThanOrEqual(0);
    expect(await seriousFindings(page), view).toEqual([]);
  }
});
