/** What a link into the Flow room holds; see state.js. */

import { range, text, uint32, whole } from '../../state.js';

/** How far the plane reaches from its middle. */
export const REACH = 2;

/** The step that means the finished digit, whatever the number of couplings. */
export const LAST = 99;

export const TABLE = {
  model: text('flow', /^[\w.: -]{1,80}$/),
  digit: whole(3, 0, 9),
  seed: uint32(/** @type {number} */ (5)),
  /** Place in the plane through the noise. */
  a: range(0, -REACH, REACH),
  b: range(0, -REACH, REACH),
  temperature: range(1, 0, 1.5),
  /** Couplings that the noise has been through. */
  step: whole(LAST, 0, LAST),
  /** Strokes of the drawing whose noise is shown in place of the seed's; see parts/ink.js. */
  ink: text('', /^[\w-]{0,3600}$/),
  /** Painted cells of the noise; see paint.js. */
  paint: text('', /^[\w-]{0,523}$/),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} FlowState */
