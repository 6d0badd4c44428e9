/** Noising, steering and taking home, with models that have learned nothing: what holds for any network is tested. */

import { expect, seriousFindings, test } from './fixtures.js';
import { changed, drawThree, look, settled, state } from './support/room.js';
import { PIXELS, apart, computed, inkOf, openView, readout, save, still, trajectory } from './support/steer.js';

/** The page's own pictures have 255 greys. */
const GREY = 1 / 255;

test.beforeEach(async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
});

test.describe('noising a digit', () => {
  test('the noise follows the slider, and it is denoised when one lets go', async ({ page }, info) => {
    await openView(page, info, 'view=forward&t=0.5&steps=10', 'noised');
    await computed(page);
    const slider = page.getByRole('slider', { name: 'Noise', exact: true });
    const box = await slider.boundingBox();
    if (!box) throw new Error('no slider');
    let before = await settled(page, 'noised');
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    for (const place of [0.6, 0.7, 0.85]) {
      await page.mouse.move(box.x + place * box.width, box.y + box.height / 2);
      before = await changed(page, 'noised', before);
      await expect(readout(page)).toContainText('Step 0 of 10');
    }
    await page.mouse.up();
    await expect(readout(page)).toContainText('Step 10 of 10');
    expect((await look(page, 'forward')) === before, 'it was denoised').toBe(false);
    await expect.poll(async () => Number((await state(page)).get('t'))).toBeGreaterThan(0.75);
  });

  test('what is seen is the noised digit: all of it without noise, a mixture with some', async ({ page }, info) => {
    await openView(page, info, 'view=forward&t=0&steps=4', 'noised');
    await computed(page);
    const digit = await still(page, '.panel-source .still-picture');
    const clean = await trajectory(page);
    expect(clean.shape).toEqual([1, 1, 28, 28]);
    expect(apart(clean.digit(0, 0), digit)).toBeLessThan(GREY);
    await expect(page.locator('.panel-denoised .facts')).toContainText('100 % alike');
    await openView(page, info, 'view=forward&t=0.3&steps=4&sampler=euler', 'noised');
    await computed(page);
    const { shape, digit: frame } = await trajectory(page);
    expect(shape).toEqual([5, 1, 28, 28]);
    // on the straight path x_t = (1 - t) x_0 + t eps: the rest has the variance of noise
    const noise = frame(0, 0).map((value, i) => (value - 0.7 * digit[i]) / 0.3);
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / PIXELS;
    expect(variance).toBeGreaterThan(0.8);
    expect(variance).toBeLessThan(1.2);
  });

  test('a drawing is noised too, and the link holds it', async ({ page, context }, info) => {
    await openView(page, info, 'view=forward&t=0.2&steps=3', 'noised');
    const before = await settled(page, 'noised');
    await page.locator('.panel-source').getByText('Drawn').click();
    await drawThree(page);
    await changed(page, 'noised', before);
    await computed(page);
    const drawn = await settled(page, 'noised');
    await expect.poll(async () => (await state(page)).get('source')).toBe('drawn');
    const elsewhere = await context.newPage();
    await openView(elsewhere, info, new URL(page.url()).hash.slice(1).replace('room=denoise&', ''), 'noised');
    await computed(elsewhere);
    expect((await settled(elsewhere, 'noised')) === drawn, 'the same picture').toBe(true);
  });
});

