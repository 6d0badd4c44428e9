/** The Pixel by pixel room, with models that have learned nothing: what holds for any of them is tested. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, drawThree, drawn, look, ownPixels, settled, state } from './support/room.js';
import { tinyPixelCnn, tinyTransformer } from './support/tiny-autoregressive.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** Stand-ins under the ids of the shipped models. */
const MODELS = [
  { id: 'pixel-transformer', bytes: tinyTransformer() },
  { id: 'pixelcnn', bytes: tinyPixelCnn() },
];

// an emulated GPU writes a few places a second; whole digits, many of them, are for the CPU
test.describe.configure({ timeout: 180_000 });

const PICTURES = { write: 'pixels-digit', finish: 'pixels-ways', likelihood: 'pixels-believed' };

/** @param {Page} page @param {TestInfo} info @param {string} [hash] */
async function openPixels(page, info, hash = '') {
  await page.route(/\/catalog\.json$/, (route) =>
    route.fulfill({
      json: {
        models: MODELS.map(({ id, bytes }) => ({
          id,
          family: 'autoregressive',
          title: `A tiny ${id}`,
          file: `tiny-${id}.safetensors`,
          bytes: bytes.byteLength,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        })),
      },
    }),
  );
  await page.route(/\/pixel[\w-]*\.measures\.json$/, (route) =>
    route.fulfill({ json: { likelihood: { nats: 99.5 }, samples: null } }),
  );
  for (const { id, bytes } of MODELS) {
    await page.route(new RegExp(`/tiny-${id}\\.safetensors$`), (route) => route.fulfill({ body: Buffer.from(bytes) }));
  }
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=pixels&${hash}` }));
  const view = /** @type {keyof typeof PICTURES} */ (new URLSearchParams(hash).get('view') ?? 'write');
  await drawn(page, PICTURES[view]);
  await expect(page.locator('.progress')).toBeHidden({ timeout: 30_000 });
}

const readout = (/** @type {Page} */ page) => page.locator('.timeline-readout:visible');

/** The playhead's slider. @param {Page} page */
const slider = (page) => page.getByRole('slider', { name: 'Place in the writing' });

test.describe('write', () => {
  test('a digit is written to its end, and its playhead goes back and forth by key and by pointer', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openPixels(page, info, 'seed=3');
    await expect(readout(page)).toContainText('patch 196 of 196', { timeout: 120_000 });
    await expect(readout(page)).toContainText(/\d nats so far/);
    await slider(page).focus();
    await slider(page).press('Home');
    await expect(readout(page)).toContainText('patch 0 of 196');
    await expect(page.locator('.distribution .readout')).toContainText('Nothing is written yet');
    await slider(page).press('ArrowRight');
    await expect(readout(page)).toContainText('patch 1 of 196');
    await expect(page.locator('.outcomes .drawn')).toHaveCount(1);
    const shares = await page.locator('.outcome-share').allTextContents();
    expect(shares).toHaveLength(16);
    const sum = shares.reduce((total, share) => total + parseFloat(share), 0);
    expect(Math.abs(sum - 100), 'the lots of a place share all chances').toBeLessThan(8);
    // the last patch of the first row, and half way down
    const box = await page.locator('.picture-pixels-digit').boundingBox();
    if (!box) throw new Error('no picture');
    await page.mouse.click(box.x + 0.99 * box.width, box.y + 0.01 * box.height);
    await expect(readout(page)).toContainText('patch 14 of 196');
    await page.mouse.move(box.x + 0.01 * box.width, box.y + 0.51 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.99 * box.width, box.y + 0.51 * box.height);
    await page.mouse.up();
    await expect(readout(page)).toContainText('patch 112 of 196');
    await expect.poll(async () => (await state(page)).get('at')).toBe('0.571');
  });

  test('the same seed writes the same digit, another seed or temperature another one @cpu', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const digit = async (/** @type {string} */ hash) => {
      await openPixels(page, info, hash);
      await expect(readout(page)).toContainText(/(196 of 196|784 of 784)/, { timeout: 60_000 });
      return settled(page, 'pixels-digit');
    };
    const first = await digit('seed=3');
    expect((await digit('seed=3')) === first, 'the same').toBe(true);
    expect((await digit('seed=4')) === first, 'another seed').toBe(false);
    expect((await digit('seed=3&temperature=0.3')) === first, 'another temperature').toBe(false);
    expect((await digit('seed=3&model=pixelcnn')) === first, 'another model').toBe(false);
  });

  test('a model of pixels says how sure it is of ink @cpu', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openPixels(page, info, 'model=pixelcnn&at=0.5');
    await expect(readout(page)).toContainText('pixel 392 of 784', { timeout: 60_000 });
    await expect(page.locator('.outcome-name')).toHaveText(['paper', 'ink']);
    await page.getByRole('slider', { name: 'Temperature' }).first().focus();
    const before = await readout(page).textContent();
    await page.keyboard.press('End');
    await expect.poll(() => readout(page).textContent(), { timeout: 60_000 }).not.toBe(before);
    await expect.poll(async () => (await state(page)).get('temperature')).toBe('2');
  });
});

test.describe('finish', () => {
  test('the given rows stay in all sixteen, and drawing or moving the line begins anew @cpu', async ({ page }, info) => {
    await openPixels(page, info, 'view=finish&seed=5');
    const progress = page.locator('.panel-ways [role=status]');
    await expect(progress).toContainText('sixteen digits', { timeout: 60_000 });
    const before = await settled(page, 'pixels-ways');
    const rows = page.getByRole('slider', { name: 'Rows' });
    await rows.focus();
    await rows.press('Home');
    await expect.poll(async () => (await state(page)).get('rows')).toBe('0');
    await expect(progress).toContainText('sixteen digits', { timeout: 60_000 });
    expect((await settled(page, 'pixels-ways')) === before, 'with nothing given').toBe(false);
    await rows.press('End');
    await expect(progress).toContainText('sixteen digits', { timeout: 60_000 });
    const full = Buffer.from(await settled(page, 'pixels-ways'), 'base64');
    // all is given, so that every way is the same: the upper left and the upper right one
    const kept = await ownPixels(page.locator('.panel-kept .still-picture'));
    expect(kept.some(({ alpha }) => alpha > 128), 'the example is there').toBe(true);
    expect(new Set(full).size, 'ink and paper').toBeGreaterThan(1);
    await drawThree(page);
    await expect.poll(async () => (await state(page)).get('ink')).not.toBe(null);
    await expect(progress).toContainText('sixteen digits', { timeout: 60_000 });
    expect(Buffer.from(await settled(page, 'pixels-ways'), 'base64').equals(full), 'another drawing').toBe(false);
  });
});

test('a part of a digit stays where it is drawn, by pointer and by key, and the rows are those that are given @cpu', async ({ page }, info) => {
  await openPixels(page, info, 'view=finish&rows=13');
  // the transformer is given whole patches of two rows
  await expect.poll(async () => (await state(page)).get('rows')).toBe('12');
  await expect(page.getByRole('slider', { name: 'Rows' })).toHaveAttribute('aria-valuetext', '12');
  await page.getByRole('button', { name: 'Clear' }).click();
  const rowsWithInk = async () => {
    const kept = await ownPixels(page.locator('.panel-kept .still-picture'));
    return [...new Set(kept.flatMap(({ alpha }, i) => (alpha > 128 ? [Math.floor(i / 28)] : [])))];
  };
  await expect.poll(rowsWithInk).toEqual([]);
  const surface = page.locator('.drawing-surface');
  const box = await surface.boundingBox();
  if (!box) throw new Error('no paper');
  const progress = page.locator('.panel-ways [role=status]');
  await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.25 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.25 * box.height, { steps: 4 });
  await expect.poll(rowsWithInk, 'under the moving pen').toEqual([6, 7]);
  await expect(progress).toContainText('when you lift the pen');
  await page.mouse.up();
  await expect(progress).toContainText('sixteen digits', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Clear' }).click();
  await surface.focus();
  await surface.press('ArrowDown');
  await page.keyboard.down('Shift');
  for (let i = 0; i < 6; i += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.up('Shift');
  await expect.poll(rowsWithInk).toEqual([14, 15]);
  await expect.poll(async () => (await state(page)).get('ink')).toMatch(/^[\w-]{10}/);
  await surface.press('Control+z');
  await expect.poll(rowsWithInk).toEqual([]);
});

test.describe('likelihood', () => {
  test('the map and the sum follow the drawing, and a pixel tells its share', async ({ page }, info) => {
    await openPixels(page, info, 'view=likelihood');
    const total = page.locator('.nats-total');
    await expect(total).toContainText(/\d nats/, { timeout: 30_000 });
    await expect(page.locator('.panel-cost')).toContainText('99.5 nats on average');
    const before = await total.textContent();
    const map = await ownPixels(page.locator('.cost-map .still-picture').nth(1));
    expect(map.some(({ alpha }) => alpha > 20), 'something is a surprise').toBe(true);
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect.poll(() => total.textContent()).not.toBe(before);
    await drawThree(page);
    await expect.poll(() => total.textContent()).not.toBe(before);
    await page.locator('.cost-map').hover({ position: { x: 20, y: 20 } });
    await expect(page.locator('.panel-cost')).toContainText(/Chance of ink: [\d.]+ %. Cost: \d/);
    const saving = page.waitForEvent('download');
    await page.locator('.panel-cost').getByRole('button', { name: 'PNG' }).click();
    expect((await saving).suggestedFilename()).toBe('cost-pixel-transformer.png');
  });
});

test('every view fits a narrow phone and a tool for the blind finds nothing to complain about', async ({ page }, info) => {
  for (const view of Object.keys(PICTURES)) {
    await page.setViewportSize({ width: 320, height: 640 });
    await openPixels(page, info, `view=${view}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, `${view} at 320 px`).toBeLessThanOrEqual(320);
    expect(await seriousFindings(page), view).toEqual([]);
  }
});

test('a picture is saved', async ({ page }, info) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openPixels(page, info, 'seed=3');
  // an emulated GPU writes for seconds
  const lastRows = async () => new Set(atob(await look(page, 'pixels-digit')).slice(-150)).size;
  await expect.poll(lastRows, { timeout: 60_000 }).toBeGreaterThan(1);
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: /PNG|picture/i }).first().click();
  const whole = await saving;
  expect(whole.suggestedFilename()).toBe('written-pixel-transformer-3.png');
  // what is not written yet is paper in the file too
  await slider(page).focus();
  await slider(page).press('Home');
  await expect(readout(page)).toContainText('patch 0 of 196');
  await settled(page, 'pixels-digit');
  const second = page.waitForEvent('download');
  await page.locator('.panel-writing').getByRole('button', { name: 'PNG' }).click();
  const [full, blank] = await Promise.all([whole, await second].map(async (file) => (await readFile(await file.path())).length));
  expect(blank).toBeLessThan(0.7 * (full ?? 0));
  expect((await look(page, 'pixels-digit')).length).toBeGreaterThan(0);
});
