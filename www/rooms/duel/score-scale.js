/** The judge's score of one picture as each digit, on the scale of its scores of forgeries. */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** So many of the forgeries' scores are left out of the band at each of its ends. */
const LEFT_OUT = 0.05;

export class ScoreScale {
  constructor() {
    this.list = h('ol', { class: 'judge-scores' });
    this.title = h('figcaption', {});
    this.note = h('p', { class: 'readout' });
    this.band = h('div', { class: 'judge-band' });
    this.ends = { high: h('span', {}), low: h('span', {}) };
    this.element = h(
      'figure',
      { class: 'judge-scale', hidden: true },
      this.title,
      h('div', { class: 'judge-ends', 'aria-hidden': 'true' }, this.ends.high, this.ends.low),
      h('div', { class: 'judge-plot' }, h('div', { class: 'judge-ground', 'aria-hidden': 'true' }, this.band), this.list),
      this.note,
    );
  }

  clear() {
    this.element.hidden = true;
  }

  /**
   * @param {Float32Array} scores  as each digit, or a single one
   * @param {number[]} forgeries  scores of generated digits, ascending
   * @param {number | null} as  the digit as which the picture is judged
   */
  show(scores, forgeries, as) {
    const [least, most] = [Math.min(forgeries[0], ...scores), Math.max(forgeries[forgeries.length - 1], ...scores)];
    const place = (/** @type {number} */ score) => (100 * (score - least)) / Math.max(1e-6, most - least);
    const quantile = (/** @type {number} */ share) => forgeries[Math.round(share * (forgeries.length - 1))];
    const [low, high] = [place(quantile(LEFT_OUT)), place(quantile(1 - LEFT_OUT))];
    this.band.style.insetBlockEnd = `${low.toFixed(1)}%`;
    this.band.style.blockSize = `${Math.max(1, high - low).toFixed(1)}%`;
    const decimals = most - least < 2 ? 2 : 1;
    this.ends.high.textContent = number(most, decimals);
    this.ends.low.textContent = number(least, decimals);
    const items = Array.from(scores, (score, digit) => {
      const mark = h('span', { class: 'judge-mark' });
      mark.style.insetBlockEnd = `${place(score).toFixed(1)}%`;
      const name = scores.length > 1 ? String(digit) : t('duel.judge.this');
      const isIt = scores.length === 1 || digit === as;
      return h('li', { class: isIt ? 'judge-as' : '' }, h('span', { class: 'judge-track' }, mark), h('b', {}, name), h('span', {}, number(score, decimals)));
    });
    const key = scores.length > 1 ? 'each' : 'one';
    this.title.textContent = t(`duel.judge.scores.${key}`);
    this.note.textContent = t(`duel.judge.band.${key}`);
    this.list.replaceChildren(...items);
    this.element.hidden = false;
  }
}
