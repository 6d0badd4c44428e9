/** What a link into the Pixel by pixel room holds; see state.js. */

import { oneOf, range, text, uint32, whole } from '../../state.js';

/** Sub-views, in the order of their tabs; index.js says where their code lies. */
export const VIEWS = /** @type {const} */ (['write', 'finish', 'likelihood']);
/** @typedef {typeof VIEWS[number]} View */

export const MAX_TEMPERATURE = 2;

/** What stands on the paper before anybody drew: a three of two strokes; see parts/ink.js. */
const EXAMPLE = 'FgAXUUZbOGsvfiyQMJ86qEmqWqNplnWEe396kn-jiq2asKyrvqDMjtZ62mbXVc1Jvg';

export const TABLE = {
  view: oneOf(VIEWS),
  model: text('pixel-transformer', /^[\w.: -]{1,80}$/),
  temperature: range(1, 0, MAX_TEMPERATURE),
  seed: uint32(/** @type {number} */ (39)),
  /** Playhead: 0 is blank paper, 1 the finished digit. */
  at: range(1, 0, 1),
  /** Of the playhead, as a multiple of the plain one. */
  speed: range(1, 0.25, 4),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text(EXAMPLE, /^[\w-]{0,4000}$/),
  /** Rows of the picture that are kept. */
  rows: whole(14, 0, 28),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} PixelsState */