test.describe('filling in', () => {
  test('what is not painted over stays, to the last bit; nine noises fill the rest', async ({ page }, info) => {
    await openView(page, info, 'view=steer&steps=6&jump=3&resample=2', 'inpaint');
    await computed(page);
    const digit = await still(page, '.panel-mask .still-picture');
    const { shape, digit: frame } = await trajectory(page);
    // six steps, each twice, with two jumps back
    expect(shape).toEqual([15, 9, 28, 28]);
    const fills = new Set();
    for (let index = 0; index < 9; index += 1) {
      const filled = frame(-1, index);
      expect(apart(filled.subarray(0, PIXELS / 2), digit.subarray(0, PIXELS / 2))).toBeLessThan(GREY);
      fills.add(filled.slice(PIXELS / 2).join());
    }
    expect(fills.size).toBe(9);
    expect([...frame(-1, 0).subarray(0, PIXELS / 2)]).toEqual([...frame(-1, 8).subarray(0, PIXELS / 2)]);
  });

  test('resampling is seen: the timeline goes back into the noise', async ({ page }, info) => {
    await openView(page, info, 'view=steer&steps=4&jump=2&resample=2', 'inpaint');
    await computed(page);
    const slider = page.locator('.timeline:visible').getByRole('slider');
    await slider.press('Home');
    await slider.press('ArrowRight');
    await expect(readout(page)).toContainText('Step 1 of 10 · t = 0.75');
    await slider.press('ArrowRight');
    await expect(readout(page)).toContainText('Step 2 of 10 · t = 0.50, going back into the noise');
    await slider.press('ArrowRight');
    await expect(readout(page)).toContainText('Step 3 of 10 · t = 1.00');
    await expect(page.getByRole('img', { name: '10 moves, 2 of them back' })).toBeVisible();
    await page.getByRole('slider', { name: 'Repeat' }).fill('1');
    await expect(readout(page)).toContainText('of 4');
    await expect.poll(async () => (await state(page)).get('resample')).toBe('1');
  });

  test('the mask is painted by hand, by button and by key, and the link holds it', async ({ page }, info) => {
    await openView(page, info, 'view=steer&steps=2&resample=1', 'inpaint');
    await computed(page);
    const painted = async () => (await inkOf(page, '.veil')).filter((ink) => ink > 0).length;
    expect(await painted()).toBe(PIXELS / 2);
    await page.getByRole('button', { name: 'Keep all' }).click();
    expect(await painted()).toBe(0);
    const before = await settled(page, 'inpaint');
    const box = await page.locator('.mask-surface').boundingBox();
    if (!box) throw new Error('no mask');
    await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.5 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.5 * box.height, { steps: 3 });
    await page.mouse.up();
    const stroke = await painted();
    expect(stroke).toBeGreaterThan(60);
    await changed(page, 'inpaint', before);
    await page.locator('.mask-surface').focus();
    for (let i = 0; i < 8; i += 1) await page.keyboard.press('ArrowUp');
    await page.keyboard.press(' ');
    expect(await painted()).toBeGreaterThan(stroke);
    const mask = (await state(page)).get('mask');
    expect(mask).toMatch(/^[\w-]{131}$/);
    const all = await painted();
    await page.getByRole('button', { name: 'Swap', exact: true }).click();
    expect(await painted()).toBe(PIXELS - all);
    await page.goBack();
    await expect.poll(painted).toBe(all);
  });
});

test('a drawing becomes nine digits, the more freely the stronger the noise', async ({ page }, info) => {
  await openView(page, info, 'view=steer&tool=sketch&t=0&steps=4', 'sketch');
  await computed(page);
  const digit = await still(page, '.panel-source .still-picture');
  const kept = await trajectory(page);
  expect(kept.shape).toEqual([1, 9, 28, 28]);
  for (let index = 0; index < 9; index += 1) expect(apart(kept.digit(0, index), digit)).toBeLessThan(GREY);
  await page.getByRole('slider', { name: 'Strength' }).fill('0.1');
  await expect(readout(page)).toContainText('Step 4 of 4');
  const slight = await trajectory(page);
  await page.getByRole('slider', { name: 'Strength' }).fill('1');
  await expect(readout(page)).toContainText('Step 4 of 4');
  const wild = await trajectory(page);
  expect(slight.shape).toEqual([5, 9, 28, 28]);
  expect(apart(slight.digit(0, 0), digit)).toBeLessThan(apart(wild.digit(0, 0), digit));
  expect(new Set(Array.from({ length: 9 }, (_, index) => wild.digit(-1, index).join())).size).toBe(9);
});

test.describe('through the noise and back', () => {
  test('a morph begins and ends in its digits, within what it says is lost', async ({ page }, info) => {
    await openView(page, info, 'view=steer&tool=morph&sampler=heun&steps=20&mix=0', 'morph');
    await expect(page.locator('.panel-between .facts')).toContainText('first', { timeout: 45_000 });
    const [first, second] = [await still(page, '.panel-source:not(.panel-second) .still-picture'), await still(page, '.panel-second .still-picture')];
    const told = /([\d.]+) first, ([\d.]+) second/.exec((await page.locator('.panel-between .facts').textContent()) ?? '');
    if (!told) throw new Error('nothing is said of what is lost');
    const { shape, digit } = await trajectory(page);
    expect(shape).toEqual([21, 21, 28, 28]);
    const ends = [apart(digit(-1, 0), first), apart(digit(-1, 20), second)];
    ends.forEach((end, i) => {
      expect(Math.abs(end - Number(told[i + 1]))).toBeLessThan(GREY);
      expect(end).toBeLessThan(0.05);
    });
    expect(apart(digit(-1, 10), first)).toBeGreaterThan(ends[0]);
    const before = await settled(page, 'between');
    await page.getByRole('slider', { name: 'Place', exact: true }).fill('1');
    await changed(page, 'between', before);
    await expect.poll(async () => (await state(page)).get('mix')).toBe('1');
  });

  test('a digit changes its class, and as itself it comes back', async ({ page }, info) => {
    await openView(page, info, 'view=steer&tool=swap&sampler=heun&steps=20&subject=5', 'swap');
    const facts = page.locator('.panel-swapped .facts');
    await expect(facts).toHaveText(/\d\.\d{4}/, { timeout: 45_000 });
    const told = Number(/\d\.\d{4}/.exec((await facts.textContent()) ?? '')?.[0]);
    const digit = await still(page, '.panel-source .still-picture');
    const { shape, digit: frame } = await trajectory(page);
    expect(shape).toEqual([21, 10, 28, 28]);
    expect(Math.abs(apart(frame(-1, 5), digit) - told)).toBeLessThan(GREY);
    expect(told).toBeLessThan(0.05);
    expect(apart(frame(-1, 8), digit)).toBeGreaterThan(told);
    // all begin in the same noise
    expect([...frame(0, 0)]).toEqual([...frame(0, 9)]);
    const before = await settled(page, 'swapped');
    await page.getByRole('button', { name: 'Into a 5' }).click();
    await changed(page, 'swapped', before);
  });

  test('a network that was told no classes cannot change one, and says so', async ({ page }, info) => {
    await openView(page, info, 'view=steer&tool=morph&model=ddpm-textbook&steps=4', 'morph');
    await page.locator('.panel-steer').getByText('Change the class').click();
    await expect(page.getByText('never told which digit is which')).toBeVisible();
  });

  test('DDPM, which has no way back, is walked as DDIM', async ({ page }, info) => {
    await openView(page, info, 'view=steer&tool=morph&sampler=ddpm&steps=4', 'morph');
    await expect(page.locator('.panel-between .facts')).toContainText('first', { timeout: 45_000 });
  });
});

