/**
 * The Tasks room: from a task to the families that can do it. Some models are stand-ins that take no time. Where many
 * shipped models work one after the other, or one draws a hundred digits, the test is for the CPU: an emulated GPU takes
 * a minute for that.
 */

import { readFileSync } from 'node:fs';
import { CHAIN, INPAINTING, ROUNDS, SPLIT, WALK } from '../../www/rooms/tasks/settings.js';
import { expect, seriousFindings, test } from './fixtures.js';
import { useTinyModels } from './support/denoise.js';
import { address, drawThree, ownPixels, state } from './support/room.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/** Figures as `inkling eval tasks` writes them, of a few of the shipped weights. @param {Page} page */
async function figures(page) {
  const { models } = await (await page.request.get('./models/catalog.json')).json();
  const about = (/** @type {string} */ id) => ({ id, sha256: models.find((/** @type {{id: string}} */ row) => row.id === id)?.sha256 ?? '' });
  return {
    command: 'inkling eval tasks',
    kinds: ['speckled', 'blank'],
    anomaly: [
      {
        ...about('naive-bayes'),
        n: 1000,
        score: 'exact',
        quantiles: Array.from({ length: 101 }, (_, i) => -400 + 3 * i),
        kinds: [
          { kind: 'speckled', auc: 0.971, auc_error: 0.002, roc: [0, 0.9, 0.97, 0.99, 1] },
          { kind: 'blank', auc: 0, auc_error: 0, roc: [0, 0, 0, 0, 1] },
        ],
      },
    ],
    augment: [
      { ...about('real'), n: 10_000, real: 100, samples: 0, labels: 'real', accuracy: 0.8, spread: 0.01, runs: 3 },
      { ...about('real'), n: 10_000, real: 1000, samples: 0, labels: 'real', accuracy: 0.9, spread: 0.004, runs: 3 },
      { ...about('naive-bayes'), n: 10_000, real: 0, samples: 5000, labels: 'asked', accuracy: 0.85, spread: 0.006, runs: 3 },
      { ...about('naive-bayes'), n: 10_000, real: 1000, samples: 5000, labels: 'asked', accuracy: 0.92, spread: 0.002, runs: 3 },
      { ...about('vae-conv'), n: 10_000, real: 0, samples: 5000, labels: 'read', accuracy: 0.95, spread: 0.002, runs: 3 },
      { ...about('vae-conv'), n: 10_000, real: 1000, samples: 5000, labels: 'read', accuracy: 0.89, spread: 0.002, runs: 3 },
      { ...about('dcgan'), n: 10_000, real: 0, samples: 1000, labels: 'asked', accuracy: 0.96, spread: 0.002, runs: 3 },
      { ...about('gan-textbook'), n: 10_000, real: 0, samples: 1000, labels: 'read', accuracy: 0.3, spread: 0.002, runs: 3 },
    ],
    complete: [
      { ...about('none'), n: 100, way: 'none', setting: '', read: 0.6, read_error: 0.05, error: 0.1, diversity: 0 },
      { ...about('truth'), n: 100, way: 'truth', setting: '', read: 1, read_error: 0, error: 0, diversity: 0 },
      { ...about('vae-textbook'), n: 100, way: 'posterior_chain', setting: '30 rounds', read: 0.61, read_error: 0.04, error: 0.05, diversity: 0.1 },
      { ...about('vae-dense'), n: 100, way: 'posterior_chain', setting: '30 rounds', read: 0.81, read_error: 0.02, error: 0.05, diversity: 0.1 },
      { ...about('rbm'), sha256: 'of other weights', n: 100, way: 'clamped_gibbs', setting: '', read: 0.5, read_error: 0.02, error: 0.05, diversity: 0.1 },
    ],
    style: [
      { ...about('vae-conv'), n: 500, way: 'class_means', setting: 'mean codes', read: 0.77, read_error: 0.01, slant: 0.51, width: 0.95, ink: 0.9 },
      { ...about('style-gan'), n: 500, way: 'mixing', setting: 'the first 1 of 5 layers', read: 0.33, read_error: 0.02, slant: 0.22, width: 0.45, ink: 0.5 },
      { ...about('style-gan'), n: 500, way: 'mixing', setting: 'the first 2 of 5 layers', read: 0.77, read_error: 0.02, slant: -0.03, width: 0.49, ink: 0.5 },
    ],
  };
}

