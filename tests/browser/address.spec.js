import { expect, test } from './fixtures.js';
import { TABLE as LATENT } from '../../www/rooms/latent/table.js';
import { PAGE, ROOMS } from '../../www/rooms/registry.js';
import { parseHash, formatHash } from '../../www/state.js';
import { address, changed, drawThree, drawn, look, openRoom, settled, state } from './support/room.js';

/**
 * Opens the address of `page` in a browser that has never been here, and compares a picture.
 * @param {import('@playwright/test').Browser} browser
 * @param {import('@playwright/test').Page} page
 * @param {string[]} pictures
 */
async function sameElsewhere(browser, page, pictures) {
  const context = await browser.newContext();
  const elsewhere = await context.newPage();
  await elsewhere.goto(page.url());
  for (const name of pictures) {
    await drawn(elsewhere, name);
    expect((await settled(elsewhere, name)) === (await settled(page, name)), `${name} is the same elsewhere`).toBe(true);
  }
  await context.close();
}

test.describe('a link shows the same picture on another machine', () => {
  test('of the map', async ({ page, browser }, info) => {
    await openRoom(page, info);
    const box = await page.locator('.pad-surface').boundingBox();
    if (!box) throw new Error('no pad');
    await page.mouse.click(box.x + 0.31 * box.width, box.y + 0.27 * box.height);
    await expect.poll(async () => (await state(page)).get('z')).not.toBeNull();
    await sameElsewhere(browser, page, ['digit', 'mosaic']);
  });

  test('of a seed', async ({ page, browser }, info) => {
    await openRoom(page, info, { hash: 'model=vae-dense' });
    const before = await settled(page, 'digit');
    await page.getByRole('button', { name: 'Randomise' }).click();
    await changed(page, 'digit', before);
    await sameElsewhere(browser, page, ['digit', 'ends-low']);
  });

  test('of a path', async ({ page, browser }, info) => {
    await openRoom(page, info, { hash: 'view=interpolate&model=vae-dense&from=class:3&to=seed:11' });
    await page.locator('.player').getByRole('slider').fill('0.35');
    await expect.poll(async () => (await state(page)).get('t')).toBe('0.35');
    await sameElsewhere(browser, page, ['loop-line', 'loop-arc', 'strip-arc', 'mosaic']);
  });

  test('of a drawing', async ({ page, browser }, info) => {
    await openRoom(page, info, { hash: 'view=draw' });
    await drawThree(page);
    await drawn(page, 'reconstruction');
    await page.getByRole('button', { name: 'Sample again' }).click();
    await expect.poll(async () => [...(await state(page)).keys()]).toEqual(expect.arrayContaining(['ink', 'eps', 'z']));
    await sameElsewhere(browser, page, ['reconstruction']);
  });
});

test('Back and Forward walk through what was done', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'z=-2,-2' });
  const first = await settled(page, 'digit');
  const box = await page.locator('.pad-surface').boundingBox();
  if (!box) throw new Error('no pad');
  await page.mouse.click(box.x + 0.8 * box.width, box.y + 0.2 * box.height);
  await changed(page, 'digit', first);
  const second = await settled(page, 'digit');
  await expect.poll(async () => (await state(page)).get('z')).not.toBe('-2,-2');
  await page.getByText('Draw', { exact: true }).click();
  await expect(page.locator('.panel-drawing')).toBeVisible();
  await page.goBack();
  await expect(page.locator('.panel-digit')).toBeVisible();
  await drawn(page, 'digit');
  expect(await settled(page, 'digit')).toBe(second);
  await page.goBack();
  await changed(page, 'digit', second);
  expect(await settled(page, 'digit')).toBe(first);
  await page.goForward();
  await changed(page, 'digit', first);
  expect(await settled(page, 'digit')).toBe(second);
});

test('Back brings the model before', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'z=1,1' });
  const before = await settled(page, 'digit');
  await page.locator('.models label').nth(1).click();
  await expect(page.locator('.panel-sliders')).toBeVisible();
  await page.goBack();
  await expect(page.locator('.panel-pad')).toBeVisible();
  await expect(async () => expect(await look(page, 'digit')).toBe(before)).toPass();
});

test('an address with nonsense in it opens with defaults', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'view=cellar&z=1,two&t=7&seed=-1&ink=%00&frozen=a' });
  await expect(page.locator('.panel-digit')).toBeVisible();
  await page.goto(address(info, { hash: 'z=1,2,3,4,5' }));
  await drawn(page, 'digit');
});

test('a model that is not here is said to be missing', async ({ page }, info) => {
  await openRoom(page, info, { hash: 'model=file:mine.safetensors' });
  await expect(page.locator('.notice')).toContainText('mine.safetensors');
});

test('the tables of values read what they write @cpu', () => {
  const values = {
    ...parseHash(LATENT, ''),
    model: 'vae-dense',
    view: /** @type {const} */ ('draw'),
    seed: 4294967295,
    z: [0.125, -3, 1e-3],
    frozen: [3, 17],
    from: 'z:0.5,-1',
    to: 'seed:9',
    t: 0.333,
    ink: 'FgAJTU2A-_',
    eps: 0,
    codes: true,
  };
  expect(parseHash(LATENT, `#${formatHash(LATENT, values)}`)).toEqual(values);
  expect(parseHash(PAGE, formatHash(PAGE, { ...parseHash(PAGE, ''), smooth: true }))).toMatchObject({ smooth: true });
  for (const table of [PAGE, ...ROOMS.map((room) => room.table)]) {
    expect(formatHash(table, parseHash(table, ''))).toBe('');
  }
});

test('no room has a value of the same name as the page @cpu', () => {
  for (const { id, table } of ROOMS) {
    expect(Object.keys(table).filter((key) => key in PAGE), id).toEqual([]);
  }
});
