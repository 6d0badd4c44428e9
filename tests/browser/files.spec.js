/** Files that are no weights, that were cut or that belong to another room: each room says so and goes on. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures.js';
import { address, changed, drawThree, drawn, ownPixels, settled, state } from './support/room.js';
import { tinyTransformer } from './support/tiny-autoregressive.js';
import { tinyMlp } from './support/tiny-denoiser.js';
import { tinyEnergy } from './support/tiny-energy.js';
import { tinyFlow } from './support/tiny-flow.js';
import { tinyGan, tinyPage } from './support/tiny-gan.js';
import { tinyRbm } from './support/tiny-rbm.js';

/** @import { Page, TestInfo } from '@playwright/test' */

/**
 * @typedef {object} Place
 * @property {string} room
 * @property {string} [hash]
 * @property {string} picture  that is there when the room is open
 * @property {Uint8Array<ArrayBuffer>} own  a file of the room's family
 * @property {Uint8Array<ArrayBuffer>} foreign  a file of another one
 * @property {RegExp} refusal  what is said of that
 * @property {(page: Page) => Promise<unknown>} [still]  makes the picture stand still
 * @property {(page: Page) => Promise<unknown>} act  makes it another one
 */

/** @param {string} id of a shipped model */
const shipped = (id) => new Uint8Array(readFileSync(new URL(`../../www/models/${id}.safetensors`, import.meta.url)));

/** Stand-ins under the ids of shipped models, which the rooms look for. */
const MODELS = [
  { id: 'ddpm-textbook', family: 'denoiser', bytes: tinyMlp() },
  { id: 'dcgan', family: 'gan', bytes: tinyGan() },
  { id: 'flow', family: 'flow', bytes: tinyFlow() },
  { id: 'pixel-transformer', family: 'autoregressive', bytes: tinyTransformer() },
  { id: 'rbm', family: 'rbm', bytes: tinyRbm(20) },
  { id: 'energy', family: 'energy', bytes: tinyEnergy() },
  // smaller than a stand-in could be
  { id: 'markov-field', family: 'markov_field', bytes: shipped('markov-field') },
];

const MALFORMED = new Uint8Array(Buffer.from('\xff\xd8\xff\xe0 not weights', 'latin1'));

/** @param {Uint8Array<ArrayBuffer>} bytes */
const cut = (bytes) => bytes.slice(0, Math.floor(bytes.byteLength / 2));

/** @param {string} name */
const slider = (name) => (/** @type {Page} */ page) => page.getByRole('slider', { name, exact: true });

/** @type {Place[]} */
const PLACES = [
  {
    room: 'latent',
    picture: 'digit',
    own: shipped('vae-textbook'),
    foreign: tinyGan(),
    refusal: /variational autoencoders/,
    act: (page) => slider('Latent point')(page).press('ArrowLeft'),
  },
  {
    room: 'denoise',
    hash: 'model=ddpm-textbook',
    picture: 'xt-main',
    own: tinyMlp(),
    foreign: tinyRbm(20),
    refusal: /denoising/,
    act: (page) => page.locator('.timeline').getByRole('slider').press('Home'),
  },
  {
    room: 'duel',
    picture: 'duel-digit',
    own: tinyGan(),
    foreign: tinyRbm(20),
    refusal: /adversarial networks/,
    act: (page) => slider('Direction 1')(page).press('PageUp'),
  },
  {
    room: 'flow',
    picture: 'flow-digit',
    own: tinyFlow(),
    foreign: tinyGan(),
    refusal: /this room shows flows/,
    act: (page) => slider('Point in the plane')(page).press('PageUp'),
  },
  {
    room: 'pixels',
    hash: 'view=likelihood',
    picture: 'pixels-believed',
    own: tinyTransformer(),
    foreign: tinyFlow(),
    refusal: /models that write pixel by pixel/,
    act: (page) => drawThree(page),
  },
  {
    room: 'energy',
    picture: 'energy-chains',
    own: tinyRbm(20),
    foreign: tinyTransformer(),
    refusal: /no energy-based model/,
    still: (page) => page.getByRole('button', { name: 'Pause', exact: true }).click(),
    act: (page) => page.getByRole('button', { name: /^One run/ }).click(),
  },
  {
    room: 'energy',
    hash: 'model=energy',
    picture: 'energy-chains',
    own: tinyEnergy(),
    foreign: tinyGan(),
    refusal: /no energy-based model/,
    still: (page) => page.getByRole('button', { name: 'Pause', exact: true }).click(),
    act: (page) => page.getByRole('button', { name: /^One run/ }).click(),
  },
  {
    room: 'energy',
    hash: 'view=clean',
    picture: 'energy-clean',
    own: shipped('markov-field'),
    foreign: tinyFlow(),
    refusal: /no energy-based model/,
    still: (page) => page.getByRole('button', { name: 'Pause', exact: true }).click(),
    act: (page) => page.getByRole('button', { name: 'One sweep', exact: true }).click(),
  },
];