/** @param {Page} page @param {TestInfo} info @param {string} [hash] @param {object} [told]  in place of the figures */
async function open(page, info, hash = '', told) {
  await useTinyModels(page);
  await page.route(/\/tasks\.json$/, async (route) => route.fulfill({ json: told ?? (await figures(page)) }));
  await page.goto('about:blank');
  await page.goto(address(info, { hash: `room=tasks${hash ? `&${hash}` : ''}` }));
  await expect(page.locator('.tasks-stage .panel').first()).toBeVisible({ timeout: 30_000 });
}

/** How much ink a canvas of the page holds, 0 to 1. @param {Page} page @param {string} canvas */
async function ink(page, canvas) {
  const pixels = await ownPixels(page.locator(canvas));
  return pixels.reduce((sum, { alpha }) => sum + alpha, 0) / (255 * pixels.length);
}

test.describe.configure({ timeout: 240_000 });

test.describe('generate', () => {
  const made = '.panel-made canvas';
  const status = (/** @type {Page} */ page) => page.locator('.panel-made [role=status]');

  test('the family that is best at what matters draws, as many as are wanted', async ({ page }, info) => {
    await open(page, info, 'want=size');
    // told and measured, with names and units; the smallest of all draws nothing that looks like digits
    const [first, last] = [page.locator('.task-card').first(), page.locator('.task-card').last()];
    await expect(first).toContainText(/File \d+ kB\s*MNIST-FID \(ours\) [\d.]+ \([\d.]+×\)/);
    await expect(first.getByRole('radio')).toBeChecked();
    await expect(last).toContainText('Gaussian mixture');
    for (const far of [last, page.locator('.task-card[data-value="naive-bayes"]')]) await expect(far).toContainText('it comes last');
    for (const card of await page.locator('.task-card[data-value^="vae"]').all()) {
      await expect(card).toContainText('cannot be told which digit');
    }
    await expect(page.locator('.prose')).toContainText(/with the family of the former as number \d+ of \d+/);
    // the smallest takes a thousand steps, which an emulated GPU is long about
    await page.locator('.task-card[data-value="mixture"]').click();
    await expect(status(page)).toContainText('9 in ', { timeout: 60_000 });
    expect(await ink(page, made)).toBeGreaterThan(0.02);
    await page.getByText('16', { exact: true }).click();
    await expect(status(page)).toContainText('16 in ', { timeout: 30_000 });
    expect(await page.locator(made).evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).width)).toBe(4 * 28 + 3 * 2);
    await expect.poll(async () => (await state(page)).get('count')).toBe('16');
    await page.getByText('Looks', { exact: true }).click();
    await expect.poll(async () => (await state(page)).get('want')).toBe(null);
    await expect(first).toContainText(/^[^·]*MNIST-FID/);
  });

  test('a model that is told draws the digit; of one that is not, it is picked out @cpu', async ({ page }, info) => {
    await open(page, info, 'model=mixture&count=4&digit=any');
    await expect(status(page)).toContainText('4 in ', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Digit 3' }).click();
    await expect.poll(async () => (await state(page)).get('digit')).toBe('3');
    await expect(status(page)).toContainText('4 in ', { timeout: 30_000 });
    const three = await ownPixels(page.locator(made));
    await page.getByRole('button', { name: 'Again' }).click();
    await expect.poll(async () => (await state(page)).get('seed')).not.toBe(null);
    await expect.poll(async () => JSON.stringify(await ownPixels(page.locator(made))) === JSON.stringify(three)).toBe(false);
    await page.locator('.task-card[data-value^="vae"]').click();
    await expect(status(page)).toContainText(/drew 48, (the classifier read|and the classifier read only) \d+ of them as a 3/, { timeout: 60_000 });
    await expect(page.locator('.panel-made .task-link')).toHaveAttribute('href', /#room=latent&/);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PNG' }).click()]);
    expect(file.suggestedFilename()).toMatch(/^digits-3-\d+\.png$/);
  });
});

