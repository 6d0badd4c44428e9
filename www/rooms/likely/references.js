/** What the test digits get, `models/likely.json`: see scripts/likely.mjs. Figures of other weights are not used. */

import { modelsFolder } from '../../catalog.js';

/** @import { Answer } from './answers.js' */
/** @import { Quantiles } from './scale.js' */

/**
 * @typedef {object} References
 * @property {number} digits
 * @property {Record<string, {sha256: string, quantiles: Quantiles, log_z?: Answer}>} models
 */

/** @returns {Promise<References>} */
export async function fetchReferences() {
  const none = { digits: 0, models: {} };
  try {
    const response = await fetch(new URL('likely.json', modelsFolder()));
    return response.ok ? await response.json() : none;
  } catch {
    // the room does without
    return none;
  }
}
