/** What a link into the Duel room holds; see state.js. */

import { oneOf, optional, range, text, uint32, vector, whole } from '../../state.js';

/** In the order of their tabs; index.js says where their code lies. */
export const VIEWS = /** @type {const} */ (['walk', 'mix', 'judge', 'game']);
/** @typedef {typeof VIEWS[number]} View */

/** Layers of a style-based generator that read a code; crate/src/models/gan_style.rs. */
export const LAYERS = 5;

/** How far a slider reaches, in standard deviations of the codes along it. */
export const REACH = 4;

/** Generated digits in sight of the judge. */
export const SHOWN = 20;

/** Models that bring their discriminator, the best first. */
export const JUDGES = ['dcgan', 'wgan', 'style-gan', 'gan-textbook'];

export const TABLE = {
  model: text('dcgan', /^[\w.: -]{1,80}$/),
  view: oneOf(VIEWS),
  seed: uint32(/** @type {number} */ (11)),
  digit: whole(5, 0, 9),
  /** What codes are scaled by in the walk: 1 as in training, 0 the mean of the digit. */
  truncation: range(1, 0, 1.5),
  /** Noise of a style-based generator, as a multiple of what was learned; see noise.js. */
  noise: range(1, 0, 1000),
  /** How far along each direction; null: nowhere. */
  along: vector,
  /** Style mixing: layers from `split` on take the fine code. */
  split: whole(2, 0, LAYERS),
  fine: uint32(/** @type {number} */ (4)),
  finedigit: whole(5, 0, 9),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text('', /^[\w-]{0,4000}$/),
  /** The generated digit that is looked at; null: the drawing. */
  chosen: optional(whole(0, 0, SHOWN - 1)),
  /** Which pair of the game's seed is shown. */
  round: whole(0, 0, 9999),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} DuelState */
