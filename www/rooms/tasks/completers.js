/** How each family completes a picture of which a part is lost: several ways at once, shown as they come. */

import { runChain, runLane } from '../../parts/running.js';
import { PIXELS } from '../../protocol.js';
import { NO_CLASS } from '../denoise/table.js';
import { CLEANER, FROM_NOISE, kindOf } from '../energy/kinds.js';
import { observed } from '../likely/answers.js';
import { Order, binary } from '../pixels/order.js';
import { CHAIN, INPAINTING, ROUNDS } from './settings.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, Inputs, ModelInfo } from '../../protocol.js' */

/**
 * @typedef {object} Loss
 * @property {EngineClient} engine
 * @property {CatalogRow} row  whose model is loaded
 * @property {ModelInfo} info
 * @property {Float32Array} image  784 numbers in [0, 1]
 * @property {Float32Array} held  784 numbers: 1 where the picture is known, 0 where it is lost
 * @property {number} ways
 * @property {number} seed
 * @property {(pixels: Float32Array, ms: number) => void} show  ways * 784 numbers, and what they took on the device
 * @property {AbortSignal} signal
 */

/** @typedef {(loss: Loss) => Promise<void>} Completer */

/** Names of the scene and of the lane. */
const NAME = 'tasks-complete';
/** Ways that are written for each that is shown, where something is known that a writer comes to later. */
const TRIED = 4;

/** @type {Record<string, Completer>} */
export const COMPLETERS = { vae: posteriorChain, autoregressive: writing, denoiser: inpainting, rbm: clamped, energy: clamped };

/** One picture many times. @param {Float32Array} picture @param {number} times */
function repeated(picture, times) {
  const all = new Float32Array(times * PIXELS);
  for (let i = 0; i < times; i += 1) all.set(picture, i * PIXELS);
  return all;
}

/** What is known over what was made. @param {Float32Array} pixels @param {Loss} loss */
function joined(pixels, { image, held }) {
  return pixels.map((value, i) => (held[i % PIXELS] > 0.5 ? image[i % PIXELS] : value));
}

/**
 * Encoding and decoding in turn, what is known put back each time: a chain towards p(lost | known) (Rezende, Mohamed and
 * Wierstra 2014, appendix F). What is decoded stays grey until the end.
 * @param {Loss} loss
 */
async function posteriorChain(loss) {
  const { engine, row, info, image, held, ways, seed, show, signal } = loss;
  // the encoder that looks at drawings is that of the VAE that was loaded last
  await engine.load(row);
  const size = info.config.z_dim;
  const begin = performance.now();
  // these models know ink and paper only
  const known = binary(image);
  let filled = repeated(known.map((value, i) => value * held[i]), ways);
  for (let round = 0; round < ROUNDS; round += 1) {
    const codes = new Float32Array(ways * size);
    for (let way = 0; way < ways; way += 1) {
      const { z } = await observed(engine, filled.slice(way * PIXELS, (way + 1) * PIXELS), seed + round * ways + way);
      if (signal.aborted) return;
      codes.set(z, way * size);
    }
    const pixels = await engine.pixels(codes);
    if (signal.aborted) return;
    filled = joined(pixels, { ...loss, image: known });
    show(joined(pixels, loss), performance.now() - begin);
  }
}

/**
 * Writing in reading order; places that are known are not drawn. What a writer comes to later it cannot have known
 * before: so more ways are written than are shown, and those stay that made it the most likely (likelihood weighting,
 * Fung and Chang 1990).
 * @param {Loss} loss
 */
async function writing(loss) {
  const { engine, row, info, image, held, ways, seed, show, signal } = loss;
  const order = Order.of(info);
  const ink = binary(image);
  const known = Array.from({ length: order.places }, (_, place) => order.pixelsOf(place).every((pixel) => held[pixel] > 0.5));
  const first = known.indexOf(false);
  const later = known.flatMap((is, place) => (is && first >= 0 && place > first ? [place] : []));
  const batch = later.length > 0 ? TRIED * ways : ways;
  /** @type {Inputs} */
  let last = {};
  let spent = 0;
  const recipe = {
    model: row.id,
    job: 'write',
    batch,
    seed,
    steps: order.places,
    inputs: { temperature: Float32Array.of(1), given: repeated(ink, batch) },
    // a place is taken from what is given while it stands before this one
    each: { keep: Float32Array.from(known, (is) => (is ? order.places : 0)) },
  };
  const read = later.length > 0 ? ['probabilities', 'distributions'] : ['probabilities'];
  await runChain(engine, NAME, recipe, {
    read,
    signal,
    show(values, { ms }) {
      last = values;
      spent = ms;
      show(joined(values.probabilities.subarray(0, ways * PIXELS), loss), ms);
    },
  });
  if (signal.aborted || later.length === 0) return;
  const weights = Array.from({ length: batch }, (_, way) => {
    const from = way * order.places * order.outcomes;
    return later.reduce((sum, place) => {
      const share = last.distributions[from + place * order.outcomes + order.outcome(place, ink)];
      return sum + Math.log(Math.max(share, 1e-12));
    }, 0);
  });
  const best = weights.map((weight, way) => ({ weight, way })).sort((a, b) => b.weight - a.weight);
  const chosen = new Float32Array(ways * PIXELS);
  best.slice(0, ways).forEach(({ way }, i) => chosen.set(last.probabilities.subarray(way * PIXELS, (way + 1) * PIXELS), i * PIXELS));
  show(joined(chosen, loss), spent);
}

/**
 * Denoising in which what is known is put back at each noise level, forth and back (Lugmayr et al. 2022, algorithm 1).
 * @param {Loss} loss
 */
async function inpainting(loss) {
  const { engine, row, image, held, ways, seed, show, signal } = loss;
  const classes = new Array(ways).fill(NO_CLASS);
  const { sampler, steps, eta, resample, jump } = INPAINTING;
  /** @type {import('../../protocol.js').Spec} */
  const spec = {
    ...{ model: row.id, sampler, steps, spacing: 'uniform', eta, guidance_scale: 0, classes, seed },
    ...{ shared_noise: false, start: { kind: 'noise' }, direction: 'denoise', inpaint: { resample, jump } },
  };
  await runLane(engine, NAME, spec, {
    given: { source: repeated(image.map((value) => 2 * value - 1), ways), mask: held },
    show: (pixels, { ms }) => show(pixels, ms),
    signal,
  });
}

/** A chain in which what is known is held fast. @param {Loss} loss */
async function clamped(loss) {
  const { engine, row, info, image, held, ways, seed, show, signal } = loss;
  const kind = kindOf(info.config);
  // what only cleans completes nothing
  if (!kind || kind.family === CLEANER) return;
  const settings = kind.settings({ temperature: 1, digit: NO_CLASS }, ways, false);
  const given = { given: repeated(kind.family === 'rbm' ? binary(image) : image, ways), mask: repeated(held, ways) };
  const begin = (/** @type {number} */ how) => ({ begin: new Float32Array(ways).fill(how) });
  const recipe = {
    ...{ model: row.id, job: kind.job, batch: ways, seed, steps: Math.ceil(CHAIN[kind.family] / kind.steps) },
    inputs: { ...begin(0), ...given, ...settings },
    first: begin(FROM_NOISE),
  };
  await runChain(engine, NAME, recipe, { read: ['pixels'], show: ({ pixels }, { ms }) => show(joined(pixels, loss), ms), signal });
}
