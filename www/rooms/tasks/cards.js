/** Families to choose from: a radio button each, with the reason for it and the figure that was measured. */

import { h, uniqueId } from '../../parts/dom.js';

/**
 * @typedef {object} Card
 * @property {string} value
 * @property {string} family  whose colour it has
 * @property {string} name
 * @property {string} reason
 * @property {string} figure
 * @property {boolean} [disabled]
 */

export class Cards {
  /** @param {string} label @param {(value: string) => void} chosen */
  constructor(label, chosen) {
    this.chosen = chosen;
    this.group = uniqueId('cards');
    /** What is shown now, so that the focus stays where nothing changed. */
    this.shown = '';
    this.element = h('div', { class: 'task-cards', role: 'radiogroup', 'aria-label': label });
  }

  /** @param {Card[]} cards @param {string} value  which is chosen */
  show(cards, value) {
    const now = JSON.stringify(cards);
    if (now !== this.shown) {
      this.shown = now;
      this.element.replaceChildren(...cards.map((card) => this.card(card)));
    }
    for (const input of this.element.querySelectorAll('input')) input.checked = input.value === value;
  }

  /** @param {Card} card */
  card({ value, family, name, reason, figure, disabled = false }) {
    const input = h('input', { type: 'radio', name: this.group, value, disabled, onchange: () => this.chosen(value) });
    return h(
      'label',
      { class: `task-card family-${family}`, 'data-value': value },
      input,
      h('span', { class: 'task-card-name' }, name),
      h('span', { class: 'task-card-figure' }, figure),
      h('span', { class: 'task-card-reason' }, reason),
    );
  }
}
