/** What a link into the Latent room holds; see state.js. */

import { flag, indices, oneOf, range, text, uint32, vector } from '../../state.js';

/** An end of a path: `class:7`, `seed:12`, or the vector itself after `z:`. */
const END = /^(class:\d|seed:\d{1,10}|z:-?[\d.]+(,-?[\d.]+)*)$/;

export const VIEWS = /** @type {const} */ (['walk', 'interpolate', 'draw']);
/** @typedef {typeof VIEWS[number]} View */

export const TABLE = {
  model: text('vae-map', /^[\w.: -]{1,80}$/),
  view: oneOf(VIEWS),
  seed: uint32(/** @type {number} */ (18)),
  /** Null: the z that the seed gives. */
  z: vector,
  /** Units that randomise and reset leave alone. */
  frozen: indices,
  from: text('class:0', END),
  to: text('class:1', END),
  /** Place on the path, 0 to 1. */
  t: range(0.5, 0, 1),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text('', /^[\w-]{0,4000}$/),
  /** Seed of the noise in z = mu + sigma * eps; null: z = mu. */
  eps: uint32(/** @type {number | null} */ (null)),
  /** Test-set encodings on the map. */
  codes: flag(false),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} LatentState */
