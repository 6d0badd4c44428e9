/** The shipped measurements of the models: `models/ID.quality.json`, as `inkling eval --table` writes it. */

import { modelsFolder } from '../../catalog.js';
import { KindError } from '../../protocol.js';
import { SAMPLERS } from './table.js';

/** @import { CatalogRow, Spec } from '../../protocol.js' */

/**
 * One setting and its figures; see crate/src/metrics/sample_report.rs.
 * @typedef {Pick<Spec, 'sampler' | 'steps' | 'spacing' | 'eta' | 'guidance_scale'> & {
 *   evaluations: number, n: number, fid: number, fid_error: number, fid_floor: number, kid: number, precision: number,
 *   recall: number, density: number, coverage: number
 * }} Row
 */

/** A row and the model that it is of. @typedef {{model: string, row: Row}} Measured */

/**
 * Rows of a model. A model may have none.
 * @param {string} id
 * @returns {Promise<Row[]>}
 */
export async function fetchRows(id) {
  const address = new URL(`${id}.quality.json`, modelsFolder());
  let response;
  try {
    response = await fetch(address);
  } catch {
    throw new KindError('network', address.href);
  }
  if (response.status === 404) return [];
  if (!response.ok) throw new KindError('network', `${address.href} (${response.status})`);
  return response.json();
}

/** @param {CatalogRow[]} catalog @returns {Promise<Measured[]>} */
export async function fetchMeasurements(catalog) {
  const all = await Promise.all(catalog.map(async ({ id }) => (await fetchRows(id)).map((row) => ({ model: id, row }))));
  return all.flat();
}

/** Neither guidance nor anything else unusual. @param {Row} row */
const isPlain = ({ guidance_scale, spacing, eta }) => guidance_scale === 0 && spacing === 'uniform' && eta === 0;

/** Plain rows by model and sampler, each in the order of evaluations. @param {Measured[]} measured */
export function linesOf(measured) {
  const models = [...new Set(measured.map(({ model }) => model))];
  return models.flatMap((model) =>
    SAMPLERS.map((sampler) => ({
      model,
      sampler,
      points: measured
        .filter((one) => one.model === model && one.row.sampler === sampler && isPlain(one.row))
        .sort((a, b) => a.row.evaluations - b.row.evaluations),
    })).filter(({ points }) => points.length > 0),
  );
}

/**
 * Rows of a model that differ in their guidance only: of several such groups the largest, in the order of guidance.
 * @param {Measured[]} measured
 * @param {string} model
 * @returns {Measured[]} none where only one guidance was measured
 */
export function guidanceOf(measured, model) {
  /** @type {Map<string, Measured[]>} */
  const groups = new Map();
  for (const one of measured.filter((other) => other.model === model)) {
    const { sampler, steps, spacing, eta } = one.row;
    const key = [sampler, steps, spacing, eta].join();
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const largest = [...groups.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  return largest.length < 2 ? [] : largest.sort((a, b) => a.row.guidance_scale - b.row.guidance_scale);
}
