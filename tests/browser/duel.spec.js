/** The Duel room, with models that take no time. */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, changed, drawThree, drawn, levels, look, settled, state } from './support/room.js';
import { tinyGan, tinyPage, tinyStyleGan } from './support/tiny-gan.js';
import { tinyRbm } from './support/tiny-rbm.js';

/** @import { Page, TestInfo } from '@playwright/test' */

const MODELS = [
  { id: 'dcgan', title: 'A tiny GAN', bytes: tinyGan(), page: tinyPage(12, false) },
  { id: 'gan-deep', title: 'A tiny generator', bytes: tinyGan(false), page: tinyPage(12, false) },
  { id: 'style-gan', title: 'A tiny style GAN', bytes: tinyStyleGan(), page: tinyPage(6, true) },
];

/** @param {Page} page @param {TestInfo} info @param {string} [hash] */
async function openDuel(page, info, hash = '') {
  await page.route(/\/catalog\.json$/, async (route) => {
    const rows = MODELS.map(({ id, title, bytes }) => ({
      id,
      family: 'gan',
      title,
      file: `tiny-${id}.safetensors`,
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }));
    await route.fulfill({ json: { models: rows } });
  });
  for (const { id, bytes, page: side } of MODELS) {
    await page.route(new RegExp(`/tiny-${id}\\.safetensors$`), (route) => route.fulfill({ body: Buffer.from(bytes) }));
    await page.route(new RegExp(`/${id}\\.page\\.json$`), (route) => route.fulfill({ json: side }));
  }
  await page.goto(address(info, { hash: `room=duel${hash ? `&${hash}` : ''}` }));
  await expect(page.locator('.progress')).toBeHidden({ timeout: 30_000 });
}

test('a slider walks along its direction, the address keeps it, and a link gives the same digit', async ({ page }, info) => {
  await openDuel(page, info);
  await drawn(page, 'duel-digit');
  await drawn(page, 'duel-high');
  const before = await settled(page, 'duel-digit');
  expect(levels(before)).toBeGreaterThan(3);
  const slider = page.getByRole('slider', { name: 'Direction 1', exact: true });
  await slider.focus();
  for (let i = 0; i < 15; i += 1) await page.keyboard.press('ArrowRight');
  const walked = await changed(page, 'duel-digit', before);
  await expect.poll(async () => (await state(page)).get('along')).toBe('1.5,0,0');
  const there = await settled(page, 'duel-digit');
  await page.reload();
  await drawn(page, 'duel-digit');
  expect(await settled(page, 'duel-digit')).toBe(there);
  expect(walked).not.toBe(before);
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect.poll(() => look(page, 'duel-digit')).toBe(before);
});

test('the digit, the seed and the truncation change what is drawn where the model is told the digit', async ({ page }, info) => {
  await openDuel(page, info, 'model=style-gan');
  await drawn(page, 'duel-digit');
  let before = await settled(page, 'duel-digit');
  await page.locator('.panel-duel-digit .digit-button').nth(8).click();
  before = await changed(page, 'duel-digit', before);
  await page.getByRole('slider', { name: 'Truncation' }).fill('0.2');
  before = await changed(page, 'duel-digit', before);
  await page.getByRole('button', { name: 'Noise' }).click();
  before = await changed(page, 'duel-digit', before);
  await page.getByRole('button', { name: 'Another' }).click();
  await changed(page, 'duel-digit', before);
  await expect
    .poll(async () => ['digit', 'truncation', 'noise'].map((name) => new URL(page.url()).hash.match(new RegExp(`${name}=([^&]*)`))?.[1]))
    .toEqual(['8', '0.2', '0']);
});

test('the split decides which layers listen to the row: at its ends the grid repeats its sources', async ({ page }, info) => {
  await openDuel(page, info, 'model=style-gan&view=mix&noise=0&split=2');
  await drawn(page, 'duel-grid');
  const mixed = await settled(page, 'duel-grid');
  const split = page.getByRole('slider', { name: 'Coarse layers' });
  await split.focus();
  await page.keyboard.press('End');
  const rows = await changed(page, 'duel-grid', mixed);
  await expect(page.locator('.mix-layers .of-row')).toHaveCount(5);
  await page.keyboard.press('Home');
  const columns = await changed(page, 'duel-grid', rows);
  await expect(page.locator('.mix-layers .of-column')).toHaveCount(5);
  expect(new Set([mixed, rows, columns]).size).toBe(3);
  await expect.poll(async () => (await state(page)).get('split')).toBe('0');
});

test('the judge answers a drawing and a forgery, with a map of where it looks', async ({ page }, info) => {
  await openDuel(page, info, 'view=judge');
  await drawn(page, 'duel-crowd');
  await expect(page.locator('.verdict')).toContainText('Draw a digit');
  await drawThree(page);
  await expect(page.locator('.verdict')).toContainText('more real than');
  await drawn(page, 'duel-where');
  const own = await settled(page, 'duel-where');
  expect(levels(own)).toBeGreaterThan(5);
  await page.locator('.judge-cell').nth(6).click();
  await changed(page, 'duel-where', own);
  await expect.poll(async () => (await state(page)).get('chosen')).toBe('6');
  await expect(page.locator('.judge-cell').nth(6)).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Judge my drawing' }).click();
  await expect.poll(() => look(page, 'duel-where')).toBe(own);
  expect(await seriousFindings(page)).toEqual([]);
});

test('a generator alone has no judge, and the page says so', async ({ page }, info) => {
  await openDuel(page, info, 'model=gan-deep&view=judge');
  await expect(page.locator('.verdict')).toContainText('the generator alone');
});

test('the game counts both players; with a file of digits it asks for the real one', async ({ page }, info) => {
  await openDuel(page, info, 'view=game');
  await expect(page.locator('.game-question')).toContainText('A tiny GAN');
  await page.locator('.game-card').first().click();
  await expect(page.locator('.panel-game .verdict')).not.toBeEmpty();
  await expect(page.locator('.panel-game-score .facts')).toContainText('of 1');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.locator('.game-card').last().click();
  await expect(page.locator('.panel-game-score .facts')).toContainText('of 2');

  const images = Buffer.alloc(16 + 3 * 784, 90);
  [0x803, 3, 28, 28].forEach((value, index) => images.writeUInt32BE(value, 4 * index));
  await page.locator('.panel-game-score input[type=file]').setInputFiles({
    name: 't10k-images-idx3-ubyte.gz',
    mimeType: 'application/gzip',
    buffer: gzipSync(images),
  });
  await expect(page.locator('.game-question')).toContainText('written by a person');
  await expect(page.locator('.panel-game-score .facts')).toContainText('0 of 0');
  expect(await seriousFindings(page)).toEqual([]);
});

test('files that do not fit are refused with a message, and the model before stays', async ({ page }, info) => {
  await openDuel(page, info);
  await drawn(page, 'duel-digit');
  const before = await settled(page, 'duel-digit');
  const give = (/** @type {string} */ name, /** @type {Uint8Array} */ bytes) =>
    page.locator('input[type=file][accept=".safetensors"]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await give('cut.safetensors', tinyGan().subarray(0, 900));
  await expect(page.locator('.notice')).toContainText('does not fit');
  await give('other.safetensors', tinyRbm());
  await expect(page.locator('.notice')).toContainText('adversarial networks');
  expect(await settled(page, 'duel-digit')).toBe(before);
  await give('own.safetensors', tinyGan(false));
  await changed(page, 'duel-digit', before).catch(() => before);
  await expect.poll(async () => (await state(page)).get('model')).toBe('file:own.safetensors');
});
