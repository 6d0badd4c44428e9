import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.js';
import { changed, levels, look, openRoom, ownPixels, settled, state } from './support/room.js';

test.describe('the map', () => {
  test('the digit follows the mouse at every movement, not on release', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'z=-2,-2' });
    const box = await page.locator('.pad-surface').boundingBox();
    if (!box) throw new Error('no pad');
    let before = await settled(page, 'digit');
    expect(levels(before)).toBeGreaterThan(8);
    await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.8 * box.height);
    await page.mouse.down();
    for (const share of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]) {
      await page.mouse.move(box.x + share * box.width, box.y + (1 - share) * box.height);
      before = await changed(page, 'digit', before);
    }
    await page.mouse.up();
    await expect.poll(async () => (await state(page)).get('z')).toMatch(/^1\.\d+,1\.\d+$/);
  });

  test('the ground is a mosaic of many different digits', async ({ page }, info) => {
    await openRoom(page, info);
    const mosaic = page.locator('.picture-mosaic');
    await expect(mosaic).toHaveClass(/drawn/);
    await expect(mosaic).toHaveAccessibleName(/20 by 20/);
    expect(levels(await settled(page, 'mosaic'))).toBeGreaterThan(20);
  });

  test('arrow keys move the point; Home takes it to the origin', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'z=1,1' });
    const handle = page.getByRole('slider', { name: 'Latent point' });
    await handle.focus();
    let before = await settled(page, 'digit');
    for (const key of ['ArrowLeft', 'ArrowUp', 'Shift+ArrowRight', 'ArrowDown']) {
      await page.keyboard.press(key);
      before = await changed(page, 'digit', before);
    }
    await page.keyboard.press('Home');
    await changed(page, 'digit', before);
    await expect(handle).toHaveAttribute('aria-valuetext', '0.00 across, 0.00 up');
  });

  test('a finger moves the point', async ({ browser, site, faults: _faults }, info) => {
    const context = await browser.newContext({ baseURL: site.url, hasTouch: true, viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await openRoom(page, info, { hash: 'z=-2,-2' });
    const pad = page.locator('.pad-surface');
    await pad.scrollIntoViewIfNeeded();
    const before = await settled(page, 'digit');
    const box = await pad.boundingBox();
    if (!box) throw new Error('no pad');
    await page.touchscreen.tap(box.x + 0.8 * box.width, box.y + 0.3 * box.height);
    await changed(page, 'digit', before);
    await context.close();
  });

  test('sliders in the text are the same point', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'z=-2,0' });
    const before = await settled(page, 'digit');
    await page.locator('.prose').getByRole('slider', { name: 'Unit 1' }).fill('1.5');
    await changed(page, 'digit', before);
    await expect.poll(async () => (await state(page)).get('z')).toBe('1.5,0');
  });

  test('the encodings of the test set lie over the map on demand', async ({ page }, info) => {
    await openRoom(page, info);
    const painted = async () => {
      const seen = (await ownPixels(page.locator('canvas.codes'))).filter(({ alpha }) => alpha > 150);
      return new Set(seen.map(({ red }) => red)).size;
    };
    await page.getByRole('button', { name: 'Show the test set' }).click();
    await expect.poll(painted).toBeGreaterThan(8);
    await expect(page.getByRole('list', { name: 'Colours of the digits' })).toBeVisible();
    await page.getByRole('button', { name: 'Show the test set' }).click();
    await expect(page.getByRole('list', { name: 'Colours of the digits' })).toBeHidden();
  });
});

