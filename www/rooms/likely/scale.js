/**
 * One model's answer on a line of its own: the drawing as a dot, more likely to the right; what the digits of the test set
 * get as a band (5 to 95 % of them, the half of them in the middle darker) with their median. On a line shared with other
 * models a dot left of its own band could stand to the right of theirs.
 */

import { h } from '../../parts/dom.js';

/** Quantiles 0, 5, ... 100 %. @typedef {number[]} Quantiles */

/** @typedef {{low: number, high: number}} Range */

export class Scale {
  constructor() {
    this.wide = h('span', { class: 'scale-wide' });
    this.narrow = h('span', { class: 'scale-narrow' });
    this.median = h('span', { class: 'scale-median' });
    this.dot = h('span', { class: 'scale-dot', hidden: true });
    this.element = h('div', { class: 'scale', 'aria-hidden': 'true' }, this.wide, this.narrow, this.median, this.dot);
  }

  /**
   * @param {Range} range
   * @param {number | null} value
   * @param {Quantiles | null} quantiles
   */
  show({ low, high }, value, quantiles) {
    const place = (/** @type {number} */ at) => 100 * Math.min(1, Math.max(0, (at - low) / (high - low || 1)));
    for (const [band, from, to] of /** @type {const} */ ([[this.wide, 1, 19], [this.narrow, 5, 15]])) {
      band.hidden = !quantiles;
      if (!quantiles) continue;
      band.style.left = `${place(quantiles[from])}%`;
      band.style.width = `${place(quantiles[to]) - place(quantiles[from])}%`;
    }
    this.median.hidden = !quantiles;
    if (quantiles) this.median.style.left = `${place(quantiles[10])}%`;
    // where no test digits are, a place means nothing
    this.dot.hidden = value === null || !quantiles;
    if (value === null) return;
    this.dot.style.left = `${place(value)}%`;
    // what lies beyond the line is drawn at its end
    this.dot.classList.toggle('beyond', value < low || value > high);
  }
}

/**
 * What a line has to span: nearly all digits of the test set and, within reason, the drawing.
 * @param {{value: number | null, quantiles: Quantiles | null}} row
 * @returns {Range}
 */
export function rangeOf({ value, quantiles }) {
  if (!quantiles) return { low: 0, high: 1 };
  const [least, most] = [quantiles[0], quantiles[quantiles.length - 1]];
  const spread = quantiles[19] - quantiles[1];
  const margin = 0.1 * (most - least) || Math.max(1, 0.1 * Math.abs(most));
  // a scribble may be ten times as unlikely as any digit: the line follows it so far that the band stays readable
  const [low, high] = value === null ? [least, most] : [Math.max(value, least - spread), Math.min(value, most + spread)];
  return { low: Math.min(least, low) - margin, high: Math.max(most, high) + margin };
}

/** Share of the test digits that are less likely than `value`, 0 to 1. @param {number} value @param {Quantiles} quantiles */
export function rank(value, quantiles) {
  const last = quantiles.length - 1;
  const above = quantiles.findIndex((quantile) => value < quantile);
  if (above === 0) return 0;
  if (above === -1) return 1;
  const [low, high] = [quantiles[above - 1], quantiles[above]];
  return (above - 1 + (value - low) / (high - low || 1)) / last;
}
