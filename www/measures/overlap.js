/** Precision and recall of drawn digits (Kynkaanniemi et al. 2019), as crate/src/metrics/manifold.rs defines them. */

import { Breath } from './breath.js';
import { shuffled } from './shuffle.js';

/** Neighbours that make a ball. */
const K = 3;

/**
 * The part of the drawn rows that lie in a real row's ball, and the part of the real rows in a drawn row's. As many of
 * each: some of the larger set, drawn at random, for a set may be sorted.
 * @param {ArrayLike<number>} real  rows of `width` values
 * @param {ArrayLike<number>} drawn
 * @param {number} width
 * @param {number} [seed]  of what is drawn of the larger set
 * @returns {Promise<{precision: number, recall: number}>}
 */
export async function overlap(real, drawn, width, seed = 0) {
  const count = Math.min(real.length, drawn.length) / width;
  [real, drawn] = [real, drawn].map((rows) => some(rows, count, width, seed));
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

/** As many of the rows. @param {ArrayLike<number>} rows @param {number} count @param {number} width @param {number} seed */
function some(rows, count, width, seed) {
  if (rows.length === count * width) return rows;
  const kept = new Float64Array(count * width);
  const order = shuffled(rows.length / width, seed);
  for (let i = 0; i < kept.length; i += 1) kept[i] = rows[order[Math.floor(i / width)] * width + (i % width)];
  return kept;
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
