/** What a link into the Tasks room holds; see state.js. */

import { oneOf, range, text, uint32, whole } from '../../state.js';

/** The tasks, in the order of their tabs; index.js says where their code lies. */
export const VIEWS = /** @type {const} */ (['generate', 'complete', 'detect', 'style', 'augment']);
/** @typedef {typeof VIEWS[number]} View */

/** Whichever digit comes. */
export const ANY = 10;

/** How many digits may be asked for; each is a square. */
export const COUNTS = /** @type {const} */ (['1', '4', '9', '16', '25']);

/** What may matter most in a generated digit; figures.js says which figure tells. */
export const WANTS = /** @type {const} */ (['looks', 'variety', 'speed', 'size']);
/** @typedef {typeof WANTS[number]} Want */

/** What may be done to a picture before it is judged; spoil.js does it. */
export const SPOILS = /** @type {const} */ (['speckled', 'covered', 'shuffled', 'noise', 'inverted', 'upside_down', 'blank']);
/** @typedef {typeof SPOILS[number]} Spoil */

/** Ways to keep the hand and change the digit; hands.js says what each does. */
export const HANDS = /** @type {const} */ (['flow', 'vae', 'denoiser', 'gan', 'mixing']);
/** @typedef {typeof HANDS[number]} Hand */

/** A three of two strokes, so that there is a hand to begin with; see parts/ink.js. */
const EXAMPLE = 'FgAXUUZbOGsvfiyQMJ86qEmqWqNplnWEe396kn-jiq2asKyrvqDMjtZ62mbXVc1Jvg';

export const TABLE = {
  view: oneOf(VIEWS),
  seed: uint32(/** @type {number} */ (1)),
  /** The digit that is asked for, or [`ANY`]. */
  digit: whole(ANY, 0, ANY),
  count: oneOf(COUNTS, '9'),
  want: oneOf(WANTS),
  /** The model that generates; empty: the best one for what matters most. */
  model: text('', /^[\w.-]{0,80}$/),
  /** The picture to complete or to judge: a generated digit, or a drawn one. */
  source: oneOf(/** @type {const} */ (['made', 'drawn'])),
  example: whole(3, 0, 999),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text(EXAMPLE, /^[\w-]{0,4000}$/),
  /** One bit for each pixel, 1 where the picture is lost; see parts/mask-pad.js. Empty: the lower half. */
  mask: text('', /^([\w-]{131})?$/),
  /** The models that complete it, where they are not the best of their families, with dots between. */
  with: text('', /^[\w.-]{0,200}$/),
  spoil: oneOf(SPOILS),
  /** How much of it, 0 to 1. */
  amount: range(0, 0, 1),
  /** What digits are told from in the curves; empty: what the picture is spoiled with. */
  foreign: text('', /^\w{0,40}$/),
  hand: oneOf(HANDS, 'vae'),
  /** The model whose digits a classifier learned from; empty: the best of those that drew most. */
  teacher: text('', /^[\w.-]{0,80}$/),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} TasksState */
