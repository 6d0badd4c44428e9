import { expect, seriousFindings, test } from './fixtures.js';
import { computed, openDenoise, timeline, useTinyModels } from './support/denoise.js';
import { changed, drawn, levels, look, openRoom, settled, state } from './support/room.js';

test.describe('rooms', () => {
  test('an address without a room leads to the Latent room, and a link to each other one', async ({ page }, info) => {
    await useTinyModels(page);
    await openRoom(page, info);
    const before = await settled(page, 'digit');
    const link = page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: 'Denoise' });
    await expect(link).not.toHaveAttribute('aria-current');
    await link.click();
    await drawn(page, 'xt-main');
    await expect(link).toHaveAttribute('aria-current', 'page');
    expect((await state(page)).get('room')).toBe('denoise');
    await page.goBack();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The latent room');
    await expect(async () => expect(await look(page, 'digit')).toBe(before)).toPass();
    await page.getByRole('slider', { name: 'Latent point' }).press('ArrowLeft');
    await changed(page, 'digit', before);
  });

  test('a room is found as it was left', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0.5&seed=7&steps=10');
    const before = await settled(page, 'xt-main');
    await page.getByRole('link', { name: 'Latent' }).click();
    await drawn(page, 'digit');
    await page.getByRole('link', { name: 'Denoise' }).click();
    await expect(async () => expect(await look(page, 'xt-main')).toBe(before)).toPass();
    expect((await state(page)).get('seed')).toBe('7');
  });
});

test.describe('the way from noise to digit', () => {
  test('any step can be seen, with what the network predicts there', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0&steps=20');
    await computed(page);
    const seen = new Set();
    for (const place of ['0', '0.3', '0.6', '0.9']) {
      await timeline(page).fill(place);
      await expect(page.locator('.timeline-readout')).toContainText(`t = ${(1 - Number(place)).toFixed(2)}`);
      for (const name of ['xt-main', 'x0-main', 'eps-main']) {
        const picture = await settled(page, name);
        expect(levels(picture), name).toBeGreaterThan(8);
        seen.add(picture);
      }
    }
    expect(seen.size).toBe(12);
    await timeline(page).fill('0.3');
    expect(seen.has(await settled(page, 'xt-main'))).toBe(true);
  });

  test('the keyboard steps, jumps and plays', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0.5&steps=10&speed=4');
    await computed(page);
    const readout = page.locator('.timeline-readout');
    await expect(readout).toContainText('Step 5 of 10');
    const slider = timeline(page);
    await slider.press('ArrowRight');
    await expect(readout).toContainText('Step 6 of 10');
    await slider.press('ArrowLeft');
    await slider.press('ArrowLeft');
    await expect(readout).toContainText('Step 4 of 10');
    await expect(slider).toHaveAttribute('aria-valuetext', /Step 4 of 10/);
    await slider.press('End');
    await expect(readout).toContainText('Step 10 of 10');
    await slider.press('Home');
    await expect(readout).toContainText('Step 0 of 10');
    await slider.press(' ');
    await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
    await expect(readout).toContainText('Step 10 of 10', { timeout: 10_000 });
    await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  });

  test('buttons step by one frame, even where steps are not of one length', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0&steps=8&spacing=quadratic&sampler=dpm-solver');
    await computed(page);
    for (let step = 1; step <= 8; step += 1) {
      await page.getByRole('button', { name: 'One step on' }).click();
      await expect(page.locator('.timeline-readout')).toContainText(`Step ${step} of 8`);
    }
    await expect(page.getByRole('button', { name: 'One step on' })).toBeDisabled();
    await page.getByRole('button', { name: 'One step back' }).click();
    await expect(page.locator('.timeline-readout')).toContainText('Step 7 of 8');
  });

  test('a digit that is opened is played from its noise, and stays where it is paused', async ({ page }, info) => {
    await openDenoise(page, info, 'steps=20&speed=0.25');
    await page.getByRole('button', { name: 'Pause' }).click();
    const still = await settled(page, 'xt-main');
    await page.waitForTimeout(300);
    expect(await look(page, 'xt-main')).toBe(still);
    await expect.poll(async () => Number((await state(page)).get('at') ?? 1)).toBeLessThan(1);
  });

  test('with reduced motion nothing is played before it is asked for', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openDenoise(page, info, 'steps=5');
    await computed(page);
    await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
    await expect(page.locator('.timeline-readout')).toContainText('Step 5 of 5');
  });

  test('the chart moves the playhead too', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0.2&steps=10');
    await computed(page);
    const chart = page.locator('.schedule-surface');
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    if (!box) throw new Error('no chart');
    await page.mouse.move(box.x + 0.25 * box.width, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.71 * box.width, box.y + 30, { steps: 4 });
    await page.mouse.up();
    await expect(page.locator('.timeline-readout')).toContainText('Step 7 of 10');
    await expect.poll(async () => Number((await state(page)).get('at'))).toBeCloseTo(0.71, 1);
  });
});

