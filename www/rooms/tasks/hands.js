/**
 * How each family writes all ten digits in the hand of others: what is not the digit is kept, the digit is changed.
 * Families with a way back take any picture; a GAN has hands of its own only.
 */

import { runLane } from '../../parts/running.js';
import { KindError, PIXELS } from '../../protocol.js';
import { besides } from '../about.js';
import { DuelModel, joined } from '../duel/model.js';
import { LAYERS } from '../duel/table.js';
import { observed } from '../likely/answers.js';
import { SPLIT, WALK } from './settings.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo, Spec } from '../../protocol.js' */
/** @import { Hand } from './table.js' */

/**
 * @typedef {object} Order
 * @property {EngineClient} engine
 * @property {CatalogRow} row  whose model is loaded
 * @property {ModelInfo} info
 * @property {Float32Array} hands  pictures in whose hand digits are to be written, 784 numbers in [0, 1] each
 * @property {number[]} classes  what the hands wrote
 * @property {number} seed
 * @property {(written: Written) => void} show
 * @property {AbortSignal} signal
 */

/**
 * The hands, and the digits 0 to 9 in each of them: digit by digit, and for each hand by hand.
 * @typedef {{hands: Float32Array, digits: Float32Array}} Written
 */

/**
 * @typedef {object} Way
 * @property {string} family
 * @property {string} model  that is taken, where the catalog has it
 * @property {string} way  as in tasks.json; see figures.js
 * @property {string} [setting]  how its setting in tasks.json begins, where the way was measured with several
 * @property {boolean} takes  any picture for a hand
 * @property {(order: Order) => Promise<void>} write
 */

const DIGITS = 10;
/** Names of the lanes. */
const LANES = { there: 'tasks-encode', back: 'tasks-decode' };

/** @type {Record<Hand, Way>} */
export const WAYS = {
  flow: { family: 'flow', model: 'flow', way: 'recode', takes: true, write: flow },
  vae: { family: 'vae', model: 'vae-conv', way: 'class_means', takes: true, write: classMeans },
  denoiser: { family: 'denoiser', model: 'diffusion', way: 'recode', takes: true, write: denoiser },
  gan: { family: 'gan', model: 'dcgan', way: 'same_code', takes: false, write: sameCode },
  mixing: { family: 'gan', model: 'style-gan', way: 'mixing', setting: `the first ${SPLIT} of ${LAYERS} layers`, takes: false, write: mixing },
};

/** A digit for each hand. @param {number} digit @param {number} count */
const all = (digit, count) => new Float32Array(count).fill(digit);

/** Each digit as often as there are hands. @param {number} count */
const everyDigit = (count) => Array.from({ length: DIGITS * count }, (_, i) => Math.floor(i / count));

/** The noise of a picture does not depend on the digit: decoded as another one it keeps the hand. @param {Order} order */
async function flow({ engine, row, hands, classes, seed, show, signal }) {
  const batch = classes.length;
  const inputs = { x: hands, label: Float32Array.from(classes), key: Float32Array.of(seed & 0xffff, seed >>> 16, 0, 0), spread: Float32Array.of(1) };
  const { z } = await engine.compute({ model: row.id, job: 'encode', batch, inputs, read: ['z'] });
  const digits = new Float32Array(DIGITS * hands.length);
  for (let digit = 0; digit < DIGITS && !signal.aborted; digit += 1) {
    const { pixels } = await engine.compute({ model: row.id, job: 'draw', batch, inputs: { z, label: all(digit, batch) }, read: ['pixels'] });
    digits.set(pixels, digit * hands.length);
    show({ hands, digits });
  }
}

