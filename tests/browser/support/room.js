/** What the tests of the Latent room share: opening it, waiting for pictures, reading and comparing them. */

import { expect } from '../fixtures.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/**
 * @typedef {object} Opening
 * @property {string} [hash]  the state in the address, without the #
 * @property {string} [query]  replaces the choice of backend that the project makes
 */

/**
 * Address of the room for the project that the test runs in.
 * @param {TestInfo} info
 * @param {Opening} [opening]
 */
export function address(info, { hash = '', query } = {}) {
  const backend = info.project.name === 'webgpu' ? '?backend=gpu' : '';
  return `./${query ?? backend}${hash ? `#${hash}` : ''}`;
}

/**
 * Opens the room and waits until a picture is there.
 * @param {Page} page
 * @param {TestInfo} info
 * @param {Opening} [opening]
 */
export async function openRoom(page, info, opening = {}) {
  await page.goto(address(info, opening));
  const view = new URLSearchParams(opening.hash ?? '').get('view') ?? 'walk';
  const first = { walk: 'digit', interpolate: 'loop-line', draw: 'mosaic' }[view] ?? 'digit';
  if (view !== 'draw') await drawn(page, first);
  await expect(page.locator('.progress')).toBeHidden({ timeout: 30_000 });
  await ready(page);
}

/** Waits until the view in sight takes what a person does: while its model is on the way it does not. @param {Page} page */
export async function ready(page) {
  await expect(page.locator('.stage:visible').first()).toBeVisible({ timeout: 30_000 });
  await expect(page.locator('.stage[inert]')).toHaveCount(0, { timeout: 30_000 });
}

/** @param {Page} page @param {string} name of a picture */
export async function drawn(page, name) {
  await expect(page.locator(`.picture-${name}`)).toHaveClass(/drawn/, { timeout: 30_000 });
  // a crossfade shows a canvas when it is first drawn
  await page.waitForTimeout(250);
}

/**
 * The pixels of a picture as they are on the screen, as a string to compare.
 * @param {Page} page
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function look(page, name) {
  return page.evaluate(async (picture) => {
    // a canvas that was handed to the worker shows what the worker committed last
    await new Promise((resolve) => {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(undefined)));
    });
    const source = /** @type {HTMLCanvasElement} */ (document.querySelector(`.picture-${picture} canvas`));
    const copy = new OffscreenCanvas(56, 56);
    const context = copy.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no 2d context');
    // a canvas may be as large as its box or as small as the image: crisp sampling reads the same pixels of both
    context.imageSmoothingEnabled = false;
    context.drawImage(source, 0, 0, 56, 56);
    const { data } = context.getImageData(0, 0, 56, 56);
    return btoa(String.fromCharCode(...data.filter((_, i) => i % 4 === 0)));
  }, name);
}

/**
 * Waits until a picture differs from `before`, and gives the new one.
 * @param {Page} page
 * @param {string} name
 * @param {string} before
 */
export async function changed(page, name, before) {
  let now = before;
  await expect(async () => {
    now = await look(page, name);
    expect(now === before, `the picture ${name} has changed`).toBe(false);
  }).toPass({ timeout: 5000, intervals: [10, 20, 50] });
  return now;
}

/**
 * Waits until a picture stands still, and gives it.
 * @param {Page} page
 * @param {string} name
 */
export async function settled(page, name) {
  let before = await look(page, name);
  for (let still = 0; still < 3; ) {
    await page.waitForTimeout(60);
    const now = await look(page, name);
    still = now === before ? still + 1 : 0;
    before = now;
  }
  return before;
}

/** How many grey levels a picture has: one means that nothing was drawn. @param {string} picture */
export function levels(picture) {
  return new Set(atob(picture)).size;
}

/** What the address holds. @param {Page} page @returns {Promise<URLSearchParams>} */
export async function state(page) {
  return new URLSearchParams(new URL(page.url()).hash.slice(1));
}

/**
 * Draws a digit three on the drawing pad, in shares of its side.
 * @param {Page} page
 * @param {(step: number) => Promise<void>} [each]  after each movement
 */
export async function drawThree(page, each = async () => {}) {
  const surface = page.locator('.drawing-surface');
  await surface.scrollIntoViewIfNeeded();
  await ready(page);
  const box = await surface.boundingBox();
  if (!box) throw new Error('no drawing pad');
  const at = (/** @type {number} */ x, /** @type {number} */ y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  const points = [[0.5, 0.2], [0.68, 0.3], [0.62, 0.45], [0.45, 0.5], [0.65, 0.58], [0.68, 0.75], [0.5, 0.85], [0.3, 0.75]];
  await at(0.3, 0.3);
  await page.mouse.down();
  for (const [step, [x = 0, y = 0]] of points.entries()) {
    await at(x, y);
    await each(step);
  }
  await page.mouse.up();
}

/**
 * The pixels of a canvas that the page itself draws on.
 * @param {import('@playwright/test').Locator} canvas
 * @returns {Promise<{red: number, alpha: number}[]>}
 */
export async function ownPixels(canvas) {
  const base64 = await canvas.evaluate((element) => {
    const source = /** @type {HTMLCanvasElement} */ (element);
    const copy = new OffscreenCanvas(source.width, source.height);
    const context = copy.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no 2d context');
    context.drawImage(source, 0, 0);
    const { data } = context.getImageData(0, 0, source.width, source.height);
    let text = '';
    for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i] ?? 0, data[i + 3] ?? 0);
    return btoa(text);
  });
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 2 }, (_, i) => ({ red: bytes[2 * i] ?? 0, alpha: bytes[2 * i + 1] ?? 0 }));
}