test.describe('settings', () => {
  test('each change starts anew, and nothing of the run before is left', async ({ page, context }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openDenoise(page, info, 'steps=30');
    const before = await settled(page, 'xt-main');
    const controls = page.locator('.controls');
    // one upon the other, in the middle of a run
    await controls.getByRole('button', { name: 'Digit 7' }).click();
    await controls.getByText('DPM++').click();
    await controls.getByRole('button', { name: '10 steps' }).click();
    await controls.getByRole('slider', { name: 'Guidance' }).fill('5');
    await controls.getByText('Log SNR').click();
    await changed(page, 'xt-main', before);
    await computed(page);
    await expect(page.locator('.timeline-readout')).toContainText('Step 10 of 10');
    await expect
      .poll(async () => Object.fromEntries(await state(page)))
      .toEqual({ room: 'denoise', digit: '7', sampler: 'dpm-solver', steps: '10', guidance: '5', spacing: 'log-snr' });
    const elsewhere = await context.newPage();
    await elsewhere.emulateMedia({ reducedMotion: 'reduce' });
    await openDenoise(elsewhere, info, new URL(page.url()).hash.slice(1).replace('room=denoise&', ''));
    await computed(elsewhere);
    for (const name of ['xt-main', 'x0-main', 'eps-main']) {
      expect((await settled(page, name)) === (await settled(elsewhere, name)), `${name} is the same elsewhere`).toBe(true);
    }
  });

  test('the seed makes the noise; the dice make another', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0&steps=5&seed=3');
    const three = await settled(page, 'xt-main');
    await page.getByRole('button', { name: 'New noise' }).click();
    await changed(page, 'xt-main', three);
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('3');
    await page.getByRole('spinbutton', { name: 'Seed' }).press('Enter');
    await expect(async () => expect(await look(page, 'xt-main')).toBe(three)).toPass();
  });

  test('ten digits come from one noise, sixteen from as many', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0&steps=3&grid=classes');
    await expect(page.locator('.side[data-grid="5x2"]')).toBeVisible();
    expect(levels(await settled(page, 'xt-main'))).toBeGreaterThan(8);
    await page.getByText('Sixteen noises').click();
    await expect(page.locator('.side[data-grid="4x4"]')).toBeVisible();
    await page.getByText('One', { exact: true }).click();
    await expect(page.locator('.side[data-grid="1x1"]')).toBeVisible();
  });

  test('a network that was told no classes is asked for none', async ({ page }, info) => {
    await openDenoise(page, info, 'model=ddpm-textbook&steps=5&at=0.5');
    await expect(page.getByRole('button', { name: 'Digit 3' })).toBeDisabled();
    await expect(page.locator('.controls').getByRole('slider', { name: 'Guidance' })).toBeDisabled();
    await expect(page.locator('.about h2')).toHaveText('A tiny MLP');
  });

  test('a thousand steps can be left at any moment', async ({ page }, info) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openDenoise(page, info, 'steps=1000');
    await expect(page.locator('.timeline-readout')).toContainText('of 1,000');
    await page.getByRole('button', { name: '4 steps' }).click();
    await expect(page.locator('.timeline-readout')).toContainText('Step 4 of 4');
  });
});

test('the address holds everything, the playhead too', async ({ page, context }, info) => {
  await openDenoise(page, info, 'digit=5&guidance=3.5&sampler=ddpm&steps=12&seed=99&at=0.5');
  await computed(page);
  await timeline(page).fill('0.75');
  await expect.poll(async () => (await state(page)).get('at')).toBe('0.75');
  const elsewhere = await context.newPage();
  await openDenoise(elsewhere, info, new URL(page.url()).hash.slice(1).replace('room=denoise&', ''));
  await computed(elsewhere);
  await expect(elsewhere.locator('.timeline-readout')).toContainText('Step 9 of 12');
  expect((await settled(page, 'xt-main')) === (await settled(elsewhere, 'xt-main')), 'the same picture').toBe(true);
  await page.getByRole('button', { name: 'Digit 2' }).click();
  await page.goBack();
  await expect(page.getByRole('button', { name: 'Digit 5' })).toHaveAttribute('aria-pressed', 'true');
});

