/** The posterior of each unit as a bar: mu with one and two sigma, over the prior's one sigma. */

import { number, t } from '../i18n/translate.js';
import { h } from './dom.js';

/** The axis reaches this far; what lies beyond is drawn at the edge. */
const REACH = 4;

/** @param {number} value share of the axis in percent */
function place(value) {
  return ((Math.min(REACH, Math.max(-REACH, value)) / REACH + 1) / 2) * 100;
}

/** @param {HTMLElement} element @param {number} low @param {number} high */
function span(element, low, high) {
  element.style.left = `${place(low)}%`;
  element.style.width = `${Math.max(0.8, place(high) - place(low))}%`;
}

export class PosteriorBars {
  constructor() {
    this.list = h('ul', { class: 'bars', 'aria-label': t('bars.label') });
    this.element = h('div', { class: 'bars-frame' }, this.list);
    /** @type {number[]} */
    this.units = [];
    /** @type {{row: HTMLElement, two: HTMLElement, one: HTMLElement, mean: HTMLElement, sample: HTMLElement}[]} */
    this.rows = [];
  }

  /** @param {number[]} units  in the order to be shown */
  setUnits(units) {
    this.units = units;
    this.rows = units.map((unit) => {
      const part = (/** @type {string} */ name) => h('span', { class: `bar-${name}` });
      const [two, one, mean, sample] = ['two', 'one', 'mean', 'sample'].map(part);
      const axis = h('span', { class: 'bar-axis', 'aria-hidden': 'true' }, part('prior'), two, one, mean, sample);
      const row = h('li', {}, h('span', { class: 'bar-name', 'aria-hidden': 'true' }, String(unit + 1)), axis);
      return { row, two, one, mean, sample };
    });
    this.list.replaceChildren(...this.rows.map(({ row }) => row));
    this.list.classList.toggle('many', units.length > 24);
  }

  /**
   * @param {ArrayLike<number>} mu
   * @param {ArrayLike<number>} sigma
   * @param {ArrayLike<number>} z
   */
  show(mu, sigma, z) {
    this.list.classList.add('filled');
    this.units.forEach((unit, index) => {
      const { row, two, one, mean, sample } = this.rows[index];
      span(two, mu[unit] - 2 * sigma[unit], mu[unit] + 2 * sigma[unit]);
      span(one, mu[unit] - sigma[unit], mu[unit] + sigma[unit]);
      mean.style.left = `${place(mu[unit])}%`;
      sample.style.left = `${place(z[unit])}%`;
      row.title = t('bars.row', { unit: unit + 1, mu: number(mu[unit], 2), sigma: number(sigma[unit], 2) });
    });
  }

  clear() {
    this.list.classList.remove('filled');
  }
}
