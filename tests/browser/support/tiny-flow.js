/** Weights of a flow with a few numbers a layer; nothing was learned in them. */

import { conv, file, linear } from './tiny-weights.js';

/** @import { Tensor } from './tiny-weights.js' */

const [CHANNELS, LEVELS, COUPLINGS, HIDDEN, COMPONENTS] = [4, 2, 2, 6, 2];
/** Pixels of the two halves of the coarsest grid, 7 by 7. */
const HALVES = [25, 24];

/** Two levels of three grids each, and two couplings on what is left. */
export function tinyFlow() {
  /** @type {Tensor[]} */
  const tensors = [];
  for (let level = 0; level < LEVELS; level += 1) {
    for (const known of [1, 2, 3]) {
      const name = `levels.${level}.${known}`;
      tensors.push(...conv(`${name}.in`, known, CHANNELS, 3), [`${name}.label.weight`, [10, CHANNELS], 0.5]);
      tensors.push(...conv(`${name}.0`, CHANNELS, CHANNELS, 3), ...conv(`${name}.out`, CHANNELS, 3 * COMPONENTS, 1));
    }
  }
  for (let coupling = 0; coupling < COUPLINGS; coupling += 1) {
    const name = `top.${coupling}`;
    const [changed = 0, kept = 0] = coupling % 2 ? [...HALVES].reverse() : HALVES;
    tensors.push(...linear(`${name}.in`, 2 * kept, HIDDEN), [`${name}.label.weight`, [10, HIDDEN], 0.5]);
    tensors.push(...linear(`${name}.0`, HIDDEN, HIDDEN), ...linear(`${name}.out`, HIDDEN, 3 * COMPONENTS * changed));
  }
  const config = {
    family: 'flow',
    side: 28,
    levels: Array.from({ length: LEVELS }, () => ({ channels: CHANNELS, layers: 1 })),
    top: { couplings: COUPLINGS, hidden: HIDDEN },
    components: COMPONENTS,
    paper: 0.99,
  };
  return file(config, tensors);
}
