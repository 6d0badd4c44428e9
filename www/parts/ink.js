/**
 * Strokes of a pen and what MNIST makes of them. All of it is arithmetic of ours, not the browser's rasteriser, so that
 * a link gives the same 28 x 28 picture on every machine.
 *
 * Coordinates are 0 to 255 in both directions (one byte each in a link); a brush is a diameter in the same units.
 */

import { PIXELS, SIDE } from '../protocol.js';

/** @typedef {{brush: number, points: number[]}} Stroke  points: x, y, x, y ... */

/** Size of the pad in its own units. */
export const PAD = 256;

/** MNIST's digits fit a box of 20 x 20 inside the 28 x 28. */
const BOX = 20;

/** Samples of the mask on which strokes are laid, a side. */
const MASK = 128;

/**
 * How dark each cell of a MASK x MASK grid is, 0 to 1: the distance to the nearest stroke, antialiased over one cell.
 * @param {Stroke[]} strokes
 * @returns {Float32Array}
 */
function mask(strokes) {
  const cells = new Float32Array(MASK * MASK);
  const unit = PAD / MASK;
  for (const { brush, points } of strokes) {
    const radius = brush / 2;
    const reach = radius + unit;
    const last = Math.max(2, points.length - 2);
    for (let i = 0; i < last; i += 2) {
      const ax = points[i];
      const ay = points[i + 1];
      const bx = points[i + 2] ?? ax;
      const by = points[i + 3] ?? ay;
      const dx = bx - ax;
      const dy = by - ay;
      const length = dx * dx + dy * dy;
      const left = Math.max(0, Math.floor((Math.min(ax, bx) - reach) / unit));
      const right = Math.min(MASK - 1, Math.ceil((Math.max(ax, bx) + reach) / unit));
      const top = Math.max(0, Math.floor((Math.min(ay, by) - reach) / unit));
      const bottom = Math.min(MASK - 1, Math.ceil((Math.max(ay, by) + reach) / unit));
      for (let row = top; row <= bottom; row += 1) {
        for (let column = left; column <= right; column += 1) {
          const x = (column + 0.5) * unit;
          const y = (row + 0.5) * unit;
          const along = length > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
          const distance = Math.hypot(x - ax - along * dx, y - ay - along * dy);
          const cover = Math.min(1, Math.max(0, (radius - distance) / unit + 0.5));
          const cell = row * MASK + column;
          if (cover > cells[cell]) cells[cell] = cover;
        }
      }
    }
  }
  return cells;
}

/**
 * What MNIST's makers did: the bounding box scaled to fit 20 x 20 with its proportions kept, antialiased, then shifted
 * by whole pixels so that the centre of mass lies in the middle of the 28 x 28.
 * @param {Stroke[]} strokes
 * @returns {Float32Array | null} 784 numbers in [0, 1]; null for an empty pad
 */
export function toMnist(strokes) {
  const cells = mask(strokes);
  let [left, right, top, bottom] = [MASK, -1, MASK, -1];
  for (let row = 0; row < MASK; row += 1) {
    for (let column = 0; column < MASK; column += 1) {
      if (cells[row * MASK + column] > 0.02) {
        left = Math.min(left, column);
        right = Math.max(right, column);
        top = Math.min(top, row);
        bottom = Math.max(bottom, row);
      }
    }
  }
  if (right < 0) return null;
  const wide = right - left + 1;
  const high = bottom - top + 1;
  const scale = BOX / Math.max(wide, high);
  // cells of the mask are spread over the pixels that they fall on, each by the share of its area
  const small = new Float32Array(BOX * BOX);
  const shiftX = (BOX - wide * scale) / 2;
  const shiftY = (BOX - high * scale) / 2;
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) {
      const value = cells[row * MASK + column];
      if (value > 0) {
        spread(small, BOX, shiftX + (column - left) * scale, shiftY + (row - top) * scale, scale, value);
      }
    }
  }
  let [mass, sumX, sumY] = [0, 0, 0];
  small.forEach((value, index) => {
    mass += value;
    sumX += value * ((index % BOX) + 0.5);
    sumY += value * (Math.floor(index / BOX) + 0.5);
  });
  const offsetX = Math.round(SIDE / 2 - sumX / mass);
  const offsetY = Math.round(SIDE / 2 - sumY / mass);
  const image = new Float32Array(PIXELS);
  small.forEach((value, index) => {
    const x = (index % BOX) + offsetX;
    const y = Math.floor(index / BOX) + offsetY;
    if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) image[y * SIDE + x] = Math.min(1, value);
  });
  return image;
}

