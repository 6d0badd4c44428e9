/** A model as the Latent room sees it: what the engine knows and what was measured when it was trained. */

import { modelsFolder } from '../../catalog.js';
import { SIDE } from '../../protocol.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { RankedUnit } from '../../parts/latent-sliders.js' */

/**
 * @typedef {object} LatentModel
 * @property {string} id
 * @property {CatalogRow | null} row  null for a file that the person gave
 * @property {ModelInfo} info
 * @property {number} zDim
 * @property {RankedUnit[]} units  most active first
 * @property {Float32Array[] | null} classMeans  ten, or null where nobody measured them
 * @property {number} bytes
 * @property {Metrics | null} metrics
 */

/**
 * What `inkling publish` measured on the test set, in nats per image.
 * @typedef {object} Metrics
 * @property {number} negative_elbo
 * @property {number} negative_iwae
 * @property {number} iwae_samples
 * @property {number} active_units
 */

/** @typedef {Pick<ModelInfo, 'active_units' | 'class_means'> & {metrics?: Metrics}} Measured */

/**
 * @param {EngineClient} engine
 * @param {string} id
 * @param {CatalogRow | null} row
 * @param {Uint8Array<ArrayBuffer>} [bytes]
 * @returns {Promise<LatentModel>}
 */
export async function loadLatentModel(engine, id, row, bytes) {
  const size = bytes?.byteLength ?? row?.bytes ?? 0;
  const [info, measured] = await Promise.all([
    row ? engine.load(row) : engine.loadFile(id, bytes ?? new Uint8Array(0)),
    row ? fetchMeasured(row.id) : null,
  ]);
  const zDim = info.config.z_dim;
  const means = info.class_means ?? measured?.class_means;
  const ranked = info.active_units ?? measured?.active_units;
  return {
    id,
    row,
    info,
    zDim,
    units: ranked ? complete(ranked, zDim) : await rankByEffect(engine, zDim),
    classMeans: means ? means.map((mean) => Float32Array.from(mean)) : null,
    bytes: size,
    metrics: measured?.metrics ?? null,
  };
}

/**
 * `<id>.page.json`, written when the model was trained. The room works without it.
 * @param {string} id
 * @returns {Promise<Measured | null>}
 */
async function fetchMeasured(id) {
  try {
    const response = await fetch(new URL(`${id}.page.json`, modelsFolder()));
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
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
