/** The figures of all models: `models/measures.json`, as `inkling eval all` writes it, and how they are read. */

import { modelsFolder } from '../../catalog.js';
import { bytes, number, t } from '../../i18n/translate.js';
import { KindError } from '../../protocol.js';

/** @import { CatalogRow } from '../../protocol.js' */

/**
 * Drawn digits and their measures; see crate/src/metrics/sample_report.rs.
 * @typedef {object} Samples
 * @property {number} n
 * @property {number} seed
 * @property {string} setting
 * @property {number} fid
 * @property {number} fid_error
 * @property {number} fid_floor
 * @property {number} kid
 * @property {number} kid_sd
 * @property {number} inception
 * @property {number} inception_sd
 * @property {number} precision
 * @property {number} recall
 * @property {number} density
 * @property {number} coverage
 * @property {number} memorisation
 */

/**
 * @typedef {object} Likelihood
 * @property {string} kind  `exact`, `elbo`, `iwae-500`, `ais`
 * @property {number} nats
 * @property {number | null} bits_per_dimension
 * @property {number | null} spread
 * @property {string} pixels  `dynamic`, `threshold`, `8-bit dequantised`
 * @property {number} images
 */

/**
 * Everything that was measured of a model; see crate/src/cli/measures.rs.
 * @typedef {object} Measures
 * @property {string} id
 * @property {string} command
 * @property {Samples | null} samples
 * @property {Likelihood | null} likelihood
 * @property {{parameters: number, bytes: number, flops_per_sample: number | null, sample_ms: number | null}} cost
 * @property {Record<string, number>} extra
 */

/** Figures and the model that they are of. @typedef {Measures & {row: CatalogRow}} Measured */

/**
 * Those of the models in the catalog, in its order.
 * @param {CatalogRow[]} catalog
 * @returns {Promise<Measured[]>}
 */
export async function fetchFigures(catalog) {
  const address = new URL('measures.json', modelsFolder());
  let response;
  try {
    response = await fetch(address);
  } catch {
    throw new KindError('network', address.href);
  }
  if (!response.ok) throw new KindError('network', `${address.href} (${response.status})`);
  /** @type {Measures[]} */
  const all = await response.json();
  return catalog.flatMap((row) => all.filter(({ id }) => id === row.id).map((measures) => ({ ...measures, row })));
}

/**
 * A column of the table.
 * @typedef {object} Column
 * @property {string} key  `compare.figure.<key>` is its name, `compare.definition.<key>` what it means
 * @property {(measured: Measured) => number | null} value
 * @property {(value: number, measured: Measured) => string} words
 * @property {boolean} [more]  more is better
 */

/** @param {keyof Samples} name @returns {(measured: Measured) => number | null} */
const ofSamples = (name) => ({ samples }) => (samples ? Number(samples[name]) : null);

/** @param {number} decimals @returns {(value: number) => string} */
const rounded = (decimals) => (value) => number(value, decimals);

/** @param {number} value */
export function operations(value) {
  if (value >= 1e9) return t('compare.gflop', { value: number(value / 1e9, 1) });
  if (value >= 1e5) return t('compare.mflop', { value: number(value / 1e6, value < 1e7 ? 2 : 0) });
  return t('compare.kflop', { value: number(value / 1e3, 1) });
}

/** @param {number} ms */
export function duration(ms) {
  if (ms > 0 && ms < 0.1) return t('compare.microseconds', { value: number(1000 * ms, ms < 0.01 ? 1 : 0) });
  if (ms < 1000) return t('unit.milliseconds', { value: number(ms, ms < 10 ? 2 : 0) });
  return t('unit.seconds', { value: number(ms / 1000, ms < 10_000 ? 2 : 1) });
}

/** What digits look like. @type {Column[]} */
export const QUALITY = [
  { key: 'fid', value: ofSamples('fid'), words: (value, { samples }) => t('compare.fid', { value: number(value, 1), times: number(value / (samples?.fid_floor ?? 1), 1) }) },
  { key: 'kid', value: ofSamples('kid'), words: (value) => number(1000 * value, 1) },
  { key: 'inception', value: ofSamples('inception'), words: rounded(2), more: true },
  { key: 'precision', value: ofSamples('precision'), words: rounded(3), more: true },
  { key: 'recall', value: ofSamples('recall'), words: rounded(3), more: true },
  { key: 'density', value: ofSamples('density'), words: rounded(3), more: true },
  { key: 'coverage', value: ofSamples('coverage'), words: rounded(3), more: true },
  { key: 'memorisation', value: ofSamples('memorisation'), words: rounded(3), more: true },
];

/** What a model costs. @type {Column[]} */
export const COST = [
  { key: 'sample_ms', value: ({ cost }) => cost.sample_ms, words: duration },
  { key: 'flops_per_sample', value: ({ cost }) => cost.flops_per_sample, words: operations },
  { key: 'parameters', value: ({ cost }) => cost.parameters, words: rounded(0) },
  { key: 'bytes', value: ({ cost }) => cost.bytes, words: bytes },
];

/** The one column of each table of likelihoods. @type {Column} */
export const LIKELIHOOD = {
  key: 'nats',
  value: ({ likelihood }) => likelihood?.nats ?? null,
  words(value, { likelihood }) {
    const { bits_per_dimension: bits, spread } = likelihood ?? { bits_per_dimension: null, spread: null };
    const nats = spread ? t('quality.plusminus', { value: number(value, 1), error: number(spread, 1) }) : number(value, 1);
    return bits === null ? nats : t('compare.bits', { nats, bits: number(bits, 3) });
  },
};

export const COLUMNS = [...QUALITY, ...COST, LIKELIHOOD];

/** Models whose likelihoods compare: one kind on one sort of pixels. @param {Measured[]} measured */
export function likelihoodGroups(measured) {
  /** @type {Map<string, {kind: string, pixels: string, members: Measured[]}>} */
  const groups = new Map();
  for (const one of measured) {
    if (!one.likelihood) continue;
    const { kind, pixels } = one.likelihood;
    const group = groups.get(`${kind}|${pixels}`) ?? { kind, pixels, members: [] };
    group.members.push(one);
    groups.set(`${kind}|${pixels}`, group);
  }
  return [...groups.values()].sort((a, b) => b.members.length - a.members.length);
}

/**
 * In the order of a column, the best first; those without a figure last.
 * @param {Measured[]} measured
 * @param {Column} column
 * @param {boolean} reverse
 */
export function sorted(measured, column, reverse) {
  const sign = (column.more ? -1 : 1) * (reverse ? -1 : 1);
  return [...measured].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return sign * (x - y);
  });
}
