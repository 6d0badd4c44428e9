/** A model as the Latent room sees it: what the engine knows and what was measured when it was trained. */

import { SIDE } from '../../protocol.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { ModelInfo } from '../../protocol.js' */
/** @import { RankedUnit } from '../../parts/latent-sliders.js' */
/** @import { Known } from '../models.js' */

/**
 * @typedef {object} Latents
 * @property {number} zDim
 * @property {RankedUnit[]} units  most active first
 * @property {Float32Array[] | null} classMeans  ten, or null where nobody measured them
 * @property {Metrics | null} metrics
 */

/** @typedef {Known & Latents} LatentModel */

/**
 * What `inkling publish` measured on the test set, in nats per image.
 * @typedef {object} Metrics
 * @property {number} negative_elbo
 * @property {number} negative_iwae
 * @property {number} iwae_samples
 * @property {number} active_units
 */

/** `<id>.page.json`. @typedef {Pick<ModelInfo, 'active_units' | 'class_means'> & {metrics?: Metrics}} Measured */

/**
 * @param {EngineClient} engine
 * @param {Known} known  selected in the worker
 * @param {Measured | null} measured
 * @returns {Promise<LatentModel>}
 */
export async function latentModel(engine, known, measured) {
  const { info } = known;
  const zDim = info.config.z_dim;
  const means = info.class_means ?? measured?.class_means;
  const ranked = info.active_units ?? measured?.active_units;
  return {
    ...known,
    zDim,
    units: ranked ? complete(ranked, zDim) : await rankByEffect(engine, zDim),
    classMeans: means ? means.map((mean) => Float32Array.from(mean)) : null,
    metrics: measured?.metrics ?? null,
  };
}

/**
 * @param {{unit: number, kl: number}[]} ranked
 * @param {number} zDim
 * @returns {RankedUnit[]}
 */
function complete(ranked, zDim) {
  const known = ranked.filter(({ unit }) => unit < zDim);
  const listed = new Set(known.map(({ unit }) => unit));
  const rest = Array.from({ length: zDim }, (_, unit) => unit).filter((unit) => !listed.has(unit));
  return [...known, ...rest.map((unit) => ({ unit, kl: null }))];
}

/**
 * Nobody measured this model: rank the units by how much the picture changes between two ends of each.
 * @param {EngineClient} engine
 * @param {number} zDim
 * @returns {Promise<RankedUnit[]>}
 */
async function rankByEffect(engine, zDim) {
  const batch = new Float32Array(2 * zDim * zDim);
  for (let unit = 0; unit < zDim; unit += 1) {
    batch[2 * unit * zDim + unit] = -2;
    batch[(2 * unit + 1) * zDim + unit] = 2;
  }
  const pixels = await engine.pixels(batch);
  const size = SIDE * SIDE;
  const effect = Array.from({ length: zDim }, (_, unit) => {
    let sum = 0;
    for (let i = 0; i < size; i += 1) sum += Math.abs(pixels[2 * unit * size + i] - pixels[(2 * unit + 1) * size + i]);
    return sum;
  });
  return effect
    .map((sum, unit) => ({ unit, sum }))
    .sort((a, b) => b.sum - a.sum)
    .map(({ unit }) => ({ unit, kl: null }));
}
