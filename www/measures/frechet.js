/**
 * The Frechet distance of two clouds of features (Heusel et al. 2017), as crate/src/metrics/frechet.rs defines it:
 * |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), with the trace of the root from the eigenvalues of R S2 R, R = S1^(1/2).
 */

import { Breath } from './breath.js';

/** @typedef {{mean: Float64Array, covariance: Float64Array}} Moments */

/** Rotations below this part of the matrix's size change nothing. */
const NEGLIGIBLE = 1e-12;
/** Jacobi's method converges quadratically: some 10 sweeps do. */
const SWEEPS = 30;

/**
 * Mean and covariance (divided by the count less one) of rows of `width` values.
 * @param {ArrayLike<number>} values
 * @param {number} width
 * @returns {Moments}
 */
export function moments(values, width) {
  const count = values.length / width;
  const mean = new Float64Array(width);
  for (let i = 0; i < values.length; i += 1) mean[i % width] += values[i] / count;
  const covariance = new Float64Array(width * width);
  const row = new Float64Array(width);
  for (let start = 0; start < values.length; start += width) {
    for (let i = 0; i < width; i += 1) row[i] = values[start + i] - mean[i];
    for (let i = 0; i < width; i += 1) {
      if (row[i] === 0) continue;
      for (let j = 0; j <= i; j += 1) covariance[i * width + j] += row[i] * row[j];
    }
  }
  for (let i = 0; i < width; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      covariance[i * width + j] /= count - 1;
      covariance[j * width + i] = covariance[i * width + j];
    }
  }
  return { mean, covariance };
}

/**
 * Eigenvalues and, as columns, eigenvectors of a symmetric matrix: Jacobi's rotations, row by row.
 * @param {Float64Array} matrix  of `size * size` values, left as it is
 * @param {number} size
 * @returns {Promise<{values: Float64Array, vectors: Float64Array}>}
 */
export async function eigen(matrix, size) {
  const a = Float64Array.from(matrix);
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) vectors[i * size + i] = 1;
  const breath = new Breath();
  const scale = Math.hypot(...Array.from({ length: size }, (_, i) => a[i * size + i])) || 1;
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep += 1) {
    turned = false;
    for (let p = 0; p < size - 1; p += 1) {
      await breath.taken();
      for (let q = p + 1; q < size; q += 1) {
        const off = a[p * size + q];
        if (Math.abs(off) <= NEGLIGIBLE * scale) continue;
        turned = true;
        const theta = (a[q * size + q] - a[p * size + p]) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        rotate(a, size, p, q, c, t * c);
        for (let k = 0; k < size; k += 1) {
          const [x, y] = [vectors[k * size + p], vectors[k * size + q]];
          vectors[k * size + p] = c * x - t * c * y;
          vectors[k * size + q] = t * c * x + c * y;
        }
      }
    }
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i]), vectors };
}

/** J^T A J for the rotation of the axes p and q. @param {Float64Array} a @param {number} size @param {number} p @param {number} q @param {number} c @param {number} s */
function rotate(a, size, p, q, c, s) {
  for (let k = 0; k < size; k += 1) {
    const [x, y] = [a[k * size + p], a[k * size + q]];
    a[k * size + p] = c * x - s * y;
    a[k * size + q] = s * x + c * y;
  }
  for (let k = 0; k < size; k += 1) {
    const [x, y] = [a[p * size + k], a[q * size + k]];
    a[p * size + k] = c * x - s * y;
    a[q * size + k] = s * x + c * y;
  }
}

/** @param {Float64Array} a @param {Float64Array} b @param {number} size */
function product(a, b, size) {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let k = 0; k < size; k += 1) {
      const factor = a[i * size + k];
      for (let j = 0; j < size; j += 1) out[i * size + j] += factor * b[k * size + j];
    }
  }
  return out;
}

/** The symmetric root of a covariance. @param {Float64Array} matrix @param {number} size */
export async function root(matrix, size) {
  const { values, vectors } = await eigen(matrix, size);
  const scaled = new Float64Array(size * size);
  const transposed = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      scaled[i * size + j] = vectors[i * size + j] * Math.sqrt(Math.max(0, values[j]));
      transposed[j * size + i] = vectors[i * size + j];
    }
  }
  return product(scaled, transposed, size);
}

/**
 * @param {Moments & {root?: Float64Array}} real  with its covariance's root, where it is known
 * @param {Moments} drawn
 * @returns {Promise<number>}
 */
export async function distance(real, drawn) {
  const size = real.mean.length;
  const half = real.root ?? (await root(real.covariance, size));
  const { values } = await eigen(product(product(half, drawn.covariance, size), half, size), size);
  let sum = 0;
  for (let i = 0; i < size; i += 1) {
    sum += (real.mean[i] - drawn.mean[i]) ** 2 + real.covariance[i * size + i] + drawn.covariance[i * size + i];
    sum -= 2 * Math.sqrt(Math.max(0, values[i]));
  }
  return sum;
}
