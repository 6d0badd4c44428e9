/** What a link into the Energy room holds; see state.js. */

import { flag, oneOf, range, text, uint32, whole } from '../../state.js';

export const VIEWS = /** @type {const} */ (['chains', 'repair', 'measure', 'clean', 'fields']);
/** @typedef {typeof VIEWS[number]} View */

/** Where chains begin. */
export const STARTS = /** @type {const} */ (['noise', 'digits', 'given']);
/** @typedef {typeof STARTS[number]} Start */

/** The class of a chain whose digit is not told. */
export const NO_CLASS = 10;

/** Each chain is told a digit of its own: that of the picture it begins with, or one after the other. */
export const OWN_CLASS = 11;

/** Runs per animation frame, as powers of two. */
export const SPEEDS = { slowest: -4, usual: 0, fastest: 4 };

/** What the slider of any model reaches; see kinds.js. */
export const TEMPERATURES = { least: 0.1, most: 10_000 };

/** How far the sliders of the Markov field reach. */
export const FIELD = { flips: 30, coupling: 2, heat: 2 };

/** Units of a page of receptive fields, and the most pages that a model may have. */
export const FIELDS = 80;
const MAX_UNITS = 16_384;

export const TABLE = {
  model: text('rbm', /^[\w.: -]{1,80}$/),
  view: oneOf(VIEWS),
  start: oneOf(STARTS),
  seed: uint32(/** @type {number} */ (1)),
  temperature: range(1, TEMPERATURES.least, TEMPERATURES.most),
  /** Runs per animation frame are 2 to this. */
  speed: range(SPEEDS.usual, SPEEDS.slowest, SPEEDS.fastest),
  /** Which digit the chains of a model that is told the class are to show. */
  digit: whole(OWN_CLASS, 0, OWN_CLASS),
  /** The picture that chains begin with, that is repaired and measured: a generated digit, or a drawn one. */
  source: oneOf(/** @type {const} */ (['made', 'drawn'])),
  example: whole(3, 0, 999),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text('', /^[\w-]{0,4000}$/),
  /** One bit for each pixel, 1 where the picture is damaged; see parts/mask-pad.js. Empty: the lower half. */
  mask: text('', /^([\w-]{131})?$/),
  /** Pixels that are flipped before they are cleaned, in percent. */
  flips: whole(10, 0, FIELD.flips),
  /** How strongly neighbouring pixels hold together: 0 not at all, 1 as learned. */
  coupling: range(1, 0, FIELD.coupling),
  /** The temperature of the chains that clean. */
  heat: range(1, 0, FIELD.heat),
  /** Their temperature falls instead. */
  anneal: flag(false),
  /** The hidden unit that is shown large. */
  unit: whole(0, 0, MAX_UNITS),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} EnergyState */