test.describe('complete', () => {
  const way = (/** @type {Page} */ page, /** @type {string} */ model) => page.locator(`.task-way[data-model="${model}"]`);

  test('families put back what is lost, keep what is not, and begin anew with another mask @cpu', async ({ page }, info) => {
    await open(page, info, 'view=complete');
    for (const model of ['vae-dense', 'rbm', 'diffusion']) {
      await expect(way(page, model).locator('.task-reads')).toHaveText(/^\d{6}$/, { timeout: 120_000 });
    }
    const canvas = '.task-way[data-model="rbm"] canvas >> nth=0';
    const before = await ownPixels(page.locator(canvas));
    const width = 6 * 28 + 5 * 2;
    const half = (/** @type {typeof before} */ pixels, /** @type {boolean} */ lower) => pixels.slice(lower ? 14 * width : 0, lower ? undefined : 14 * width);
    const tile = (/** @type {typeof before} */ pixels, /** @type {number} */ index) => pixels.filter((_, i) => Math.floor((i % width) / 30) === index && (i % width) % 30 < 28);
    expect(tile(half(before, false), 0)).toEqual(tile(half(before, false), 5));
    expect(tile(half(before, true), 0)).not.toEqual(tile(half(before, true), 5));
    await expect(way(page, 'vae-dense')).toContainText('81.0 ± 2.0 % read as the digit');
    await expect(way(page, 'vae-dense')).toContainText('Runs as it was measured: 30 rounds.');
    await expect(way(page, 'rbm')).toContainText('not measured');
    await expect(page.locator('.panel-repairs')).toContainText('With nothing put back it still reads 60.0 ± 5.0 % as the digit, with the truth 100.0 ± 0.0 %');
    await page.getByRole('button', { name: 'Upper' }).click();
    await expect.poll(async () => (await state(page)).get('mask')?.length).toBe(131);
    await expect(way(page, 'rbm').locator('.task-reads')).toHaveText(/^\d{6}$/, { timeout: 120_000 });
    const after = await ownPixels(page.locator(canvas));
    expect(tile(half(after, true), 0), 'the lower half is known now').toEqual(tile(half(after, true), 5));
    // a digit that comes with the page goes on where it is known
    await expect(way(page, 'diffusion').locator('.task-link')).toHaveText('To the room “Denoise”');
    await expect(way(page, 'diffusion').locator('.task-link')).toHaveAttribute('href', /room=denoise&view=steer.*mask=/);
    await expect(way(page, 'rbm').locator('.task-link')).toHaveText('Go on with it in the room “Energy”');
    await expect(way(page, 'rbm').locator('.task-link')).toHaveAttribute('href', /room=energy&view=repair.*mask=/);
    await page.getByRole('button', { name: 'Again' }).click();
    await expect.poll(async () => JSON.stringify(await ownPixels(page.locator(canvas))) === JSON.stringify(after)).toBe(false);
  });

  test('the best of a family begins, another is chosen, and a drawing goes on in other rooms @cpu', async ({ page }, info) => {
    await open(page, info, 'view=complete&source=drawn&ink=FgAFQEDAQMDAQMBAQA');
    const member = page.getByRole('combobox', { name: 'VAE: which model' });
    await expect(member).toHaveValue('vae-dense');
    await expect(way(page, 'vae-dense').locator('.task-reads')).toHaveText(/^\d{6}$/, { timeout: 120_000 });
    await member.selectOption('vae-textbook');
    await expect.poll(async () => (await state(page)).get('with')).toBe('vae-textbook');
    await expect(way(page, 'vae-textbook')).toContainText('Not clearly better than nothing put back.');
    await expect(way(page, 'vae-textbook').locator('.task-reads')).toHaveText(/^\d{6}$/, { timeout: 120_000 });
    await expect(way(page, 'vae-textbook').locator('.task-link')).toHaveText('Go on with it in the room “Latent”');
    await expect(way(page, 'vae-textbook').locator('.task-link')).toHaveAttribute('href', /model=vae-textbook&view=draw.*ink=FgAFQEDAQMDAQMBAQA/);
    await expect(way(page, 'diffusion').locator('.task-link')).toHaveAttribute('href', /source=drawn.*ink=FgAFQEDAQMDAQMBAQA/);
    await page.goBack();
    await expect(member).toHaveValue('vae-dense');
  });

  test('what runs is what was measured', async ({ page }) => {
    const { complete, style } = await (await page.request.get('./models/tasks.json')).json();
    const settings = (/** @type {{way: string, setting: string}[]} */ rows, /** @type {string} */ wanted) => rows.filter((row) => row.way === wanted).map(({ setting }) => setting);
    const { steps, sampler, eta, jump, resample } = INPAINTING;
    const words = {
      posterior_chain: `${ROUNDS} rounds of encoding`,
      inpainting: `${steps} steps of ${sampler} with eta ${eta}, each stretch of ${jump} done ${resample} times`,
      clamped_gibbs: `${CHAIN.rbm} Gibbs sweeps`,
      langevin: `${CHAIN.energy} Langevin steps`,
    };
    for (const [wanted, setting] of Object.entries(words)) {
      for (const measured of settings(complete, wanted)) expect(measured).toContain(setting);
    }
    expect(settings(style, 'recode').join()).toContain(`${WALK} steps of midpoint each way`);
    expect(settings(style, 'mixing').join()).toContain(`the first ${SPLIT} of 5 layers`);
  });
});

