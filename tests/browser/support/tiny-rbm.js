/** Weights of a restricted Boltzmann machine with a few hidden units; nothing was learned in them. */

import { file } from './tiny-weights.js';

const PIXELS = 784;

/** @param {number} [hidden] */
export function tinyRbm(hidden = 6) {
  return file({ family: 'rbm', hidden }, [
    ['weight', [hidden, PIXELS], 0.3],
    ['visible_bias', [PIXELS], 0.5],
    ['hidden_bias', [hidden], 0.5],
  ]);
}
