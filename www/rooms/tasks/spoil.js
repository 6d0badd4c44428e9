/** What is done to a digit until it is none: by so much, 0 to 1, and the same on every machine. */

import { scattered } from '../../parts/scattered.js';
import { PIXELS, SIDE } from '../../protocol.js';

/** @import { Spoil } from './table.js' */

/** Part of the pixels that are specks at most, and the largest square of paper. */
const SPECKS = 0.5;
const LARGEST_COVER = 20;
/** Side of the squares that are put elsewhere. */
const PATCH = 7;
/** Rows of [`scattered`] numbers, one for each use. */
const STREAMS = { noise: 0, specks: PIXELS, ink: 2 * PIXELS, order: 3 * PIXELS };

/** @type {Record<Spoil, (amount: number, image: Float32Array) => Float32Array>} */
const WAYS = {
  noise: (amount, image) => image.map((ink, i) => (1 - amount) * ink + amount * scattered(STREAMS.noise + i)),
  speckled: (amount, image) =>
    image.map((ink, i) => (scattered(STREAMS.specks + i) < SPECKS * amount ? Number(scattered(STREAMS.ink + i) >= 0.5) : ink)),
  inverted: (amount, image) => image.map((ink) => ink + amount * (1 - 2 * ink)),
  blank: (amount, image) => image.map((ink) => (1 - amount) * ink),
  upside_down: (amount, image) => turned(Math.PI * amount, image),
  covered,
  shuffled,
};

/**
 * @param {Spoil} kind
 * @param {number} amount
 * @param {Float32Array} image  784 numbers in [0, 1]
 * @returns {Float32Array}
 */
export function spoiled(kind, amount, image) {
  return amount === 0 ? image : WAYS[kind](amount, image);
}

/** A square of paper over the middle. @param {number} amount @param {Float32Array} image */
function covered(amount, image) {
  const reach = (LARGEST_COVER * amount) / 2;
  const within = (/** @type {number} */ place) => Math.abs(place + 0.5 - SIDE / 2) < reach;
  return image.map((ink, i) => (within(i % SIDE) && within(Math.floor(i / SIDE)) ? 0 : ink));
}

/** Squares change places: of the order in which they do, so many are taken. @param {number} amount @param {Float32Array} image */
function shuffled(amount, image) {
  const row = SIDE / PATCH;
  const order = Array.from({ length: row * row }, (_, patch) => patch);
  order.sort((a, b) => scattered(STREAMS.order + a) - scattered(STREAMS.order + b));
  const moved = order.slice(0, Math.round(amount * order.length));
  const result = Float32Array.from(image);
  const corner = (/** @type {number} */ patch) => Math.floor(patch / row) * PATCH * SIDE + (patch % row) * PATCH;
  moved.forEach((patch, i) => {
    const from = corner(moved[(i + 1) % moved.length]);
    for (let y = 0; y < PATCH; y += 1) {
      result.set(image.subarray(from + y * SIDE, from + y * SIDE + PATCH), corner(patch) + y * SIDE);
    }
  });
  return result;
}

/** @param {number} angle  in radians @param {Float32Array} image */
function turned(angle, image) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = (SIDE - 1) / 2;
  const ink = (/** @type {number} */ x, /** @type {number} */ y) => (x >= 0 && x < SIDE && y >= 0 && y < SIDE ? image[y * SIDE + x] : 0);
  return Float32Array.from(image, (_, i) => {
    const [dx, dy] = [(i % SIDE) - middle, Math.floor(i / SIDE) - middle];
    const [x, y] = [cos * dx + sin * dy + middle, cos * dy - sin * dx + middle];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [a, b] = [x - left, y - top];
    const upper = (1 - a) * ink(left, top) + a * ink(left + 1, top);
    return (1 - b) * upper + b * ((1 - a) * ink(left, top + 1) + a * ink(left + 1, top + 1));
  });
}