test.describe('detect', () => {
  const score = (/** @type {Page} */ page, /** @type {string} */ model) => page.locator(`.task-score[data-model="${model}"]`).first();

  test('what is done to a digit makes it rare, and blank paper fools a model of pixels @cpu', async ({ page }, info) => {
    await open(page, info, 'view=detect');
    const bayes = score(page, 'naive-bayes');
    await expect(bayes).toContainText(/(rarer|more likely) than \d+ % of digits/, { timeout: 60_000 });
    await expect(bayes).not.toHaveClass(/alarmed/);
    // each curve has a name, two scores of one model too
    const name = (/** @type {string} */ model, /** @type {string} */ which) => page.locator(`.roc-names [data-model="${model}"][data-score="${which}"]`);
    await expect(name('naive-bayes', 'exact')).toContainText('AUC 0.971');
    await expect(page.locator('.roc-names li').first()).toContainText('Naive Bayes');
    await expect(name('vae-dense', 'elbo')).toContainText('AUC not measured');
    await expect(name('vae-dense', 'reconstruction')).toContainText('how well it comes back');
    await expect(name('diffusion', 'bound')).toContainText('its bound takes too long');
    await expect(page.locator('.panel-roc')).toContainText('a tenth of its pixels set to paper or ink');
    await expect(page.locator('.prose')).toContainText(/that it was asked about: .*1,000 for Naive Bayes|that it was asked about: 1,000 for most/);
    const amount = page.getByRole('slider', { name: 'How much' });
    await amount.focus();
    for (let press = 0; press < 6; press += 1) await page.keyboard.press('PageUp');
    await expect.poll(async () => Number((await state(page)).get('amount'))).toBeGreaterThan(0.4);
    await expect(bayes).toHaveClass(/alarmed/, { timeout: 30_000 });
    await expect(bayes).toContainText('rarer than all 1,000 digits');
    const specks = await ink(page, '.panel-spoiled canvas');
    await page.getByText('Faded', { exact: true }).click();
    await expect.poll(() => ink(page, '.panel-spoiled canvas')).toBeLessThan(specks);
    await amount.focus();
    await page.keyboard.press('End');
    await expect(bayes).toContainText('more likely than all 1,000 digits', { timeout: 30_000 });
    await expect(name('naive-bayes', 'exact').locator('.fooled')).toContainText('AUC 0.000');
    const curve = page.locator('.panel-roc .plot-point');
    await expect(curve).toHaveCount(5);
    await curve.first().focus();
    await page.keyboard.press('ArrowRight');
    await expect(page.locator('.panel-roc [role=status]')).toContainText('Naive Bayes, ln p(x), exact: of the digits 25.0 % rejected, of the foreign pictures 0.0 % caught');
    await page.locator('.panel-roc').getByText('specks').click();
    await expect.poll(async () => (await state(page)).get('foreign')).toBe('speckled');
    await expect(name('naive-bayes', 'exact')).toContainText('AUC 0.971');
    // neither words nor names lie where curves run
    const [title, line] = await Promise.all(['.plot-name >> nth=1', '.plot-line'].map((what) => page.locator(`.panel-roc .line-plot ${what}`).boundingBox()));
    expect((title?.y ?? 0) + (title?.height ?? 0)).toBeLessThanOrEqual((line?.y ?? 0) + 1);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Scores as CSV' }).click()]);
    expect(file.suggestedFilename()).toBe('scores-blank-100.csv');
    const rows = readFileSync(await file.path(), 'utf8').trim().split('\n');
    expect(rows[0]).toBe('model,score,value,share_of_test_digits_rarer,test_digits,foreign,auc,auc_error');
    expect(rows.find((row) => row.startsWith('naive-bayes'))).toMatch(/^naive-bayes,exact,-?[\d.]+,1,1000,speckled,0.971,0.002$/);
  });

  test('anything that is drawn is judged @cpu', async ({ page }, info) => {
    await open(page, info, 'view=detect&source=drawn&ink=');
    const bayes = score(page, 'naive-bayes');
    await expect(bayes).toContainText('\u2013', { timeout: 60_000 });
    await drawThree(page);
    await expect(bayes).toContainText(/rarer|more likely/, { timeout: 30_000 });
    const link = page.locator('.panel-scores .task-link');
    await expect(link).toHaveText('Go on with it in the room “How likely?”');
    await expect(link).toHaveAttribute('href', /room=likely&ink=/);
    // that room takes a drawing, and no spoiled one
    await page.getByRole('slider', { name: 'How much' }).press('End');
    await expect(link).toHaveText('To the room “How likely?”');
  });

  test('on a phone the slider and the scores are in sight together @cpu', async ({ page }, info) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(page, info, 'view=detect');
    const rows = page.locator('.task-score');
    await expect(rows.first()).toBeVisible();
    await rows.first().evaluate((row) => window.scrollTo(0, row.getBoundingClientRect().top + window.scrollY - 260));
    await expect(page.getByRole('slider', { name: 'How much' })).toBeInViewport({ ratio: 1 });
    await expect(rows.nth(7)).toBeInViewport({ ratio: 1 });
  });
});

