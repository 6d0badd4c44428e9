/** Weights are fetched once: a page that is opened again asks for none, and for another version it asks once more. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures.js';
import { openRoom } from './support/room.js';

/** @import { Page } from '@playwright/test' */

const FILE = 'vae-map.safetensors';
const first = readFileSync(new URL(`../../www/models/${FILE}`, import.meta.url));
// another last weight
const second = Buffer.from(first);
second[second.length - 1] ^= 1;

/** A site whose weights may change. @param {Page} page */
async function site(page) {
  const served = { bytes: first, asked: 0 };
  await page.route(/\/catalog\.json$/, async (route) => {
    const { models } = await (await route.fetch()).json();
    const sha256 = createHash('sha256').update(served.bytes).digest('hex');
    await route.fulfill({ json: { models: models.map((/** @type {{file: string}} */ row) => (row.file === FILE ? { ...row, sha256 } : row)) } });
  });
  await page.route(/\.safetensors$/, async (route) => {
    served.asked += 1;
    if (route.request().url().endsWith(`/${FILE}`)) await route.fulfill({ body: served.bytes });
    else await route.continue();
  });
  return served;
}

/** The weights that the browser keeps. @param {Page} page @returns {Promise<string[]>} */
const kept = (page) => page.evaluate(async () => (await (await caches.open('inkling-weights')).keys()).map(({ url }) => url));

test('weights are kept, under the version that the catalog names @cpu', async ({ page }, info) => {
  const served = await site(page);
  const again = async () => {
    served.asked = 0;
    await page.goto('about:blank');
    await openRoom(page, info, { hash: 'model=vae-map' });
    return served.asked;
  };
  expect(await again()).toBe(1);
  await expect.poll(() => kept(page)).toHaveLength(1);
  expect(await again(), 'opened again').toBe(0);

  served.bytes = second;
  expect(await again(), 'another version').toBe(1);
  await expect.poll(async () => (await kept(page)).join()).toContain(createHash('sha256').update(second).digest('hex'));
  expect(await kept(page), 'the old version is gone').toHaveLength(1);
  expect(await again()).toBe(0);
});

test('what is kept broken is fetched anew @cpu', async ({ page }, info) => {
  const served = await site(page);
  await openRoom(page, info, { hash: 'model=vae-map' });
  await expect.poll(() => kept(page)).toHaveLength(1);
  await page.evaluate(async () => {
    const cache = await caches.open('inkling-weights');
    for (const key of await cache.keys()) await cache.put(key, new Response('not weights'));
  });
  served.asked = 0;
  await page.goto('about:blank');
  await openRoom(page, info, { hash: 'model=vae-map' });
  expect(served.asked).toBe(1);
});

test('without a store for files the page works as well @cpu', async ({ page }, info) => {
  const served = await site(page);
  await page.route(/\/worker[^/]*\.js$/, async (route) => {
    const script = await (await route.fetch()).text();
    const refused = "Object.defineProperty(globalThis, 'caches', { get() { throw new DOMException('refused', 'SecurityError'); } });";
    await route.fulfill({ contentType: 'text/javascript', body: `${refused}\n${script}` });
  });
  for (const asked of [1, 2]) {
    await page.goto('about:blank');
    await openRoom(page, info, { hash: 'model=vae-map' });
    expect(served.asked).toBe(asked);
  }
});
