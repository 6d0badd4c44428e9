/** What makes a hand: how far it leans and how wide its strokes are; as crate/src/metrics/shape.rs measures them. */

import { SIDE } from '../../protocol.js';

/** @typedef {{slant: number, width: number}} Stroke */

/**
 * Slant: mu_11 / mu_02 of the ink's central moments, y upwards. Width in pixels: 2 sum g / sum |grad g| of the grey
 * values g. Both are 0 for blank paper.
 * @param {ArrayLike<number>} image  784 numbers in [0, 1]
 * @returns {Stroke}
 */
export function strokeOf(image) {
  const grey = (/** @type {number} */ x, /** @type {number} */ y) => (x < SIDE && y < SIDE ? image[y * SIDE + x] : 0);
  let [ink, edges, across, up] = [0, 0, 0, 0];
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const value = grey(x, y);
      ink += value;
      across += value * x;
      up -= value * y;
      edges += Math.hypot(grey(x + 1, y) - value, grey(x, y + 1) - value);
    }
  }
  if (ink <= 0) return { slant: 0, width: 0 };
  let [both, height] = [0, 0];
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const [right, above] = [x - across / ink, -y - up / ink];
      both += grey(x, y) * right * above;
      height += grey(x, y) * above * above;
    }
  }
  return { slant: height > 0 ? both / height : 0, width: edges > 0 ? (2 * ink) / edges : 0 };
}

/** Pearson's correlation; 0 where one of both does not vary. @param {number[]} a @param {number[]} b */
export function correlation(a, b) {
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [middleA, middleB] = [mean(a), mean(b)];
  let [both, own, other] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    both += (a[i] - middleA) * (b[i] - middleB);
    own += (a[i] - middleA) ** 2;
    other += (b[i] - middleB) ** 2;
  }
  return own > 0 && other > 0 ? both / Math.sqrt(own * other) : 0;
}
