import { expect, test } from './fixtures.js';
import { changed, levels, look, openRoom, settled, state } from './support/room.js';

test('two strips lead from one end to the other', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=interpolate&model=vae-dense&from=class:0&to=class:7&t=0.5' });
  const line = await settled(page, 'strip-line');
  const arc = await settled(page, 'strip-arc');
  expect(levels(line)).toBeGreaterThan(8);
  expect(line === arc, 'the straight line and the arc give the same strip').toBe(false);
  await expect(page.locator('.loop-arc output')).not.toHaveText(await page.locator('.loop-line output').innerText());
});

test('at both ends the straight line and the arc meet', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=interpolate&model=vae-dense&t=0' });
  for (const place of ['0', '1']) {
    await page.locator('.player').getByRole('slider').fill(place);
    await expect(async () => {
      const lengths = await page.locator('.loop output').allTextContents();
      expect(lengths[0]).toBe(lengths[1]);
    }).toPass();
  }
});

test('ends are class means, random points or what was drawn; the path moves on the pad', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=interpolate&t=0.3' });
  const pathOf = () => page.locator('.path-line').getAttribute('points');
  const first = await pathOf();
  let strip = await settled(page, 'strip-line');
  await page.locator('.end-from').getByRole('button', { name: 'Mean of digit 7' }).click();
  strip = await changed(page, 'strip-line', strip);
  await expect.poll(pathOf).not.toBe(first);
  await page.locator('.end-to').getByRole('button', { name: 'Random' }).click();
  await changed(page, 'strip-line', strip);
  const { from, to } = Object.fromEntries(await state(page));
  expect(from).toBe('class:7');
  expect(to).toMatch(/^seed:\d+$/);
  await expect(page.locator('.end-to').getByRole('button', { name: 'Drawn' })).toBeDisabled();
});

test('ends are dragged on the map', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=interpolate&from=z:-2,-2&to=z:2,2&t=0.25' });
  const box = await page.locator('.pad-surface').boundingBox();
  if (!box) throw new Error('no pad');
  const at = (/** @type {number} */ a, /** @type {number} */ b) =>
    page.mouse.move(box.x + ((a / 3 + 1) / 2) * box.width, box.y + ((1 - b / 3) / 2) * box.height);
  const before = await settled(page, 'loop-line');
  await at(-2, -2);
  await page.mouse.down();
  await at(-2, 1.5);
  await changed(page, 'loop-line', before);
  await page.mouse.up();
  await expect.poll(async () => (await state(page)).get('from')).toMatch(/^z:-(2|1\.9\d+),1\.[45]\d*$/);
});

test('the animation plays, pauses, and stays where it was paused', async ({ page }, info) => {
  await openRoom(page, info);
  await page.getByText('Interpolate', { exact: true }).click();
  const pause = page.getByRole('button', { name: 'Pause' });
  await expect(pause).toBeVisible();
  const before = await look(page, 'loop-line');
  await changed(page, 'loop-line', before);
  await pause.click();
  const still = await settled(page, 'loop-line');
  await page.waitForTimeout(300);
  expect(await look(page, 'loop-line')).toBe(still);
  expect((await state(page)).get('view')).toBe('interpolate');
});

test('with reduced motion nothing moves before it is asked to', async ({ page }, info) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openRoom(page, info);
  await page.getByText('Interpolate', { exact: true }).click();
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  const still = await settled(page, 'loop-line');
  await page.waitForTimeout(400);
  expect(await look(page, 'loop-line')).toBe(still);
  await page.getByRole('button', { name: 'Play' }).click();
  await changed(page, 'loop-line', still);
});

test('a slider in the text scrubs along the path', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=interpolate&t=0.1' });
  const before = await settled(page, 'loop-line');
  await page.locator('.prose').getByRole('slider', { name: 'Place on the path' }).fill('0.9');
  await changed(page, 'loop-line', before);
  await expect.poll(async () => (await state(page)).get('t')).toBe('0.9');
});
