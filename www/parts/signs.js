/** What the two colours of a signed map mean: a scale with words at its ends. */

import { h } from './dom.js';

/**
 * @param {string} below  what negative values mean
 * @param {string} above  what positive values mean
 */
export function signs(below, above) {
  return h('p', { class: 'signs' }, h('span', { class: 'signs-scale', 'aria-hidden': 'true' }), h('span', {}, below), h('span', {}, above));
}
