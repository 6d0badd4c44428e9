/** Arithmetic on latent vectors: paths between two ends, and the plane that a pad shows. */

import { roundZ } from '../../protocol.js';

/** @typedef {ArrayLike<number>} Vector */

/**
 * The straight line.
 * @param {Vector} from
 * @param {Vector} to
 * @param {number} t  0 to 1
 * @returns {Float32Array}
 */
export function lerp(from, to, t) {
  return Float32Array.from({ length: from.length }, (_, i) => from[i] + (to[i] - from[i]) * t);
}

/**
 * Along the arc: the direction turns evenly and the length changes evenly. Ends in opposite directions have no one arc;
 * the turn then goes through a fixed perpendicular. An end at the origin has no direction: the straight line is left.
 * @param {Vector} from
 * @param {Vector} to
 * @param {number} t
 * @returns {Float32Array}
 */
export function slerp(from, to, t) {
  const lengthFrom = norm(from);
  const lengthTo = norm(to);
  if (lengthFrom < 1e-6 || lengthTo < 1e-6) return lerp(from, to, t);
  const cosine = Math.min(1, Math.max(-1, dot(from, to) / (lengthFrom * lengthTo)));
  const angle = Math.acos(cosine);
  const length = lengthFrom + (lengthTo - lengthFrom) * t;
  const e1 = Float64Array.from(from, (value) => value / lengthFrom);
  const e2 = perpendicular(e1, to);
  const [cos, sin] = [Math.cos(angle * t), Math.sin(angle * t)];
  return Float32Array.from(e1, (value, i) => length * (cos * value + sin * e2[i]));
}

/**
 * The unit vector at right angles to `e1` in the plane of `e1` and `towards`.
 * @param {Float64Array} e1  of length 1
 * @param {Vector} towards
 */
function perpendicular(e1, towards) {
  const attempts = [towards, axis(e1.length, 0), axis(e1.length, 1)];
  for (const attempt of attempts) {
    const along = dot(e1, attempt);
    const rest = Float64Array.from(e1, (value, i) => attempt[i] - along * value);
    const length = norm(rest);
    if (length > 1e-4 * Math.max(1, norm(attempt))) return rest.map((value) => value / length);
  }
  return axis(e1.length, 1);
}

/** @param {number} size @param {number} unit */
function axis(size, unit) {
  const vector = new Float64Array(size);
  vector[unit % size] = 1;
  return vector;
}

/** @param {Vector} a @param {Vector} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
}

/** @param {Vector} a */
export function norm(a) {
  return Math.sqrt(dot(a, a));
}

/** A plane through the origin: the two axes of z when there are but two, else the plane of a path's ends. */
export class Plane {
  /**
   * @param {Vector} e1  of length 1
   * @param {Vector} e2  of length 1, at right angles to e1
   * @param {number} extent  how far the pad reaches from the origin
   */
  constructor(e1, e2, extent) {
    this.e1 = e1;
    this.e2 = e2;
    this.extent = extent;
  }

  /** @param {number} extent */
  static axes(extent) {
    return new Plane(axis(2, 0), axis(2, 1), extent);
  }

  /**
   * The plane in which both ends of a path lie, and with them the line and the arc between.
   * @param {Vector} from
   * @param {Vector} to
   */
  static through(from, to) {
    const length = norm(from);
    const e1 = length > 1e-6 ? Float64Array.from(from, (value) => value / length) : axis(from.length, 0);
    return new Plane(e1, perpendicular(e1, to), Math.max(2, 1.3 * Math.max(length, norm(to))));
  }

  /** @param {number} a @param {number} b @returns {Float32Array} rounded as every z is */
  at(a, b) {
    return roundZ(Array.from({ length: this.e1.length }, (_, i) => a * this.e1[i] + b * this.e2[i]));
  }

  /** The nearest point of the plane. @param {Vector} z @returns {[number, number]} */
  coordinates(z) {
    return [dot(z, this.e1), dot(z, this.e2)];
  }

  /** True for the plain two axes. */
  get isAxes() {
    return this.e1.length === 2 && this.e1[0] === 1 && this.e2[1] === 1;
  }

  /**
   * Cell centres of a square grid, row by row from the top left, as one batch.
   * @param {number} side  cells in each direction
   * @returns {Float32Array}
   */
  grid(side) {
    const size = this.e1.length;
    const batch = new Float32Array(side * side * size);
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        const a = (((column + 0.5) / side) * 2 - 1) * this.extent;
        const b = (1 - ((row + 0.5) / side) * 2) * this.extent;
        for (let i = 0; i < size; i += 1) {
          batch[(row * side + column) * size + i] = a * this.e1[i] + b * this.e2[i];
        }
      }
    }
    return batch;
  }
}
