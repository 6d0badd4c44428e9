/** Precision and recall of drawn digits (Kynkaanniemi et al. 2019), as crate/src/metrics/manifold.rs defines them. */

import { Breath } from './breath.js';

/** Neighbours that make a ball. */
const K = 3;

/**
 * The part of the drawn rows that lie in a real row's ball, and the part of the real rows in a drawn row's. As many of
 * each: the first ones of the larger set.
 * @param {ArrayLike<number>} real  rows of `width` values
 * @param {ArrayLike<number>} drawn
 * @param {number} width
 * @returns {Promise<{precision: number, recall: number}>}
 */
export async function overlap(real, drawn, width) {
  const count = Math.min(real.length, drawn.length) / width;
  const [realBalls, drawnBalls] = [await balls(real, count, width), await balls(drawn, count, width)];
  const breath = new Breath();
  const among = new Uint8Array(count);
  const reached = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    await breath.taken();
    for (let j = 0; j < count; j += 1) {
      const squared = between(real, i, drawn, j, width);
      if (squared <= realBalls[i]) among[j] = 1;
      if (squared <= drawnBalls[j]) reached[i] = 1;
    }
  }
  const part = (/** @type {Uint8Array} */ flags) => flags.reduce((sum, flag) => sum + flag, 0) / count;
  return { precision: part(among), recall: part(reached) };
}

/** Squared distances of each row to its K-th neighbour among the others. @param {ArrayLike<number>} rows @param {number} count @param {number} width */
async function balls(rows, count, width) {
  const breath = new Breath();
  const radii = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    await breath.taken();
    const nearest = new Array(K).fill(Infinity);
    for (let j = 0; j < count; j += 1) {
      if (j === i) continue;
      const squared = between(rows, i, rows, j, width);
      if (squared >= nearest[K - 1]) continue;
      nearest[K - 1] = squared;
      nearest.sort((a, b) => a - b);
    }
    radii[i] = nearest[K - 1];
  }
  return radii;
}

/** @param {ArrayLike<number>} a @param {number} i @param {ArrayLike<number>} b @param {number} j @param {number} width */
function between(a, i, b, j, width) {
  let sum = 0;
  for (let k = 0; k < width; k += 1) {
    const difference = a[i * width + k] - b[j * width + k];
    sum += difference * difference;
  }
  return sum;
}