test.describe('taking home', () => {
  test('a strip, an animation, a film', async ({ page }, info) => {
    await openView(page, info, 'steps=12&seed=5&at=1', 'xt-main');
    await computed(page);
    const png = await save(page, 'Strip');
    expect(png.name).toBe('denoising-diffusion-5.png');
    expect(png.bytes.toString('latin1', 1, 4)).toBe('PNG');
    // ten frames of 28 with gaps of 2 between them, four times as large
    expect([png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)]).toEqual([4 * 298, 4 * 28]);
    const gif = await save(page, 'GIF');
    expect(gif.bytes.toString('latin1', 0, 6)).toBe('GIF89a');
    expect(gif.bytes.at(-1)).toBe(0x3b);
    const frames = await page.evaluate(async (list) => {
      const decoder = new ImageDecoder({ data: Uint8Array.from(list), type: 'image/gif' });
      await decoder.tracks.ready;
      const { frameCount } = /** @type {ImageTrack} */ (decoder.tracks.selectedTrack);
      const { image } = await decoder.decode({ frameIndex: frameCount - 1 });
      return { frameCount, width: image.displayWidth };
    }, [...gif.bytes]);
    expect(frames).toEqual({ frameCount: 13, width: 14 * 28 });
    const film = page.locator('.export:visible').getByRole('button', { name: 'WebM' });
    if ((await film.count()) > 0) {
      const { bytes } = await save(page, 'WebM');
      expect([...bytes.subarray(0, 4)]).toEqual([0x1a, 0x45, 0xdf, 0xa3]);
      expect(bytes.length).toBeGreaterThan(1000);
    }
  });

  test('what is left while it is being saved leaves no error', async ({ page }, info) => {
    await openView(page, info, 'steps=400&seed=5&at=1', 'xt-main');
    await page.locator('.export:visible').getByRole('button', { name: 'GIF' }).click();
    await page.locator('.tabs').getByText('Noise it').click();
    await computed(page);
    await expect(page.locator('.notice[data-tone="error"]:visible')).toHaveCount(0);
  });
});

test('a view gives its trajectories back when it is left, and is found as it was', async ({ page }, info) => {
  await openView(page, info, 'view=steer&steps=5', 'inpaint');
  await computed(page);
  const before = await settled(page, 'inpaint');
  for (const tab of ['Watch', 'Noise it', 'Steer']) {
    await page.locator('.room:visible .tabs').getByText(tab, { exact: true }).click();
    await computed(page);
  }
  for (const tool of ['From a drawing', 'Morph', 'Change the class', 'Fill in']) {
    await page.locator('.panel-steer').getByText(tool, { exact: true }).click();
    await expect(readout(page)).toContainText('Step', { timeout: 30_000 });
  }
  await computed(page);
  await expect(async () => expect((await look(page, 'inpaint')) === before, 'the same picture').toBe(true)).toPass();
});

const VIEWS = /** @type {const} */ ([
  ['view=forward&steps=3', 'noised'],
  ['view=steer&steps=3', 'inpaint'],
  ['view=steer&tool=sketch&steps=3', 'sketch'],
  ['view=steer&tool=morph&steps=3', 'morph'],
  ['view=steer&tool=swap&steps=3', 'swap'],
]);

for (const theme of /** @type {const} */ (['light', 'dark'])) {
  test(`axe finds nothing serious, ${theme} @cpu`, async ({ page }, info) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const [hash, picture] of VIEWS) {
      await openView(page, info, hash, picture);
      expect(await seriousFindings(page), hash).toEqual([]);
    }
  });
}

for (const width of [320, 390, 820, 1440, 1920]) {
  test(`nothing is cut off at a width of ${width} @cpu`, async ({ page }, info) => {
    await page.setViewportSize({ width, height: width < 500 ? 844 : 1000 });
    for (const [hash, picture] of VIEWS) {
      await openView(page, info, hash, picture);
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(excess, hash).toBeLessThanOrEqual(0);
    }
  });
}
