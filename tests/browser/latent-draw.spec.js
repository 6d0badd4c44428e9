import { expect, test } from './fixtures.js';
import { changed, drawThree, drawn, levels, openRoom, ownPixels, settled, state } from './support/room.js';

/** @param {import('@playwright/test').Page} page @param {string} term */
async function nats(page, term) {
  return Number.parseFloat(await page.locator(`.term-${term} dd`).innerText());
}

test('a digit is read while it is being drawn', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=draw' });
  let before = '';
  let seen = 0;
  await drawThree(page, async () => {
    await drawn(page, 'reconstruction');
    const now = await settled(page, 'reconstruction');
    if (now !== before) seen += 1;
    before = now;
  });
  expect(seen, 'pictures while the pen was down').toBeGreaterThan(4);
  expect(levels(before)).toBeGreaterThan(8);
  await expect(page.locator('.posterior.one').first()).toBeAttached();
  const [bce, kl, sum] = [await nats(page, 'bce'), await nats(page, 'kl'), await nats(page, 'sum')];
  expect(bce).toBeGreaterThan(10);
  expect(kl).toBeGreaterThan(0.1);
  expect(Math.abs(bce + kl - sum)).toBeLessThan(0.2);
});

test('the posterior of many units is shown as bars', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=draw&model=vae-dense' });
  await expect(page.locator('.bars li')).toHaveCount(20);
  await drawThree(page);
  await drawn(page, 'reconstruction');
  const widths = await page.locator('.bar-one').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  expect(Math.max(...widths)).toBeGreaterThan(2 * Math.min(...widths));
});

test('z is sampled again around the mean', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=draw&model=vae-dense' });
  await drawThree(page);
  await drawn(page, 'reconstruction');
  const mean = await settled(page, 'reconstruction');
  const atMean = await nats(page, 'bce');
  await page.getByRole('button', { name: 'Sample again' }).click();
  await changed(page, 'reconstruction', mean);
  await expect.poll(() => nats(page, 'bce')).not.toBe(atMean);
  expect((await state(page)).get('eps')).toMatch(/^\d+$/);
  await page.getByRole('button', { name: 'Mean', exact: true }).click();
  await expect.poll(() => nats(page, 'bce')).toBe(atMean);
  expect(await settled(page, 'reconstruction')).toBe(mean);
});

test('undo, clear, brush', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=draw' });
  const ink = async () => (await ownPixels(page.locator('canvas.drawing'))).filter(({ alpha }) => alpha > 128).length;
  await drawThree(page);
  const thin = await ink();
  expect(thin).toBeGreaterThan(500);
  await page.getByRole('button', { name: 'Clear' }).click();
  expect(await ink()).toBe(0);
  await expect(page.locator('.term-bce dd')).toHaveText('–');
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await ink()).toBe(thin);
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await ink()).toBe(0);
  await page.getByRole('slider', { name: 'Brush' }).fill('38');
  await drawThree(page);
  expect(await ink()).toBeGreaterThan(1.4 * thin);
});

test('what was drawn can be an end of a path', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=draw' });
  await drawThree(page);
  await drawn(page, 'reconstruction');
  await page.getByText('Interpolate', { exact: true }).click();
  await page.locator('.end-from').getByRole('button', { name: 'Drawn' }).click();
  await expect.poll(async () => (await state(page)).get('from')).toMatch(/^z:-?[\d.]+,-?[\d.]+$/);
  await page.reload();
  await expect(page.locator('.end-to').getByRole('button', { name: 'Drawn' })).toBeEnabled();
});

test('the point of the cloud can be moved on the map', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=draw' });
  await drawThree(page);
  await drawn(page, 'reconstruction');
  const before = await settled(page, 'reconstruction');
  const box = await page.locator('.pad-surface').boundingBox();
  if (!box) throw new Error('no pad');
  await page.mouse.click(box.x + 0.1 * box.width, box.y + 0.1 * box.height);
  await changed(page, 'reconstruction', before);
});
