/** The distribution of one place as bars: paper and ink, or the sixteen patches of 2 x 2, the one that was drawn marked. */

import { number, t } from '../../i18n/translate.js';
import { h, svg } from '../../parts/dom.js';

/** @import { Order } from './order.js' */

export class Distribution {
  constructor() {
    this.list = h('ol', { class: 'outcomes', 'aria-label': t('pixels.distribution.label') });
    this.words = h('p', { class: 'readout' });
    this.element = h('div', { class: 'distribution' }, this.list, this.words);
    /** @type {{item: HTMLElement, bar: HTMLElement, share: HTMLElement}[]} */
    this.items = [];
  }

  /** @param {Order} order */
  arrange({ cell, outcomes }) {
    if (this.items.length === outcomes) return;
    this.list.classList.toggle('patches', cell === 2);
    this.items = Array.from({ length: outcomes }, (_, outcome) => {
      const bar = h('span', { class: 'outcome-bar' });
      const share = h('span', { class: 'outcome-share' });
      const face = h('span', { class: 'outcome-face' }, glyph(outcome, cell));
      const name = cell === 1 ? h('span', { class: 'outcome-name' }, t(outcome ? 'pixels.ink' : 'pixels.paper')) : null;
      const item = h('li', {}, h('span', { class: 'outcome-track', 'aria-hidden': 'true' }, bar), face, name, share);
      return { item, bar, share };
    });
    this.list.replaceChildren(...this.items.map(({ item }) => item));
  }

  /**
   * @param {ArrayLike<number> | null} probabilities
   * @param {number} drawn  the outcome that the place has
   */
  show(probabilities, drawn) {
    this.items.forEach(({ item, bar, share }, outcome) => {
      const p = probabilities?.[outcome] ?? 0;
      bar.style.setProperty('--p', p.toFixed(4));
      share.textContent = probabilities ? percent(p) : '';
      item.classList.toggle('drawn', probabilities !== null && outcome === drawn);
    });
    // the logarithm of one is minus zero
    const nats = probabilities ? Math.max(0, -Math.log(Math.max(probabilities[drawn], 1e-12))) : 0;
    this.words.textContent = probabilities
      ? t('pixels.distribution.words', { share: percent(probabilities[drawn]), nats: number(nats, 2) })
      : t('pixels.distribution.none');
  }
}

/** @param {number} p */
export function percent(p) {
  return t('unit.percent', { value: number(100 * p, (p > 0.995 && p < 0.9995) || (p > 0 && p < 0.0995) ? 1 : 0) });
}

/** @param {number} outcome @param {number} cell */
function glyph(outcome, cell) {
  const count = cell * cell;
  const squares = Array.from({ length: count }, (_, i) => {
    const ink = (outcome >> (count - 1 - i)) & 1;
    return svg('rect', { x: i % cell, y: Math.floor(i / cell), width: 1, height: 1, class: ink ? 'glyph-ink' : 'glyph-paper' });
  });
  return svg('svg', { viewBox: `-0.1 -0.1 ${cell + 0.2} ${cell + 0.2}`, class: 'glyph', 'aria-hidden': 'true' }, ...squares);
}
