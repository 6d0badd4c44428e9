/**
 * What was measured of the models at these tasks: `models/tasks.json`, as `inkling eval tasks` writes it. A model whose
 * weights have changed since has no figures; the room works with none at all, and says so.
 */

import { modelsFolder } from '../../catalog.js';
import { number, t } from '../../i18n/translate.js';

/** @import { CatalogRow } from '../../protocol.js' */

/**
 * How a model tells digits from one kind of foreign pictures. `roc[k]` is the share of them that is caught when
 * k / (length - 1) of the test digits are rejected too.
 * @typedef {{kind: string, auc: number, auc_error: number, roc: number[]}} Curve
 */

/**
 * More is more like a digit, whatever the score.
 * @typedef {object} Anomaly
 * @property {string} id
 * @property {string} sha256
 * @property {number} n  test digits behind the quantiles, which are those of 0, 1, ... 100 %
 * @property {string} score  `exact`, `elbo`, `free_energy`, `energy`, `discriminator`, `probability` or `reconstruction`
 * @property {number[]} quantiles
 * @property {Curve[]} kinds
 */

/**
 * Accuracy on real test digits of a classifier that learned from so many `real` training digits and `samples` drawn ones.
 * @typedef {object} Augment
 * @property {string} id  `real` where no model drew
 * @property {string} sha256
 * @property {number} n
 * @property {number} real
 * @property {number} samples
 * @property {string} labels  `asked`, `read` or `real`
 * @property {number} accuracy
 * @property {number} spread
 * @property {number} runs
 */

/**
 * @typedef {object} Complete
 * @property {string} id  `none` and `truth` are no models
 * @property {string} sha256
 * @property {number} n
 * @property {string} way
 * @property {string} setting
 * @property {number} read  share of the completions that a classifier reads as the digit
 * @property {number} read_error
 * @property {number} error
 * @property {number} diversity
 */

/**
 * @typedef {object} Style
 * @property {string} id
 * @property {string} sha256
 * @property {number} n
 * @property {string} way
 * @property {string} setting
 * @property {number} read
 * @property {number} read_error
 * @property {number} slant
 * @property {number} width
 * @property {number} ink
 */

/** @typedef {{command: string, kinds: string[], anomaly: Anomaly[], augment: Augment[], complete: Complete[], style: Style[]}} Figures */

/** @type {Figures} */
const NONE = { command: '', kinds: [], anomaly: [], augment: [], complete: [], style: [] };

/**
 * The figures of the weights that are in the catalog, and those of no model.
 * @param {CatalogRow[]} catalog
 * @returns {Promise<Figures>}
 */
export async function fetchTaskFigures(catalog) {
  let told;
  try {
    const response = await fetch(new URL('tasks.json', modelsFolder()));
    told = response.ok ? await response.json() : NONE;
  } catch {
    // the room does without
    told = NONE;
  }
  const weights = new Map(catalog.map(({ id, sha256 }) => [id, sha256]));
  const current = (/** @type {{id: string, sha256: string}} */ { id, sha256 }) => sha256 === '' || weights.get(id) === sha256;
  const list = (/** @type {unknown} */ rows) => (Array.isArray(rows) ? rows.filter(current) : []);
  return {
    command: String(told.command ?? ''),
    kinds: Array.isArray(told.kinds) ? told.kinds : [],
    anomaly: list(told.anomaly),
    augment: list(told.augment),
    complete: list(told.complete),
    style: list(told.style),
  };
}

/** Families all of whose models can be told which digit to draw, and those none of whose can. */
const TOLD = ['flow', 'energy', 'mixture', 'naive_bayes'];
const UNTOLD = ['vae', 'autoregressive', 'rbm', 'gaussian_mixture'];

/**
 * Whether a model can be told which digit to draw, as far as that is known before it is loaded: of families that have
 * models of both kinds by whether a classifier that learned from it was taught what was asked for.
 * @param {CatalogRow} row
 * @param {Augment[]} augment
 * @returns {boolean | null}
 */
export function tells({ id, family }, augment) {
  if (TOLD.includes(family)) return true;
  if (UNTOLD.includes(family)) return false;
  const lesson = augment.find((one) => one.id === id);
  return lesson ? lesson.labels === 'asked' : null;
}

/** A share with its standard error, in percent. @param {number} share @param {number} error */
export function percent(share, error) {
  return t('tasks.percent', { value: number(100 * share, 1), error: number(100 * error, 1) });
}
