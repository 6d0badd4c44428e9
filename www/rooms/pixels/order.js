/** The order in which a model writes: pixels row by row, or patches of 2 x 2. */

import { PIXELS, SIDE } from '../../protocol.js';

/** @import { ModelInfo } from '../../protocol.js' */

export class Order {
  /** @param {number} cell  height and width of a place in pixels */
  constructor(cell) {
    this.cell = cell;
    /** Places in a row, and in all. */
    this.row = SIDE / cell;
    this.places = this.row * this.row;
    /** Numbers in the distribution of a place. */
    this.outcomes = 2 ** (cell * cell);
  }

  /** @param {ModelInfo} info */
  static of({ config }) {
    return new Order('transformer' in Object(config.network) ? 2 : 1);
  }

  /** The upper left pixel of a place. @param {number} place @returns {{column: number, row: number}} */
  corner(place) {
    return { column: (place % this.row) * this.cell, row: Math.floor(place / this.row) * this.cell };
  }

  /** The pixels of a place, the upper left one first. @param {number} place */
  pixelsOf(place) {
    const { column, row } = this.corner(place);
    const within = Array.from({ length: this.cell * this.cell }, (_, i) => i);
    return within.map((i) => (row + Math.floor(i / this.cell)) * SIDE + column + (i % this.cell));
  }

  /** The place of the pixel that stands here, by shares of the picture. @param {number} x @param {number} y */
  placeAt(x, y) {
    const at = (/** @type {number} */ share) => Math.min(this.row - 1, Math.max(0, Math.floor(share * this.row)));
    return at(y) * this.row + at(x);
  }

  /** Which of its outcomes a place has in a picture: the first pixel is the highest bit. @param {number} place @param {ArrayLike<number>} pixels */
  outcome(place, pixels) {
    return this.pixelsOf(place).reduce((number, pixel) => 2 * number + (pixels[pixel] > 0.5 ? 1 : 0), 0);
  }

  /** As many rows as the model can be given: those of its places are given whole. @param {number} rows  of pixels */
  rowsOf(rows) {
    return Math.floor(rows / this.cell) * this.cell;
  }

  /** How many places lie in whole rows of the picture. @param {number} rows  of pixels */
  placesIn(rows) {
    return Math.floor(rows / this.cell) * this.row;
  }

  /** The outline of what is not written, in pixels. @param {number} written  places */
  veil(written) {
    if (written >= this.places) return '';
    const { column, row } = this.corner(written);
    const next = row + this.cell;
    return `M${column} ${row}H${SIDE}V${SIDE}H0V${next}H${column}Z`;
  }
}

/** The drawing as these models know digits: ink or paper. @param {ArrayLike<number>} image */
export function binary(image) {
  return Float32Array.from({ length: PIXELS }, (_, i) => (image[i] >= 0.5 ? 1 : 0));
}
