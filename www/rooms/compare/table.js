/** What a link into the Compare room holds; see state.js. */

import { flag, oneOf, range, text, uint32 } from '../../state.js';

/** Sub-views, in the order of their tabs; index.js says where their code lies. */
export const VIEWS = /** @type {const} */ (['draw', 'figures', 'pictures', 'tell']);
/** @typedef {typeof VIEWS[number]} View */

/** What cost may mean in the picture of cost against quality. */
export const COSTS = /** @type {const} */ (['sample_ms', 'flops_per_sample', 'memory', 'parameters', 'bytes']);
/** @typedef {typeof COSTS[number]} Cost */

export const TABLE = {
  view: oneOf(VIEWS),
  /** Of all digits that are drawn side by side. */
  seed: uint32(/** @type {number} */ (1)),
  /** Where the clock stands, 0 (its beginning) to 1 (everything is drawn). */
  at: range(1, 0, 1),
  /** The column that the table is sorted by, and which way. */
  sort: text('fid', /^[a-z_]{1,30}$/),
  down: flag(false),
  /** The figure that is explained, and whose. */
  figure: text('fid', /^[a-z_]{1,30}$/),
  model: text('', /^[\w.: -]{0,80}$/),
  cost: oneOf(COSTS),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text('', /^[\w-]{0,4000}$/),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} CompareState */
