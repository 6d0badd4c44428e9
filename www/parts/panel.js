/** A panel of the stage: a title, a figure, what belongs under it. */

import { h } from './dom.js';

/** @import { Child } from './dom.js' */

/**
 * @param {string} name
 * @param {string} title
 * @param {Child[]} figure
 * @param {Child[]} [foot]
 */
export function panel(name, title, figure, foot = []) {
  return h(
    'section',
    { class: `panel panel-${name}`, 'aria-label': title },
    h('h2', {}, title),
    h('div', { class: 'panel-figure' }, ...figure),
    foot.length > 0 ? h('div', { class: 'panel-foot' }, ...foot) : null,
  );
}