test.describe('style', () => {
  const status = (/** @type {Page} */ page) => page.locator('.panel-written [role=status]');

  test('ten digits in the hand that draws, and in those of a GAN @cpu', async ({ page }, info) => {
    await open(page, info, 'view=style');
    await expect(page.locator('.task-card[data-value="vae"]')).toContainText('read 77.0 ± 1.0 % · slant 0.51 · width 0.95');
    // of the rows of a model that was measured with several settings that of the setting that runs
    await expect(page.locator('.task-card[data-value="mixing"]')).toContainText('read 77.0 ± 2.0 % · slant \u22120.03 · width 0.49');
    await expect(page.locator('.task-card[data-value="gan"]')).toContainText('not measured');
    await expect(status(page)).toContainText(/\d+ of 60 are read as the digit they should be/, { timeout: 60_000 });
    const hands = '.style-board canvas >> nth=0';
    const first = async () => (await ownPixels(page.locator(hands))).slice(0, 28 * 28);
    const before = await first();
    await drawThree(page);
    await expect.poll(async () => JSON.stringify(await first()) === JSON.stringify(before), { timeout: 30_000 }).toBe(false);
    await expect(status(page)).toContainText(/Slant follows the hand with r = .?\d\.\d\d/, { timeout: 60_000 });
    expect(await ink(page, '.style-board canvas >> nth=1')).toBeGreaterThan(0.03);
    for (const hand of ['denoiser', 'gan', 'mixing']) {
      await page.locator(`.task-card[data-value="${hand}"]`).click();
      await expect.poll(async () => (await state(page)).get('hand')).toBe(hand);
      await expect(status(page)).toContainText('of 60', { timeout: 60_000 });
    }
    await expect(page.getByText('There is no way back')).toBeVisible();
    await expect(page.locator('.panel-written .task-link')).toHaveAttribute('href', /room=duel&model=style-gan&view=mix/);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PNG' }).click()]);
    expect(file.suggestedFilename()).toBe('hands-mixing-1.png');
  });
});

