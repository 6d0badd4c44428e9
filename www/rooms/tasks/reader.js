/** The classifier, which reads what the models have made. */

import { KindError, PIXELS } from '../../protocol.js';

/** @import { TasksRoom } from './index.js' */

const CLASSES = 10;

/**
 * p(digit | picture) of each picture.
 * @param {TasksRoom} room
 * @param {Float32Array} pixels  count * 784 numbers in [0, 1]
 * @returns {Promise<Float32Array[]>}
 */
export async function read(room, pixels) {
  const row = room.catalog.find(({ family }) => family === 'classifier');
  if (!row) throw new KindError('no-model', 'classifier');
  await room.info(row);
  const batch = pixels.length / PIXELS;
  const { probabilities } = await room.engine.compute({ model: row.id, job: 'classify', batch, inputs: { x: pixels }, read: ['probabilities'] });
  return Array.from({ length: batch }, (_, i) => probabilities.subarray(i * CLASSES, (i + 1) * CLASSES));
}

/** What is read. @param {Float32Array} probabilities */
export const mostLikely = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/**
 * The pictures that are read as one digit, the surest first.
 * @param {TasksRoom} room
 * @param {Float32Array} pixels
 * @param {number} digit
 * @returns {Promise<{pixels: Float32Array, count: number}>}
 */
export async function pickedDigits(room, pixels, digit) {
  const answers = await read(room, pixels);
  const found = answers
    .map((probabilities, index) => ({ index, sure: probabilities[digit], own: mostLikely(probabilities) === digit }))
    .filter(({ own }) => own)
    .sort((a, b) => b.sure - a.sure);
  const all = new Float32Array(found.length * PIXELS);
  found.forEach(({ index }, i) => all.set(pixels.subarray(index * PIXELS, (index + 1) * PIXELS), i * PIXELS));
  return { pixels: all, count: found.length };
}
