/** What the tests of the Denoise room share: models that take no time, and opening the room with them. */

import { createHash } from 'node:crypto';
import { expect } from '../fixtures.js';
import { address, drawn } from './room.js';
import { tinyMlp, tinyUnet } from './tiny-denoiser.js';

/** @import { Locator, Page, TestInfo } from '@playwright/test' */

/** Stand-ins under the ids of the shipped models. */
const MODELS = [
  { id: 'diffusion', title: 'A tiny U-Net', bytes: tinyUnet() },
  { id: 'ddpm-textbook', title: 'A tiny MLP', bytes: tinyMlp() },
];

/** @param {Page} page  from now on its catalog has the stand-ins as denoisers, beside the shipped VAEs */
export async function useTinyModels(page) {
  await page.route(/\/catalog\.json$/, async (route) => {
    const { models } = await (await route.fetch()).json();
    const others = models.filter((/** @type {{family: string}} */ { family }) => family !== 'denoiser');
    const rows = MODELS.map(({ id, title, bytes }) => ({
      id,
      family: 'denoiser',
      title,
      file: `tiny-${id}.safetensors`,
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }));
    await route.fulfill({ json: { models: [...others, ...rows] } });
  });
  for (const { id, bytes } of MODELS) {
    await page.route(new RegExp(`/tiny-${id}\\.safetensors$`), (route) => route.fulfill({ body: Buffer.from(bytes) }));
  }
}

/**
 * Opens the Denoise room with the stand-ins and waits until the first picture is there.
 * @param {Page} page
 * @param {TestInfo} info
 * @param {string} [hash]  what the address holds beside the room
 */
export async function openDenoise(page, info, hash = '') {
  await useTinyModels(page);
  await page.goto(address(info, { hash: `room=denoise${hash ? `&${hash}` : ''}` }));
  await drawn(page, 'xt-main');
  await expect(page.locator('.progress')).toBeHidden({ timeout: 30_000 });
}

/** The slider from noise to digit. @param {Page} page @returns {Locator} */
export function timeline(page) {
  return page.locator('.timeline').getByRole('slider');
}

/** Waits until everything is computed. @param {Page} page */
export async function computed(page) {
  await expect(page.locator('.timeline-readout')).not.toContainText('computed up to', { timeout: 30_000 });
}