/** A code less the mean of its digit is the hand; the mean of another digit is added. @param {Order} order */
async function classMeans({ engine, row, info, hands, classes, show }) {
  /** @type {number[][] | undefined} */
  const means = info.class_means ?? (await besides(row.id, 'page'))?.class_means;
  if (!means) throw new KindError('unsupported', row.id);
  // the encoder that looks at drawings is that of the VAE that was loaded last
  await engine.load(row);
  const size = info.config.z_dim;
  const codes = new Float32Array(DIGITS * classes.length * size);
  for (const [hand, digit] of classes.entries()) {
    const { mu } = await observed(engine, hands.slice(hand * PIXELS, (hand + 1) * PIXELS), null);
    for (let to = 0; to < DIGITS; to += 1) {
      codes.set(mu.map((value, unit) => value - means[digit][unit] + means[to][unit]), (to * classes.length + hand) * size);
    }
  }
  show({ hands, digits: await engine.pixels(codes) });
}

/** To noise as what it is, and back as another digit, along the probability-flow equation. @param {Order} order */
async function denoiser({ engine, row, hands, classes, seed, show, signal }) {
  /** @type {Spec} */
  const there = {
    ...{ model: row.id, sampler: 'midpoint', steps: WALK, spacing: 'uniform', eta: 0, guidance_scale: 0, classes, seed },
    ...{ shared_noise: false, start: { kind: 'data' }, direction: 'encode' },
  };
  const noise = await last(engine, LANES.there, there, hands.map((value) => 2 * value - 1));
  if (signal.aborted) return;
  const source = new Float32Array(DIGITS * noise.length);
  for (let digit = 0; digit < DIGITS; digit += 1) source.set(noise, digit * noise.length);
  const back = { ...there, classes: everyDigit(classes.length), start: /** @type {const} */ ({ kind: 'exact', t: 1 }), direction: /** @type {const} */ ('denoise') };
  await runLane(engine, LANES.back, back, { given: { source }, show: (digits) => show({ hands, digits }), signal });
}

/**
 * Where a trajectory ends.
 * @param {EngineClient} engine
 * @param {string} lane
 * @param {Spec} spec
 * @param {Float32Array} source
 */
async function last(engine, lane, spec, source) {
  try {
    const { frames } = await engine.run(lane, spec, { source });
    return await engine.frameValues(lane, 'x_t', frames - 1);
  } finally {
    engine.send({ type: 'release', lane });
  }
}

/** One code, told ten different digits. @param {Order} order */
async function sameCode({ engine, row, info, classes, seed, show }) {
  const model = new DuelModel(engine, { id: row.id, row, info, bytes: row.bytes }, null);
  const count = classes.length;
  // a style-based generator would map each digit's code elsewhere
  const z = await engine.normal(seed, count * model.zDim);
  const draw = async (/** @type {number[]} */ digits) => {
    const batch = digits.length;
    const code = new Float32Array(batch * model.zDim);
    for (let i = 0; i < batch; i += count) code.set(z, i * model.zDim);
    const { pixels } = await engine.compute({ model: row.id, job: 'generate', batch, inputs: { z: code, ...model.label(digits) }, read: ['pixels'] });
    return pixels;
  };
  show({ hands: await draw(classes), digits: await draw(everyDigit(count)) });
}

/** The coarse layers take the code of the digit, the fine ones that of the hand (Karras et al. 2019, section 3.1). @param {Order} order */
async function mixing({ engine, row, info, classes, seed, show }) {
  const model = new DuelModel(engine, { id: row.id, row, info, bytes: row.bytes }, null);
  const count = classes.length;
  const parts = (/** @type {Float32Array} */ codes) => Array.from({ length: codes.length / model.width }, (_, i) => codes.subarray(i * model.width, (i + 1) * model.width));
  const fine = parts(await model.codes(seed, classes, 1));
  const coarse = parts(await model.codes(seed + 1, everyDigit(1), 1));
  const cells = everyDigit(count);
  const hands = await model.pixels(model.order(fine, classes, { split: LAYERS, seed }));
  const rows = cells.map((digit) => coarse[digit]);
  const columns = cells.map((_, i) => fine[i % count]);
  const digits = await model.pixels(model.order(rows, [], { fine: columns, split: SPLIT, seed }));
  show({ hands: joined(hands), digits: joined(digits) });
}
