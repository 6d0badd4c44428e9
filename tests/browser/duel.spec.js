/** The Duel room, with models that take no time. */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, changed, drawThree, drawn, levels, look, ownPixels, settled, state } from './support/room.js';
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
  await page.getByRole('slider', { name: 'Noise' }).fill('25');
  before = await changed(page, 'duel-digit', before);
  await page.getByRole('button', { name: 'Another' }).click();
  await changed(page, 'duel-digit', before);
  await expect
    .poll(async () => ['digit', 'truncation', 'noise'].map((name) => new URL(page.url()).hash.match(new RegExp(`${name}=([^&]*)`))?.[1]))
    .toEqual(['8', '0.2', '251']);
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
  await expect(page.locator('.verdict')).toContainText(/(more|less) real than/);
  await expect(page.locator('.judge-scores li')).toHaveText(/^this picture−?\d/);
  await expect(page.locator('.judge-ends span')).toHaveText([/\d/, /\d/]);
  await expect(page.locator('.judge-scale')).toContainText('nine of ten forgeries');
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

test('what a model cannot do is said in place of the view, with a button that chooses one that can', async ({ page }, info) => {
  await openDuel(page, info, 'model=gan-deep&view=judge');
  const panel = page.locator('.panel-unable');
  await expect(panel).toContainText('the generator alone');
  await expect(page.locator('.panel')).toHaveCount(1);
  await panel.getByRole('button', { name: 'Choose “Convolutional”' }).click();
  await drawn(page, 'duel-crowd');
  // nothing is looked at yet, so that there is nothing to save
  const save = page.locator('.panel-judge-map').getByRole('button', { name: 'PNG' });
  await expect(save).toBeDisabled();
  await page.locator('.judge-cell').nth(3).click();
  await expect(save).toBeEnabled();
  await openDuel(page, info, 'model=dcgan&view=mix');
  await expect(panel).toContainText('reads its code once');
  await panel.getByRole('button', { name: 'Choose “Style”' }).click();
  await drawn(page, 'duel-grid');
  await page.getByText('Convolutional', { exact: true }).click();
  await expect(panel).toBeVisible();
  await expect(page.locator('.picture-duel-grid')).toHaveCount(0);
});

test('a link to a pair of the game shows the same pair', async ({ page }, info) => {
  await openDuel(page, info, 'view=game&seed=5&round=23');
  const both = async () => {
    await expect(page.locator('.game-question')).not.toBeEmpty();
    const cards = await Promise.all([0, 1].map((side) => ownPixels(page.locator('.game-card .still-picture').nth(side))));
    return JSON.stringify(cards);
  };
  const first = await both();
  await page.locator('.game-card').first().click();
  await page.getByRole('button', { name: 'Next' }).click();
  await expect.poll(async () => (await state(page)).get('round')).toBe('24');
  await expect.poll(async () => (await both()) === first).toBe(false);
  await page.goBack();
  await expect.poll(async () => (await both()) === first).toBe(true);
  await page.reload();
  await expect.poll(async () => (await both()) === first).toBe(true);
  // what was chosen stands under the digit, not on it
  await page.locator('.game-card').first().click();
  const [face, mark] = await Promise.all(['.game-face', '.game-mark'].map((part) => page.locator(part).first().boundingBox()));
  expect(mark?.y).toBeGreaterThanOrEqual((face?.y ?? 0) + (face?.height ?? 0) - 0.5);
});

test('the game counts both players; with a file of digits it asks for the real one', async ({ page }, info) => {
  await openDuel(page, info, 'view=game');
  await expect(page.locator('.game-question')).toContainText('Both are forged. Which one was drawn by “Convolutional”?');
  await expect(page.locator('.panel-game-score')).toContainText('the one with the lower score');
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
  await expect(page.locator('.panel-game-score')).toContainText('the one with the higher score');
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