test.describe('augment', () => {
  test('figures of what was learned, and the lesson @cpu', async ({ page }, info) => {
    await open(page, info, 'view=augment');
    // models that drew fewer digits stand apart, however good they are
    const headings = page.locator('.teacher-heading b');
    await expect(headings).toHaveText(['From 5,000 drawn digits', 'From 1,000 drawn digits', 'Not measured']);
    const apart = page.getByText('they stand apart');
    await expect(apart).toBeVisible();
    const lines = page.locator('.teacher');
    await expect(lines.first()).toContainText('VAE, convolutional');
    await expect(lines.first()).toContainText('worth more than 1,000 real digits');
    await expect(lines.nth(1)).toContainText('Naive Bayes');
    await expect(lines.nth(1)).toContainText('85.0 ± 0.6 %');
    await expect(lines.nth(1)).toContainText('worth somewhere between 100 and 1,000 real digits · with 1,000 real ones added 92.0 ± 0.2 %');
    await expect(lines.nth(2)).toContainText('DCGAN');
    // what is less than the axis reaches is marked at its edge
    await expect(lines.nth(3)).toContainText('GAN, textbook');
    await expect(lines.nth(3).locator('.beyond.alone')).toHaveAttribute('style', /left: 0%/);
    await expect(page.locator('.prose')).toContainText('From 1,000 real ones alone the classifier gets 90.0 ± 0.4 % right. Of 2 models whose digits were added to them, 1 made it better by more than the spread of the runs, 1 made it worse, and 0 made no difference');
    await expect(page.locator('.teacher[data-value="flow"]')).toContainText('not measured');
    const status = page.locator('.panel-lesson [role=status]');
    await expect(status).toContainText('Of 120 it read', { timeout: 60_000 });
    await lines.nth(1).click();
    await expect.poll(async () => (await state(page)).get('teacher')).toBe('naive-bayes');
    await expect(status).toContainText('what was asked for is the label', { timeout: 30_000 });
    expect(await ink(page, '.panel-lesson canvas')).toBeGreaterThan(0.02);
    await expect(page.locator('.panel-lesson .task-link')).toHaveAttribute('href', /room=compare&view=figures.*model=naive-bayes/);
    // where all drew as many, none does, and nothing is said of it
    const told = await figures(page);
    await open(page, info, 'view=augment', { ...told, augment: told.augment.filter(({ samples }) => samples !== 1000) });
    await expect(headings).toHaveText(['From 5,000 drawn digits', 'Not measured']);
    await expect(apart).toBeHidden();
  });
});

test('without figures the room says so', async ({ page }, info) => {
  await open(page, info, 'view=augment&teacher=naive-bayes', { anomaly: 'none' });
  await expect(page.locator('.panel-teachers')).toContainText('Nothing was measured', { timeout: 30_000 });
  await expect(page.locator('.teacher').first()).toContainText('not measured');
});

test('the room fits a phone, and a tool for the blind finds nothing to complain about @cpu', async ({ page }, info) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const view of ['generate', 'complete', 'detect', 'style', 'augment']) {
    await open(page, info, `view=${view}&want=size`);
    await expect(page.locator('.task-card, .task-way, .task-score').first()).toBeVisible({ timeout: 30_000 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), view).toBeLessThanOrEqual(0);
    expect(await seriousFindings(page), view).toEqual([]);
  }
});
