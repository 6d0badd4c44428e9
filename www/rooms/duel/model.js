/** A GAN as the Duel room sees it: codes in, digits and verdicts out. */

import { keyOf } from '../../parts/seed.js';
import { PIXELS } from '../../protocol.js';
import { LAYERS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Inputs } from '../../protocol.js' */
/** @import { Known } from '../models.js' */

/**
 * A unit vector of codes, and how far codes spread along it.
 * @typedef {{vector: number[], share: number, spread: number}} Direction
 */

/** What `inkling publish` wrote beside the model. @typedef {{directions: Direction[], means: number[][]}} PageFile */

/**
 * What a job is asked for.
 * @typedef {{job: string, batch: number, inputs: Inputs}} Order
 */

export class DuelModel {
  /**
   * @param {EngineClient} engine
   * @param {Known} known
   * @param {PageFile | null} page
   */
  constructor(engine, { id, row, info, bytes }, page) {
    this.engine = engine;
    this.id = id;
    this.row = row;
    this.info = info;
    this.bytes = bytes;
    this.directions = page?.directions ?? [];
    this.means = page?.means ?? [];
    const { conditional, generator, discriminator, z_dim: zDim } = /** @type {any} */ (info.config);
    this.conditional = Boolean(conditional);
    this.zDim = zDim;
    this.isStyle = Boolean(generator?.style);
    this.judges = Array.isArray(discriminator) && discriminator.length > 0;
    /** Numbers of a code: z, or w of a style-based generator. */
    this.width = this.isStyle ? generator.style.mapping.at(-1) : zDim;
  }

  /**
   * The codes that a seed gives.
   * @param {number} seed
   * @param {number[]} digits  one for each code
   * @param {number} truncation
   * @returns {Promise<Float32Array>} digits.length * width numbers
   */
  async codes(seed, digits, truncation) {
    const count = digits.length;
    const z = await this.engine.normal(seed, count * this.zDim);
    if (!this.isStyle) return z.map((value) => value * truncation);
    const label = this.label(digits);
    const { w } = await this.engine.compute({ model: this.id, job: 'map', batch: count, inputs: { z, ...label }, read: ['w'] });
    return w.map((value, i) => {
      // without a file beside the model there is no mean to draw to
      const mean = this.means[digits[Math.floor(i / this.width)]]?.[i % this.width] ?? 0;
      return mean + truncation * (value - mean);
    });
  }

  /**
   * A code moved along the directions.
   * @param {Float32Array} code
   * @param {ArrayLike<number>} along  in standard deviations
   */
  moved(code, along) {
    const next = Float32Array.from(code);
    this.directions.forEach(({ vector, spread }, index) => {
      const far = (along[index] ?? 0) * spread;
      if (far !== 0) vector.forEach((value, i) => (next[i] += far * value));
    });
    return next;
  }

  /** @param {number[]} digits @returns {Inputs} */
  label(digits) {
    return this.conditional ? { label: Float32Array.from(digits) } : {};
  }

  /**
   * The job that draws codes.
   * @param {Float32Array[]} codes
   * @param {number[]} digits
   * @param {object} [options]
   * @param {Float32Array[]} [options.fine]  codes of the fine layers
   * @param {number} [options.split]  the first of these
   * @param {number} [options.noise]  a multiple of what was learned
   * @param {number} [options.seed]  of the noise
   * @returns {Order}
   */
  order(codes, digits, { fine = codes, split = LAYERS, noise = 1, seed = 0 } = {}) {
    const batch = codes.length;
    if (!this.isStyle) return { job: 'generate', batch, inputs: { z: joined(codes), ...this.label(digits) } };
    const layers = (/** @type {Float32Array} */ coarse, /** @type {number} */ index) =>
      Array.from({ length: LAYERS }, (_, layer) => (layer < split ? coarse : fine[index]));
    const w = joined(codes.flatMap(layers));
    return { job: 'style', batch, inputs: { w, key: keyOf(seed), noise: Float32Array.of(noise) } };
  }

  /**
   * Pixels of codes.
   * @param {Order} order
   * @returns {Promise<Float32Array[]>}
   */
  async pixels(order) {
    const { pixels } = await this.engine.compute({ model: this.id, ...order, read: ['pixels'] });
    return Array.from({ length: order.batch }, (_, i) => pixels.subarray(i * PIXELS, (i + 1) * PIXELS));
  }

  /**
   * The discriminator's scores of pictures, one for each digit where it is told the digit.
   * @param {Float32Array[]} images
   * @returns {Promise<Float32Array[]>}
   */
  async scores(images) {
    const batch = images.length;
    const label = this.label(images.map(() => 0));
    const question = { model: this.id, job: 'judge', batch, inputs: { x: joined(images), ...label }, read: ['scores'] };
    const { scores } = await this.engine.compute(question);
    const each = scores.length / batch;
    return images.map((_, i) => scores.subarray(i * each, (i + 1) * each));
  }
}

/** @param {Float32Array[]} parts */
export function joined(parts) {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
