/** What the tests of steering share: values out of files that the page saves, digits as they are on the page. */

import { readFile } from 'node:fs/promises';
import { expect } from '../fixtures.js';
import { address } from './room.js';
import { useTinyModels } from './denoise.js';

/** @import { Page, TestInfo } from '@playwright/test' */

export const PIXELS = 784;

/**
 * Opens a view of the Denoise room with the stand-ins, and waits for a picture.
 * @param {Page} page
 * @param {TestInfo} info
 * @param {string} hash  beside the room
 * @param {string} picture
 */
export async function openView(page, info, hash, picture) {
  await useTinyModels(page);
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=denoise&${hash}` }));
  await expect(page.locator(`.picture-${picture}`)).toHaveClass(/drawn/, { timeout: 30_000 });
  await expect(page.locator('.progress')).toBeHidden({ timeout: 30_000 });
}

/** The readout of the view that is open. @param {Page} page */
export const readout = (page) => page.locator('.timeline-readout:visible');

/** Waits until everything is computed. @param {Page} page */
export async function computed(page) {
  await expect(readout(page)).toContainText('Step', { timeout: 30_000 });
  await expect(readout(page)).not.toContainText('computed up to', { timeout: 45_000 });
}

/** @param {Page} page @param {string} name of the button @returns {Promise<{name: string, bytes: Buffer}>} */
export async function save(page, name) {
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: 45_000 }),
    page.locator('.export:visible').getByRole('button', { name, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/**
 * Every state of the trajectory in sight.
 * @param {Page} page
 * @returns {Promise<{shape: number[], digit: (frame: number, index: number) => Float32Array}>} frames may be counted from the end
 */
export async function trajectory(page) {
  const { bytes } = await save(page, '.npy');
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]));
  const start = 10 + bytes.readUInt16LE(8);
  expect(start % 64).toBe(0);
  const header = bytes.toString('latin1', 10, start);
  expect(header).toContain("'descr': '<f4', 'fortran_order': False");
  const shape = (/\(([\d, ]+)\)/.exec(header)?.[1] ?? '').split(',').map(Number);
  const [frames, batch] = shape;
  expect(bytes.length).toBe(start + 4 * frames * batch * PIXELS);
  const values = Float32Array.from({ length: frames * batch * PIXELS }, (_, i) => bytes.readFloatLE(start + 4 * i));
  const digit = (/** @type {number} */ frame, /** @type {number} */ index) => {
    const place = ((frame < 0 ? frames + frame : frame) * batch + index) * PIXELS;
    return values.subarray(place, place + PIXELS);
  };
  return { shape, digit };
}

/**
 * How much ink a canvas of the page has at each pixel, 0 to 255.
 * @param {Page} page
 * @param {string} selector
 * @returns {Promise<number[]>}
 */
export function inkOf(page, selector) {
  return page.locator(selector).evaluate((element) => {
    // a copy: reading a canvas often makes the browser warn of it
    const copy = new OffscreenCanvas(28, 28).getContext('2d', { willReadFrequently: true });
    if (!copy) throw new Error('no 2d context');
    copy.drawImage(/** @type {HTMLCanvasElement} */ (element), 0, 0);
    const { data } = copy.getImageData(0, 0, 28, 28);
    return Array.from({ length: 784 }, (_, i) => data[4 * i + 3]);
  });
}

/**
 * A digit that the page itself draws, in [-1, 1], to within half a grey of 255.
 * @param {Page} page
 * @param {string} selector
 * @returns {Promise<Float32Array>}
 */
export async function still(page, selector) {
  return Float32Array.from(await inkOf(page, selector), (alpha) => (2 * alpha) / 255 - 1);
}

/** Root mean square of the differences, as a share of the way from paper to ink. @param {Float32Array} a @param {Float32Array} b */
export function apart(a, b) {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length) / 2;
}
