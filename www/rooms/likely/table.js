/** What a link into this room holds; see state.js. */

import { text } from '../../state.js';

/** A three, so that there is something to be asked about. */
const THREE = 'FgAfVUFdOmc1cjJ-Mok1kzqbQqFKpFSgaJpwkXeHfHt-hX2QgJqFooyolauerKimup_ClsmB0HXQas5fyVbDT7w';

export const TABLE = {
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text(THREE, /^[\w-]{0,4000}$/),
  /** The models that were asked, as a list with dots between; at first those that weigh little. */
  asked: text('naive-bayes.mixture', /^[\w.-]{0,400}$/),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} LikelyState */