/**
 * The strokes where they were drawn: the pad is the 28 x 28 picture. For a part of a digit, which scaling and centring
 * would take for a whole one.
 * @param {Stroke[]} strokes
 * @returns {Float32Array | null} as `toMnist`
 */
export function inPlace(strokes) {
  const scale = SIDE / MASK;
  const image = new Float32Array(PIXELS);
  let empty = true;
  mask(strokes).forEach((value, cell) => {
    if (value <= 0.02) return;
    empty = false;
    spread(image, SIDE, (cell % MASK) * scale, Math.floor(cell / MASK) * scale, scale, value);
  });
  return empty ? null : image.map((ink) => Math.min(1, ink));
}

/**
 * @param {Float32Array} target  size x size
 * @param {number} size
 * @param {number} x  left edge of the square in pixels of the target
 * @param {number} y
 * @param {number} side
 * @param {number} value
 */
function spread(target, size, x, y, side, value) {
  const lastX = Math.min(size - 1, Math.ceil(x + side) - 1);
  const lastY = Math.min(size - 1, Math.ceil(y + side) - 1);
  for (let row = Math.max(0, Math.floor(y)); row <= lastY; row += 1) {
    const overlapY = Math.min(y + side, row + 1) - Math.max(y, row);
    for (let column = Math.max(0, Math.floor(x)); column <= lastX; column += 1) {
      const overlapX = Math.min(x + side, column + 1) - Math.max(x, column);
      target[row * size + column] += value * overlapX * overlapY;
    }
  }
}

/**
 * Drops points that lie within `tolerance` of the line between their neighbours (Ramer, Douglas, Peucker), so that a
 * link stays short. Both the pad and the encoder see the simplified stroke.
 * @param {number[]} points
 * @param {number} [tolerance]
 * @returns {number[]}
 */
export function simplify(points, tolerance = 1) {
  const count = points.length / 2;
  if (count < 3) return points;
  const keep = new Uint8Array(count);
  keep[0] = keep[count - 1] = 1;
  const spans = [[0, count - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, last] = span;
    let worst = 0;
    let index = -1;
    for (let i = first + 1; i < last; i += 1) {
      const distance = toSegment(points, i, first, last);
      if (distance > worst) [worst, index] = [distance, i];
    }
    if (worst > tolerance) {
      keep[index] = 1;
      spans.push([first, index], [index, last]);
    }
  }
  return points.filter((_, i) => keep[i >> 1] === 1);
}

/** @param {number[]} points @param {number} i @param {number} a @param {number} b */
function toSegment(points, i, a, b) {
  const [x, y, ax, ay] = [points[2 * i], points[2 * i + 1], points[2 * a], points[2 * a + 1]];
  const dx = points[2 * b] - ax;
  const dy = points[2 * b + 1] - ay;
  const length = dx * dx + dy * dy;
  const along = length > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/**
 * Strokes as URL-safe base64: brush, number of points (two bytes), then x and y of each.
 * @param {Stroke[]} strokes
 */
export function writeStrokes(strokes) {
  const bytes = strokes.flatMap(({ brush, points }) => {
    const count = points.length / 2;
    return [brush, count >> 8, count & 255, ...points];
  });
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/**
 * @param {string} text
 * @returns {Stroke[]} none for text that is not strokes
 */
export function readStrokes(text) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
  } catch {
    return [];
  }
  /** @type {Stroke[]} */
  const strokes = [];
  for (let i = 0; i + 3 <= bytes.length; ) {
    const count = bytes[i + 1] * 256 + bytes[i + 2];
    const points = Array.from(bytes.subarray(i + 3, i + 3 + 2 * count));
    if (count === 0 || points.length !== 2 * count) return [];
    strokes.push({ brush: Math.max(1, bytes[i]), points });
    i += 3 + 2 * count;
  }
  return strokes;
}
