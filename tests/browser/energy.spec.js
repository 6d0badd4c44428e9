/** The Energy room, with models that have learned nothing: what holds for any energy is tested. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, seriousFindings, test } from './fixtures.js';
import { address, changed, drawThree, drawn, levels, look, ready, settled, state } from './support/room.js';
import { tinyEnergy } from './support/tiny-energy.js';
import { tinyRbm } from './support/tiny-rbm.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** Stand-ins under the ids of the shipped models. */
const MODELS = [
  { id: 'rbm', family: 'rbm', bytes: tinyRbm(100) },
  { id: 'energy', family: 'energy', bytes: tinyEnergy() },
];

/** @param {Page} page @param {TestInfo} info @param {string} hash @param {string} [picture]  that has to be there */
async function openEnergy(page, info, hash, picture) {
  await page.route(/\/catalog\.json$/, (route) =>
    route.fulfill({
      json: {
        models: MODELS.map(({ id, family, bytes }) => ({
          id,
          family,
          title: `A tiny ${id}`,
          file: `tiny-${id}.safetensors`,
          bytes: bytes.byteLength,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        })),
      },
    }),
  );
  await page.route(/\/(rbm|energy)\.measures\.json$/, (route) => route.fulfill({ json: { likelihood: null, samples: null, extra: { 'log Z': 500 } } }));
  for (const { id, bytes } of MODELS) {
    await page.route(new RegExp(`/tiny-${id}\\.safetensors$`), (route) => route.fulfill({ body: Buffer.from(bytes) }));
  }
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=energy&${hash}` }));
  if (picture) await drawn(page, picture);
  await expect(page.locator('.progress')).toBeHidden({ timeout: 30_000 });
  await ready(page);
}

const readout = (/** @type {Page} */ page) => page.locator('.readout:visible').first();

/** Steps that the chains in sight have done. @param {Page} page */
async function steps(page) {
  return Number(/^([\d,]+) steps/.exec((await readout(page).textContent()) ?? '')?.[1].replace(/,/g, '') ?? NaN);
}

test.describe('chains', () => {
  test('they run, stand still when paused, go one step, and begin again as they began', async ({ page }, info) => {
    await openEnergy(page, info, 'seed=5', 'energy-chains');
    await expect.poll(() => steps(page), { timeout: 30_000 }).toBeGreaterThan(4);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    const still = await settled(page, 'energy-chains');
    const before = await steps(page);
    const step = page.getByRole('button', { name: 'One run: 2 steps', exact: true });
    await step.click();
    await changed(page, 'energy-chains', still);
    await expect.poll(() => steps(page)).toBe(before + 2);
    const first = async () => {
      await page.getByRole('button', { name: 'Begin again', exact: true }).click();
      await expect(readout(page)).toHaveText(/^0 steps: play/);
      await step.click();
      await expect.poll(() => steps(page)).toBe(2);
      return settled(page, 'energy-chains');
    };
    const once = await first();
    expect((await first()) === once, 'the same seed, the same chains').toBe(true);
    await expect(readout(page)).toContainText('mean energy');
  });

  test('one chain is pointed at, by pointer and by key; its energy is told', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openEnergy(page, info, 'model=energy', 'energy-chains');
    await expect.poll(() => steps(page), { timeout: 45_000 }).toBe(400);
    const surface = page.locator('.chains-surface:visible');
    const box = await surface.boundingBox();
    if (!box) throw new Error('no chains');
    await page.mouse.move(box.x + 0.9 * box.width, box.y + 0.1 * box.height);
    await expect(readout(page)).toContainText('chain 4 has energy');
    await surface.focus();
    await surface.press('ArrowDown');
    await expect(readout(page)).toContainText('chain 8 has energy');
    await expect(page.locator('.trace:visible')).toHaveAttribute('aria-label', /Mean energy .* after 400 steps/);
  });

  test('the temperature steers chains that run, and the link holds everything', async ({ page }, info) => {
    await openEnergy(page, info, 'temperature=0.5&seed=3&start=digits', 'energy-chains');
    await expect(page.getByRole('slider', { name: 'Temperature' })).toHaveValue('0.5');
    await page.getByRole('slider', { name: 'Temperature' }).fill('2');
    await expect.poll(async () => (await state(page)).get('temperature')).toBe('2');
    await expect.poll(() => steps(page), { timeout: 30_000 }).toBeGreaterThan(2);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('.panel-chains').getByRole('button', { name: 'PNG', exact: true }).click(),
    ]);
    expect((await readFile(await download.path())).subarray(1, 4).toString()).toBe('PNG');
    const [table] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV', exact: true }).click(),
    ]);
    const lines = (await readFile(await table.path(), 'utf8')).trim().split('\n');
    expect(lines[0]).toMatch(/^step,chain 1,.*,chain 16$/);
    expect(lines[1]?.split(',')).toHaveLength(17);
    await page.getByText('Convolutional', { exact: true }).click();
    await expect.poll(async () => (await state(page)).get('model')).toBe('energy');
    await expect(page.getByText('Each chain is told a digit of its own')).toBeVisible();
    await page.getByRole('button', { name: 'Digit 7', exact: true }).click();
    await expect.poll(async () => (await state(page)).get('digit')).toBe('7');
  });

  test('the slider of the convolutional model goes by powers of ten to where the noise matters @cpu', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openEnergy(page, info, 'model=energy&start=digits', 'energy-chains');
    await expect.poll(() => steps(page), { timeout: 45_000 }).toBe(400);
    const before = levels(await settled(page, 'energy-chains'));
    const slider = page.getByRole('slider', { name: 'Temperature' });
    await slider.focus();
    await slider.press('End');
    await expect(slider).toHaveAttribute('aria-valuetext', '10,000');
    await expect.poll(async () => (await state(page)).get('temperature')).toBe('10000');
    await expect(page.getByText(/noise of [\d.]+ % of the way from paper to ink/)).toBeVisible();
    await page.getByRole('button', { name: 'One run: 4 steps', exact: true }).click();
    await expect.poll(() => steps(page)).toBe(404);
    expect(levels(await settled(page, 'energy-chains'))).toBeGreaterThan(0.5 * before);
    // what the other model's slider does not reach is not carried there
    await page.getByText('Boltzmann machine', { exact: true }).click();
    await expect(slider).toHaveValue('1');
  });
});

test('what is not damaged is held fast while the rest changes', async ({ page }, info) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openEnergy(page, info, 'view=repair', 'energy-repair');
  await expect.poll(() => steps(page), { timeout: 45_000 }).toBe(200);
  const halves = async () => {
    const picture = Buffer.from(await settled(page, 'energy-repair'), 'base64');
    // nine pictures of 28 pixels with gaps of 2 on 56 points: the upper half of the first row, and its lower half
    return [picture.subarray(0, 56 * 7), picture.subarray(56 * 10, 56 * 17)];
  };
  const [upper, lower] = await halves();
  await page.getByRole('button', { name: 'One run: 2 steps', exact: true }).click();
  await expect.poll(() => steps(page)).toBe(202);
  const [after, moved] = await halves();
  expect(after.equals(upper), 'the upper half stays').toBe(true);
  expect(moved.equals(lower), 'the lower half moves').toBe(false);
  const before = await look(page, 'energy-repair');
  await page.getByRole('button', { name: 'Upper', exact: true }).click();
  await changed(page, 'energy-repair', before);
  await expect.poll(async () => (await state(page)).get('mask') ?? '').toHaveLength(131);
});

test('the chains that repair are told which digit the picture is, or not told', async ({ page }, info) => {
  await openEnergy(page, info, 'view=repair&model=energy', 'energy-repair');
  await expect(page.getByText('The picture was made as a 3, and the chains are told so.')).toBeVisible();
  await page.getByRole('button', { name: 'Another', exact: true }).click();
  await expect(page.getByText('The picture was made as a 4')).toBeVisible();
  await page.getByText('Drawn', { exact: true }).click();
  await drawThree(page);
  await expect(page.getByText(/The model reads your drawing as a \d/)).toBeVisible();
  await page.getByRole('button', { name: 'Any: the chains are not told which digit' }).click();
  await expect(page.getByText('The chains are not told the digit')).toBeVisible();
  await expect.poll(async () => (await state(page)).get('digit')).toBe('10');
});

test('the energy of a drawing follows the pen', async ({ page }, info) => {
  await openEnergy(page, info, 'view=measure&source=drawn');
  const value = page.locator('.energy-value');
  await expect(value).toHaveText('–', { timeout: 30_000 });
  const box = await page.locator('.drawing-surface:visible').boundingBox();
  if (!box) throw new Error('no paper');
  await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.3 * box.height);
  await page.mouse.down();
  /** @type {Set<string | null>} */
  const seen = new Set();
  for (const place of [0.4, 0.5, 0.6, 0.7]) {
    await page.mouse.move(box.x + place * box.width, box.y + place * box.height, { steps: 4 });
    await expect(value).toHaveText(/^−?[\d,]+\.\d$/);
    seen.add(await value.textContent());
  }
  await page.mouse.up();
  expect(seen.size).toBeGreaterThan(1);
  await expect(page.locator('.panel-energy')).toContainText('black and white (grey from one half on is ink), with log Z estimated as 500.0');
  await expect(page.locator('.panel-slope h2')).toHaveText('Two sweeps on');
  await drawn(page, 'energy-slope');
  await expect.poll(async () => (await state(page)).get('ink')).not.toBe(null);
  await page.getByText('Convolutional', { exact: true }).click();
  await expect(page.locator('.class-value').first()).toHaveText(/^−?[\d,]+\.\d\d$/);
  await expect(page.locator('.lowest')).toHaveCount(1);
  await expect(page.locator('.panel-slope h2')).toHaveText('Which way it falls');
  // a picture that nobody draws leaves no line
  await page.getByText('Generated', { exact: true }).click();
  await expect(page.locator('.panel-energy .trace')).toBeHidden();
});

test('a hidden unit is shown large with the digits that turn it on', async ({ page }, info) => {
  await openEnergy(page, info, 'view=fields&model=energy', 'energy-chains');
  // a model without hidden units goes to its chains
  await expect.poll(async () => (await state(page)).get('view')).toBe(null);
  await page.getByText('Inside', { exact: true }).click();
  await drawn(page, 'energy-fields');
  await drawn(page, 'energy-field');
  const before = await settled(page, 'energy-field');
  const surface = page.locator('.chains-surface:visible');
  await surface.focus();
  await surface.press('ArrowRight');
  await changed(page, 'energy-field', before);
  await expect.poll(async () => (await state(page)).get('unit')).toBe('1');
  await expect(page.locator('.fires figcaption').first()).toHaveText(/^\d+ %$/);
  // pointing shows a unit, a click keeps it
  const box = await surface.boundingBox();
  if (!box) throw new Error('no fields');
  const unit = page.locator('.panel-field .readout').first();
  await page.mouse.move(box.x + 0.35 * box.width, box.y + 2);
  await expect(unit).toContainText('Unit 4 ');
  await page.mouse.move(box.x + 0.5 * box.width, box.y - 40);
  await expect(unit).toContainText('Unit 2 ');
  await page.mouse.click(box.x + 0.55 * box.width, box.y + 2);
  await page.mouse.move(box.x + 0.5 * box.width, box.y - 40);
  await expect(unit).toContainText('Unit 6 ');
  await expect.poll(async () => (await state(page)).get('unit')).toBe('5');
  await page.getByRole('button', { name: 'Units after these', exact: true }).click();
  await expect(page.getByText('Units 21 to 100 of 100')).toBeVisible();
  await openEnergy(page, info, 'view=fields&unit=9999', 'energy-fields');
  await expect.poll(async () => (await state(page)).get('unit')).toBe('99');
});

test('nothing in the room is hard to reach @cpu', async ({ page }, info) => {
  for (const [view, picture] of [['chains', 'energy-chains'], ['repair', 'energy-repair'], ['measure', 'energy-slope'], ['fields', 'energy-fields']]) {
    await openEnergy(page, info, `view=${view}`, picture);
    expect(await seriousFindings(page), view).toEqual([]);
  }
});
