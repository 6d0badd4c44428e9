/** Where an energy lies among those of other pictures: a line of marks, low energies to the left. */

import { number, t } from '../../i18n/translate.js';
import { h, svg } from '../../parts/dom.js';

const [WIDTH, HEIGHT] = [1000, 100];

/** @typedef {{look: 'digits' | 'noise' | 'own', energies: ArrayLike<number>}} Group */

export class Strip {
  constructor() {
    this.drawing = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    this.ends = [h('span', {}), h('span', {})];
    this.element = h(
      'figure',
      { class: 'energy-strip' },
      h('div', { class: 'rank-line', role: 'img', 'aria-label': t('energy.strip') }, this.drawing),
      h('div', { class: 'rank-ends' }, ...this.ends),
      h(
        'figcaption',
        {},
        ...['own', 'digits', 'noise'].map((look) => h('span', { class: `rank-key rank-key-${look}` }, t(`energy.strip.${look}`))),
      ),
    );
  }

  /** @param {Group[]} groups @param {number} decimals */
  show(groups, decimals) {
    const all = groups.flatMap(({ energies }) => Array.from(energies));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    // noise lies far from all digits: the scale is that of the root of the distance to the lowest
    const place = (/** @type {number} */ energy) => 10 + (WIDTH - 20) * Math.sqrt((energy - low) / Math.max(1e-9, high - low));
    this.drawing.replaceChildren(
      ...groups.flatMap(({ look, energies }) =>
        Array.from(energies, (energy) => {
          const x = place(energy).toFixed(1);
          return svg('line', { class: `rank-mark rank-${look}`, x1: x, x2: x, y1: look === 'own' ? 0 : 28, y2: look === 'own' ? HEIGHT : 72 });
        }),
      ),
    );
    this.ends[0].textContent = number(low, decimals);
    this.ends[1].textContent = number(high, decimals);
  }
}
