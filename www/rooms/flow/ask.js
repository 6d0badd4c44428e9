/** What the flow is asked beside what it draws. */

import { keyOf } from '../../parts/seed.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Values } from './table.js' */

const CLASSES = 10;

/**
 * What the plane goes through: the noise of the drawing or of the seed, and two more of the seed that span the plane.
 * @param {EngineClient} engine
 * @param {Values} values
 * @param {Float32Array | null} image  the drawing
 * @returns {Promise<Float32Array[]>} what lies in the middle, to the right, upwards
 */
export async function noisesOf(engine, { model, digit, seed }, image) {
  const drawn = await engine.compute({
    model,
    job: 'sample',
    batch: 3,
    inputs: { label: new Float32Array(3).fill(digit), key: keyOf(seed), temperature: Float32Array.of(1) },
    read: ['z'],
  });
  const size = drawn.z.length / 3;
  const noises = [0, 1, 2].map((index) => drawn.z.subarray(index * size, (index + 1) * size));
  if (!image) return noises;
  const inputs = { x: image, label: Float32Array.of(digit), key: keyOf(seed), spread: Float32Array.of(1) };
  const { z } = await engine.compute({ model, job: 'encode', inputs, read: ['z'] });
  return [z, noises[1], noises[2]];
}

/**
 * log p(x | class) of each class.
 * @param {EngineClient} engine
 * @param {Values} values
 * @param {Float32Array} image
 * @returns {Promise<Float32Array>} nats
 */
export async function classesOf(engine, { model, seed }, image) {
  const x = new Float32Array(CLASSES * image.length);
  for (let digit = 0; digit < CLASSES; digit += 1) x.set(image, digit * image.length);
  const label = Float32Array.from({ length: CLASSES }, (_, digit) => digit);
  const question = { model, job: 'likelihood', batch: CLASSES, inputs: { x, label, key: keyOf(seed) }, read: ['log_likelihood'] };
  return (await engine.compute(question)).log_likelihood;
}