test.describe('the sliders', () => {
  test('the most active units come first, the rest waits behind more', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'model=vae-dense' });
    const sliders = page.locator('.panel-sliders');
    await expect(sliders.getByRole('slider')).toHaveCount(8);
    const activity = await sliders.locator('.slider-group').first().locator('.slider-activity').allTextContents();
    const nats = activity.map((text) => Number.parseFloat(text));
    expect(nats).toEqual([...nats].sort((a, b) => b - a));
    await sliders.locator('summary').click();
    await expect(sliders.getByRole('slider')).toHaveCount(20);
    await expect(page.locator('.picture-more-ends-low')).toHaveClass(/drawn/);
  });

  test('a slider moves the digit and the pictures of the ends, with mouse and keyboard', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'model=vae-dense' });
    const slider = page.locator('.panel-sliders').getByRole('slider').first();
    let digit = await settled(page, 'digit');
    const ends = await settled(page, 'ends-low');
    await slider.fill('-2.5');
    digit = await changed(page, 'digit', digit);
    await slider.fill('2.5');
    digit = await changed(page, 'digit', digit);
    await slider.press('ArrowLeft');
    await changed(page, 'digit', digit);
    await expect(slider).toHaveAttribute('aria-valuetext', '2.40');
    expect(await settled(page, 'ends-low')).not.toBe(ends);
  });

  test('randomise and reset leave frozen units alone', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'model=vae-dense' });
    const row = page.locator('.slider-row').first();
    await row.getByRole('slider').fill('1.23');
    await row.getByRole('button', { name: /Freeze/ }).click();
    const before = await settled(page, 'digit');
    await page.getByRole('button', { name: 'Randomise' }).click();
    const random = await changed(page, 'digit', before);
    await expect(row.locator('output')).toHaveText('1.23');
    await page.getByRole('button', { name: 'Reset' }).click();
    await changed(page, 'digit', random);
    await expect(row.locator('output')).toHaveText('1.23');
    await expect(page.locator('.slider-row').nth(1).locator('output')).toHaveText('0.00');
  });

  test('the length in the text stretches z', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'model=vae-dense' });
    await page.getByRole('slider', { name: 'Length of z' }).fill('2');
    await expect
      .poll(async () => Math.hypot(...((await state(page)).get('z') ?? '').split(',').map(Number)))
      .toBeCloseTo(2, 1);
  });
});

test('every model of the catalog can be opened', async ({ page }, info) => {
  await openRoom(page, info);
  const labels = page.locator('.models label');
  const catalog = JSON.parse(await readFile(new URL('../../www/models/catalog.json', import.meta.url), 'utf8'));
  const { length } = catalog.models.filter((/** @type {{family: string}} */ { family }) => family === 'vae');
  await expect(labels).toHaveCount(length);
  for (let i = length - 1; i >= 0; i -= 1) {
    const title = (await labels.nth(i).getAttribute('title')) ?? '';
    await labels.nth(i).click();
    await expect(page.locator('.about h2')).toHaveText(title);
    await expect(page.locator('.facts')).toContainText('ELBO');
    expect(levels(await settled(page, 'digit'))).toBeGreaterThan(4);
  }
});

test('scaling is crisp or smooth by choice', async ({ page }, info) => {
  await openRoom(page, info);
  const before = await settled(page, 'digit');
  await page.getByRole('button', { name: 'Smooth' }).click();
  await changed(page, 'digit', before);
  expect((await state(page)).get('smooth')).toBe('1');
});

test.describe('saving', () => {
  /** @param {import('@playwright/test').Page} page @param {string} name */
  async function download(page, name) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }

  test('z as .npy and JSON, and the picture as PNG', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'z=0.5,-1.25' });
    const npy = await download(page, '.npy');
    expect(npy.name).toBe('inkling-vae-map-z.npy');
    expect(npy.bytes.subarray(0, 6).toString('latin1')).toBe('\x93NUMPY');
    const data = 10 + npy.bytes.readUInt16LE(8);
    expect(data % 64).toBe(0);
    expect(npy.bytes.subarray(10, data).toString('latin1')).toContain("'shape': (2,)");
    expect([npy.bytes.readFloatLE(data), npy.bytes.readFloatLE(data + 4)]).toEqual([0.5, -1.25]);

    const json = await download(page, 'JSON');
    expect(JSON.parse(json.bytes.toString())).toMatchObject({ model: 'vae-map', z: [0.5, -1.25] });

    const png = await download(page, 'PNG');
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
    const digit = await settled(page, 'digit');
    const shown = await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(28, 28).getContext('2d', { willReadFrequently: true });
      context?.drawImage(bitmap, 0, 0, 28, 28);
      return new Set(context?.getImageData(0, 0, 28, 28).data).size;
    }, png.bytes.toString('base64'));
    expect(levels(digit)).toBeGreaterThan(8);
    expect(shown).toBeGreaterThan(8);
  });
});

test('the inspector shows what a decode costs', async ({ page }, info) => {
  await openRoom(page, info);
  await page.getByRole('button', { name: 'Show the inspector' }).click();
  await page.getByRole('slider', { name: 'Latent point' }).focus();
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('ArrowLeft');
    await page.waitForTimeout(30);
  }
  const figure = (/** @type {string} */ name) => page.locator('.inspector div', { hasText: name }).locator('dd');
  await expect(figure('Time per decode')).toHaveText(/^\d+\.\d\d ms$/);
  await expect(figure('Input to canvas')).toHaveText(/^\d+\.\d ms$/);
  await expect(figure('Dispatches')).toHaveText(/^[1-9]\d*$/);
  await expect(figure('Frames per second')).toHaveText(/^[1-9]\d*$/);
  expect(await look(page, 'digit')).toBeTruthy();
});
