/** The figures of all models: `models/measures.json`, as `inkling eval all` writes it, and how they are read. */

import { modelsFolder } from '../../catalog.js';
import { bytes, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
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
 * @property {number[]} digits  how many of each digit the classifier sees among them
 * @property {Record<ErrorOf, number> | null} [errors]  standard errors by bootstrap
 */

/** Figures with a standard error among `errors`. @typedef {'kid' | 'inception' | 'precision' | 'recall' | 'density' | 'coverage' | 'memorisation'} ErrorOf */

/**
 * @typedef {object} Likelihood
 * @property {string} kind  `exact`, `elbo`, `iwae-500`, `ais`
 * @property {number} nats
 * @property {number | null} bits_per_dimension
 * @property {number | null} spread  standard error of an estimate
 * @property {string} pixels  `dynamic`, `threshold`, `8-bit dequantised`
 * @property {number} images
 */

/**
 * @typedef {object} Cost
 * @property {number} parameters
 * @property {number} bytes
 * @property {number | null} flops_per_sample
 * @property {number | null} sample_ms
 * @property {number | null} [memory]  bytes of all buffers for one digit, weights among them
 * @property {number | null} [threads]  that `sample_ms` was measured on
 */

/**
 * Everything that was measured of a model; see crate/src/cli/measures.rs.
 * @typedef {object} Measures
 * @property {string} id
 * @property {string} command
 * @property {Samples | null} samples
 * @property {Likelihood | null} likelihood
 * @property {Cost} cost
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
 * @property {(value: number, measured: Measured) => string} [plain]  the words without what stands in brackets
 * @property {(value: number, measured: Measured) => string} [aside]  what stands in brackets
 * @property {(measured: Measured) => number | null} [error]  standard error of the value
 * @property {(error: number) => string} [doubt]  the error in words
 * @property {boolean} [more]  more is better
 * @property {number} [ideal]  neither more nor less is better, but what is nearer to this
 */

/** @param {keyof Samples} name @returns {(measured: Measured) => number | null} */
const ofSamples = (name) => ({ samples }) => (samples ? Number(samples[name]) : null);

/** @param {number} decimals @param {number} [times] @returns {(value: number) => string} */
const rounded = (decimals, times = 1) => (value) => number(times * value, decimals);

/** A measure of drawn digits with its error. @param {ErrorOf} key @param {number} decimals @param {number} [times] */
const measure = (key, decimals, times) => ({
  key,
  value: ofSamples(key),
  words: rounded(decimals, times),
  error: (/** @type {Measured} */ { samples }) => samples?.errors?.[key] ?? null,
  doubt: rounded(decimals, times),
});

/** @param {number} value */
export function operations(value) {
  if (value >= 1e9) return t('compare.gflop', { value: number(value / 1e9, 1) });
  if (value >= 1e5) return t('compare.mflop', { value: number(value / 1e6, value < 1e7 ? 2 : 0) });
  return t('compare.kflop', { value: number(value / 1e3, 1) });
}

/** Two or three significant digits, in one unit up to a second. @param {number} ms */
export function duration(ms) {
  if (ms >= 999.5) return t('unit.seconds', { value: number(ms / 1000, ms < 10_000 ? 2 : 1) });
  const decimals = ms > 0 ? Math.min(5, Math.max(0, (ms < 1 ? 1 : 2) - Math.floor(Math.log10(ms)))) : 0;
  return t('unit.milliseconds', { value: number(ms, decimals) });
}

/** How many times what real digits reach. @param {number} value @param {Measured} measured */
function ofFloor(value, { samples }) {
  return t('compare.fid', { times: number(value / (samples?.fid_floor ?? 1), 1) });
}

/** @param {number} _nats @param {Measured} measured */
function inBits(_nats, { likelihood }) {
  const bits = likelihood?.bits_per_dimension ?? null;
  return bits === null ? '' : t('compare.bits', { bits: number(bits, 3) });
}

/** What digits look like. @type {Column[]} */
export const QUALITY = [
  {
    key: 'fid',
    value: ofSamples('fid'),
    words: (value, one) => `${rounded(1)(value)} ${ofFloor(value, one)}`,
    plain: rounded(1),
    aside: ofFloor,
    error: ofSamples('fid_error'),
    doubt: rounded(1),
  },
  measure('kid', 1, 1000),
  { ...measure('inception', 2), more: true },
  { ...measure('precision', 3), more: true },
  { ...measure('recall', 3), more: true },
  { ...measure('density', 3), ideal: 1 },
  { ...measure('coverage', 3), more: true },
  { ...measure('memorisation', 3), ideal: 1 },
];

/** What a model costs. @type {Column[]} */
export const COST = [
  { key: 'sample_ms', value: ({ cost }) => cost.sample_ms, words: duration },
  { key: 'flops_per_sample', value: ({ cost }) => cost.flops_per_sample, words: operations },
  { key: 'memory', value: ({ cost }) => cost.memory ?? null, words: bytes },
  { key: 'parameters', value: ({ cost }) => cost.parameters, words: rounded(0) },
  { key: 'bytes', value: ({ cost }) => cost.bytes, words: bytes },
];

/** The one column of each table of likelihoods. @type {Column} */
export const LIKELIHOOD = {
  key: 'nats',
  value: ({ likelihood }) => likelihood?.nats ?? null,
  words: (value, one) => `${rounded(1)(value)} ${inBits(value, one)}`.trim(),
  plain: rounded(1),
  aside: inBits,
  error: ({ likelihood }) => likelihood?.spread ?? null,
  doubt: rounded(1),
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
 * A column's figure in words, with its error and what stands in brackets.
 * @param {Column} column
 * @param {Measured} one
 * @returns {{figure: string, doubt: string, aside: string} | null}
 */
export function inWords(column, one) {
  const value = column.value(one);
  if (value === null) return null;
  const error = column.error?.(one) ?? null;
  return {
    figure: (column.plain ?? column.words)(value, one),
    doubt: error === null || !column.doubt ? '' : t('compare.doubt', { error: column.doubt(error) }),
    aside: column.aside?.(value, one) ?? '',
  };
}

/** The words of `inWords` as cells show them. @param {{figure: string, doubt: string, aside: string}} words */
export function figureOf({ figure, doubt, aside }) {
  return [h('span', { class: 'figure' }, figure), doubt && h('span', { class: 'doubt' }, ` ${doubt}`), aside && h('span', { class: 'aside' }, ` ${aside}`)];
}

/** How far a figure is from the best there can be; less is better. @param {Column} column @param {number} value */
function distance({ more, ideal }, value) {
  if (ideal !== undefined) return Math.abs(Math.log(value / ideal));
  return more ? -value : value;
}

/**
 * In the order of a column, the best first; those without a figure last.
 * @param {Measured[]} measured
 * @param {Column} column
 * @param {boolean} reverse
 */
export function sorted(measured, column, reverse) {
  return [...measured].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const [far, near] = [distance(column, x), distance(column, y)];
    // infinities have no difference
    if (far === near) return 0;
    return (reverse ? -1 : 1) * (far < near ? -1 : 1);
  });
}