test.describe('two sides', () => {
  test('begin in the same noise and keep time with one another', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0&steps=20');
    await page.getByRole('button', { name: 'Compare two' }).click();
    await drawn(page, 'xt-other');
    await expect(page.locator('.side-other .side-name')).toContainText('5 steps');
    expect((await settled(page, 'xt-main')) === (await settled(page, 'xt-other')), 'the same noise').toBe(true);
    await timeline(page).fill('0.9');
    await expect(async () => {
      expect((await look(page, 'xt-main')) === (await look(page, 'xt-other')), 'the same way').toBe(false);
    }).toPass();
    await expect(page.locator('.formula:visible')).toHaveCount(2);
  });

  test('are set one by one, and the link holds both', async ({ page }, info) => {
    await openDenoise(page, info, 'at=0.5&steps=6&compare=1&sampler2=euler');
    await page.locator('.control-sides').getByText('B', { exact: true }).click();
    await page.locator('.controls').getByText('Heun', { exact: true }).click();
    await page.getByRole('button', { name: 'Digit 8' }).click();
    const held = Object.fromEntries(await state(page));
    expect(held).toMatchObject({ compare: '1', sampler2: 'heun', digit2: '8' });
    expect(held).not.toHaveProperty('sampler');
    await expect(page.locator('.side-main .side-name')).toContainText('DDIM');
    await expect(page.locator('.side-other .side-name')).toContainText('Heun');
  });
});

test('the formula has the numbers of the step, and its terms light up what they stand for', async ({ page }, info) => {
  await openDenoise(page, info, 'at=0.5&steps=10&sampler=euler');
  await computed(page);
  const formula = page.locator('.formula').first();
  // halfway on the straight path, and a tenth of the way further
  await expect(formula.locator('.formula-split .formula-line')).toHaveText(/x0\.50\s*=\s*0\.500\s*x0\s*\+\s*0\.500\s*ε/);
  await expect(formula.locator('.formula-sum .formula-line')).toHaveText(/x0\.40\s*=\s*1\.000\s*x0\.50\s*\+\s*0\.100\s*x0\s*−\s*0\.100\s*ε/);
  await formula.locator('.formula-sum .term-x-0').hover();
  await expect(page.locator('.side-main .frame-x_0')).toHaveClass(/lit/);
  await formula.locator('.formula-sum .term-eps').focus();
  await expect(page.locator('.side-main .frame-eps')).toHaveClass(/lit/);
  const now = await settled(page, 'xt-main');
  await formula.locator('.formula-sum .term-next').hover();
  await changed(page, 'xt-main', now);
  await page.mouse.move(5, 5);
  await page.locator('h1').click();
  await expect(async () => expect(await look(page, 'xt-main')).toBe(now)).toPass();
});

test.describe('for everybody', () => {
  for (const theme of /** @type {const} */ (['light', 'dark'])) {
    test(`axe finds nothing serious, ${theme}`, async ({ page }, info) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const hash of ['steps=4', 'steps=4&compare=1&sampler2=ddpm', 'steps=4&grid=classes']) {
        await page.goto('about:blank');
        await openDenoise(page, info, hash);
        expect(await seriousFindings(page), hash).toEqual([]);
      }
    });
  }

  for (const width of [320, 390, 820, 1440, 1920]) {
    test(`nothing is cut off at a width of ${width}`, async ({ page }, info) => {
      await page.setViewportSize({ width, height: width < 500 ? 844 : 1000 });
      for (const hash of ['steps=4', 'steps=4&compare=1&model2=ddpm-textbook', 'steps=4&grid=classes&sampler=ddpm']) {
        await page.goto('about:blank');
        await openDenoise(page, info, hash);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(excess, hash).toBeLessThanOrEqual(0);
      }
    });
  }

  test.describe('with a finger', () => {
    test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

    test('the playhead is moved', async ({ page }, info) => {
      await openDenoise(page, info, 'at=0.2&steps=10');
      await computed(page);
      const surface = page.locator('.schedule-surface');
      await surface.scrollIntoViewIfNeeded();
      const box = await surface.boundingBox();
      if (!box) throw new Error('no chart');
      await page.touchscreen.tap(box.x + 0.61 * box.width, box.y + box.height / 2);
      await expect(page.locator('.timeline-readout')).toContainText('Step 6 of 10');
    });
  });
});