/** Gives the page the stand-ins and the shipped VAEs. @param {Page} page */
async function useStandIns(page) {
  await page.route(/\/catalog\.json$/, async (route) => {
    const { models } = await (await route.fetch()).json();
    const kept = models.filter((/** @type {{family: string}} */ { family }) => family === 'vae');
    const rows = MODELS.map(({ id, family, bytes }) => ({
      id,
      family,
      title: `A tiny ${id}`,
      file: `tiny-${id}.safetensors`,
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      card: `${id}.md`,
    }));
    await route.fulfill({ json: { models: [...kept, ...rows] } });
  });
  for (const { id, bytes } of MODELS) {
    await page.route(new RegExp(`/tiny-${id}\\.safetensors$`), (route) => route.fulfill({ body: Buffer.from(bytes) }));
  }
  await page.route(/\/dcgan\.page\.json$/, (route) => route.fulfill({ json: tinyPage(12, false) }));
}

/** @param {Page} page @param {string} name @param {Uint8Array<ArrayBuffer>} bytes */
async function give(page, name, bytes) {
  const buffer = Buffer.from(bytes);
  await page.locator('input[type=file][accept=".safetensors"]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

// an emulated GPU compiles every kernel first
test.describe.configure({ timeout: 180_000 });

for (const { room, hash = '', picture, own, foreign, refusal, still, act } of PLACES) {
  test(`${room}${hash && ` (${hash})`}: files that are no weights, cut or of another family are refused in words, and the room goes on`, async ({ page }, info) => {
    await useStandIns(page);
    await page.goto(address(info, { hash: `room=${room}${hash && `&${hash}`}` }));
    await expect(page.locator(`.picture-${picture}`)).toHaveClass(/drawn/, { timeout: 90_000 });
    await drawn(page, picture);
    await expect(page.locator('.progress')).toBeHidden({ timeout: 60_000 });
    await still?.(page);
    const before = await settled(page, picture);
    const notice = page.locator('.notice');
    await give(page, 'holiday.safetensors', MALFORMED);
    await expect(notice).toContainText('does not fit');
    await give(page, 'cut.safetensors', cut(own));
    await expect(notice).toContainText('does not fit');
    await give(page, 'other.safetensors', foreign);
    await expect(notice).toContainText(refusal);
    expect((await settled(page, picture)) === before, 'the picture of before').toBe(true);
    await act(page);
    await changed(page, picture, before);
  });
}

/** Rooms without models of their own, and what shows that they go on. @type {Record<string, {hash: string, ready: (page: Page) => Promise<unknown>, act: (page: Page) => Promise<unknown>}>} */
const GUESTS = {
  compare: {
    hash: 'room=compare&view=figures',
    ready: (page) => expect(page.locator('[data-cell="quality-coverage-rbm"]')).toBeVisible({ timeout: 30_000 }),
    async act(page) {
      await page.getByText('Pictures', { exact: true }).click();
      await expect(page.locator('.panel-worth')).toBeVisible({ timeout: 30_000 });
    },
  },
  tasks: {
    hash: 'room=tasks&model=vae-textbook&digit=any&count=4',
    ready: (page) => expect(page.locator('.panel-made [role=status]')).toContainText('4 in ', { timeout: 90_000 }),
    async act(page) {
      const before = await ownPixels(page.locator('.panel-made canvas'));
      await page.getByRole('button', { name: 'Again' }).click();
      await expect.poll(async () => JSON.stringify(await ownPixels(page.locator('.panel-made canvas'))) === JSON.stringify(before)).toBe(false);
      await expect(page.locator('.panel-made [role=status]')).toContainText('4 in ', { timeout: 30_000 });
    },
  },
  likely: {
    hash: 'room=likely&asked=pixel-transformer.vae-textbook&ink=',
    ready: (page) => expect(page.locator('[data-model="pixel-transformer"] .likely-figure')).toHaveText('–', { timeout: 90_000 }),
    async act(page) {
      await drawThree(page);
      for (const id of ['pixel-transformer', 'vae-textbook']) {
        await expect(page.locator(`[data-model="${id}"] .likely-figure`)).toContainText('nats', { timeout: 60_000 });
      }
    },
  },
};

/** Where files of other families belong. @type {[Uint8Array<ArrayBuffer>, RegExp][]} */
const BELONG = [
  [shipped('vae-conv'), /good.safetensors opens in the room “Latent”/],
  [tinyMlp(), /“Denoise”/],
  [tinyGan(), /“Duel”/],
  [tinyFlow(), /“Flow”/],
  [tinyTransformer(), /“Pixel by pixel”/],
  [tinyRbm(20), /“Energy”/],
  [tinyEnergy(), /“Energy”/],
  [shipped('markov-field'), /“Energy”/],
  ...['mixture', 'gaussian-mixture', 'naive-bayes', 'classifier'].map((id) => /** @type {[Uint8Array<ArrayBuffer>, RegExp]} */ ([shipped(id), /No room opens files of the family of good.safetensors/])),
];

for (const [room, { hash, ready, act }] of Object.entries(GUESTS)) {
  test(`${room}: a file is looked at, and the room that opens it is named; the room goes on`, async ({ page }, info) => {
    await page.goto(address(info, { hash }));
    await ready(page);
    const notice = page.locator('.notice');
    for (const bytes of [MALFORMED, cut(tinyFlow())]) {
      await give(page, 'bad.safetensors', bytes);
      await expect(notice).toContainText('does not fit');
      await notice.getByRole('button', { name: 'Close' }).click();
    }
    for (const [bytes, words] of BELONG) {
      await give(page, 'good.safetensors', bytes);
      await expect(notice).toContainText(words, { timeout: 30_000 });
      await notice.getByRole('button', { name: 'Close' }).click();
    }
    await act(page);
  });
}

/** What may come in place of a model. @type {[string, string, (own: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>][]} */
const SERVED = [
  ['cut weights', '', cut],
  // of the right length, so that what they hold is looked at
  ['malformed weights', ' @cpu', (own) => own.map((_, i) => MALFORMED[i % MALFORMED.length] ?? 0)],
  ['weights of another family', ' @cpu', () => tinyFlow()],
];

for (const id of ['mixture', 'naive-bayes', 'gaussian-mixture', 'classifier']) {
  for (const [what, tag, served] of SERVED) {
    test(`compare: ${what} in place of ${id} are refused in words, and the page goes on${tag}`, async ({ page }, info) => {
      await page.route(new RegExp(`/${id}\\.safetensors$`), (route) => route.fulfill({ body: Buffer.from(served(shipped(id))) }));
      await page.goto(address(info, { hash: 'room=compare&view=tell' }));
      await expect(page.locator('.notice')).toContainText(id, { timeout: 60_000 });
      await page.getByRole('link', { name: 'Energy', exact: true }).click();
      await drawn(page, 'energy-chains');
    });
  }
}

test('another file of the same name is another model, the same file is not @cpu', async ({ page }, info) => {
  await useStandIns(page);
  await page.goto(address(info, { hash: 'room=energy' }));
  await drawn(page, 'energy-chains');
  const model = async () => (await state(page)).get('model');
  await give(page, 'mine.safetensors', new Uint8Array(100));
  await expect(page.locator('.notice')).toContainText('does not fit');
  await give(page, 'mine.safetensors', tinyRbm(12));
  await expect.poll(model).toBe('file:mine.safetensors');
  await expect(page.locator('.about')).toContainText('12');
  await give(page, 'mine.safetensors', tinyRbm(31));
  await expect.poll(model).toBe('file:mine.safetensors 2');
  await expect(page.locator('.about')).toContainText('31');
  await give(page, 'mine.safetensors', tinyRbm(12));
  await expect.poll(model).toBe('file:mine.safetensors');
  await expect(page.locator('.room:visible .models .choice-face')).toHaveText(['Boltzmann machine', 'Convolutional', 'mine.safetensors', 'mine.safetensors 2']);
});
