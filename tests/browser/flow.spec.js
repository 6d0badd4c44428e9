/** The Flow room: noise and picture, one from the other. */

import { expect, seriousFindings, test } from './fixtures.js';
import { address, changed, drawThree, drawn, levels, look, settled, state } from './support/room.js';

/** @import { Page, TestInfo } from '@playwright/test' */

// an emulated GPU compiles every kernel first
test.describe.configure({ timeout: 240_000 });

/** The first picture waits for all kernels. @param {Page} page */
async function computed(page) {
  await expect(page.locator('.picture-flow-digit')).toHaveClass(/drawn/, { timeout: 90_000 });
}

/** @param {Page} page @param {TestInfo} info @param {string} [hash] */
async function openFlow(page, info, hash = '') {
  await page.goto(address(info, { hash: `room=flow${hash && `&${hash}`}` }));
  await computed(page);
  for (const name of ['flow-digit', 'flow-noise', 'flow-strip', 'flow-mosaic']) await drawn(page, name);
  await expect(page.locator('.progress')).toBeHidden({ timeout: 60_000 });
}

/** @param {Page} page @param {string} name */
async function term(page, name) {
  const text = await page.locator(`.flow-term-${name} .flow-value`).innerText();
  return Number.parseFloat(text.replace(/,/g, '').replace('−', '-'));
}

/** Waits until the large picture is one that was there before. @param {Page} page @param {string} picture */
async function shows(page, picture) {
  await expect(async () => expect((await look(page, 'flow-digit')) === picture, 'the picture of before').toBe(true)).toPass({ timeout: 20_000 });
}

/** Per cent that the flow gives each digit. @param {Page} page */
async function shares(page) {
  const texts = await page.locator('.flow-share').allInnerTexts();
  return texts.map((text) => Number.parseFloat(text));
}

test('a point that is dragged changes picture and probability, and the link holds it', async ({ page }, info) => {
  await openFlow(page, info);
  const before = await settled(page, 'flow-digit');
  expect(levels(before)).toBeGreaterThan(8);
  const likelihood = await term(page, 'likelihood');
  expect(Math.abs(likelihood - (await term(page, 'noise')) - (await term(page, 'volume')))).toBeLessThan(0.3);
  const pad = page.locator('.flow-pad .pad-surface');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (!box) throw new Error('no plane');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.4 * box.height, { steps: 4 });
  await changed(page, 'flow-digit', before);
  await page.mouse.up();
  await expect.poll(() => term(page, 'likelihood')).not.toBe(likelihood);
  const there = await settled(page, 'flow-digit');
  await expect.poll(async () => (await state(page)).get('a')).toMatch(/^0\.\d+$/);
  await page.reload();
  await computed(page);
  await drawn(page, 'flow-digit');
  await shows(page, there);
  await expect(page.locator('.flow-term-error .flow-value')).toHaveText(/^(0|\d\.\d · 10⁻[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d+(\.\d+)?)$/);
  // the keyboard reaches the middle
  await page.getByRole('slider', { name: 'Point in the plane' }).press('Home');
  await changed(page, 'flow-digit', there);
  await shows(page, before);
});

test('painted noise makes another picture, and given back the same one', async ({ page }, info) => {
  await openFlow(page, info);
  const [digit, noise] = [await settled(page, 'flow-digit'), await settled(page, 'flow-noise')];
  const pad = page.locator('.noise-surface');
  const box = await pad.boundingBox();
  if (!box) throw new Error('no noise');
  await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.3 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.6 * box.height, { steps: 5 });
  await page.mouse.up();
  await changed(page, 'flow-noise', noise);
  await changed(page, 'flow-digit', digit);
  await expect.poll(async () => (await state(page)).get('paint')).toMatch(/^[\w-]{523}$/);
  await page.getByRole('button', { name: 'Give back its own noise' }).click();
  await shows(page, digit);
  await pad.focus();
  await page.keyboard.press('Space');
  await changed(page, 'flow-noise', noise);
});

test('one goes through the couplings from noise to digit', async ({ page }, info) => {
  await openFlow(page, info);
  const digit = await settled(page, 'flow-digit');
  await page.getByRole('slider', { name: 'Couplings' }).fill('0');
  await changed(page, 'flow-digit', digit);
  // grey values from paper to ink are gone, a third of them is left
  expect(levels(await settled(page, 'flow-digit'))).toBeGreaterThan(50);
  await expect(page.locator('.flow-journey [role=status]')).toHaveText(/^Nothing but noise/);
  await expect.poll(async () => (await state(page)).get('step')).toBe('0');
  await page.locator('.picture-flow-strip').scrollIntoViewIfNeeded();
  const strip = await page.locator('.picture-flow-strip').boundingBox();
  if (!strip) throw new Error('no strip');
  await page.mouse.click(strip.x + strip.width - 3, strip.y + strip.height / 2);
  await shows(page, digit);
});

test('a drawing becomes noise and comes back, and the flow says which digit it is', async ({ page }, info) => {
  await openFlow(page, info);
  const before = await settled(page, 'flow-noise');
  await drawThree(page);
  await changed(page, 'flow-noise', before);
  await expect(async () => {
    const all = await shares(page);
    expect(all.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
    const pressed = await page.locator('.flow-class').evaluateAll((rows) => rows.findIndex((row) => row.ariaPressed === 'true'));
    expect(pressed).toBe(all.indexOf(Math.max(...all)));
  }).toPass({ timeout: 20_000 });
  // what comes out of the noise is what was drawn: as dark, in the same place
  const off = () =>
    page.evaluate(async () => {
    const read = (/** @type {HTMLCanvasElement} */ canvas) => {
      const context = new OffscreenCanvas(28, 28).getContext('2d', { willReadFrequently: true });
      if (!context) throw new Error('no 2d context');
      context.imageSmoothingEnabled = false;
      context.drawImage(canvas, 0, 0, 28, 28);
      return context.getImageData(0, 0, 28, 28).data;
    };
    const [seen, made] = ['.panel-flow-drawing .seen', '.picture-flow-digit canvas'].map((name) =>
      read(/** @type {HTMLCanvasElement} */ (document.querySelector(name))),
    );
    const paper = made?.[0] ?? 0;
    // one canvas holds ink as opacity, the other as colour
    let most = 0;
    for (let i = 0; i < 784; i += 1) {
      const ink = (seen?.[4 * i + 3] ?? 0) / 255;
      const shown = (paper - (made?.[4 * i] ?? 0)) / (paper - 0x1d);
      most = Math.max(most, Math.abs(ink - shown));
    }
    return most;
  });
  await expect.poll(off, { timeout: 20_000 }).toBeLessThan(0.03);
});

test('noise, picture, couplings and plane are saved as files @cpu', async ({ page }, info) => {
  await openFlow(page, info);
  for (const [panel, name] of [['noise', 'noise'], ['digit', 'flow'], ['way', 'couplings'], ['plane', 'plane']]) {
    const saving = page.waitForEvent('download');
    await page.locator(`.panel-flow-${panel}`).getByRole('button', { name: 'PNG' }).click();
    expect((await saving).suggestedFilename()).toBe(`${name}-flow-3-5.png`);
  }
});

test('it fits a phone and nothing in it is out of reach @cpu', async ({ page }, info) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await openFlow(page, info);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  expect(await seriousFindings(page)).toEqual([]);
});
