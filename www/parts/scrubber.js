/** A slider that stands inside a sentence, with its number. */

import { number } from '../i18n/translate.js';
import { h } from './dom.js';

/**
 * @param {object} options
 * @param {string} options.label
 * @param {number} options.min
 * @param {number} options.max
 * @param {number} [options.step]
 * @param {number} [options.decimals]
 * @param {(value: number) => void} options.input
 * @param {(value: number) => string} [options.words]  what stands beside it, where that is not the number itself
 */
export function scrubber({ label, min, max, step = 0.01, decimals = 2, input, words = (value) => number(value, decimals) }) {
  const range = h('input', { type: 'range', min: String(min), max: String(max), step: String(step), 'aria-label': label });
  const value = h('output', {});
  const show = (/** @type {number} */ shown, text = words(shown)) => {
    value.textContent = text;
    range.setAttribute('aria-valuetext', text);
    fill(range);
  };
  range.addEventListener('input', () => {
    show(range.valueAsNumber);
    input(range.valueAsNumber);
  });
  return {
    element: h('span', { class: 'scrubber' }, range, value),
    /** @param {number} next @param {string} [text]  in place of the words for it */
    set(next, text) {
      range.value = String(next);
      show(next, text);
    },
    /** @param {boolean} possible */
    enable(possible) {
      range.disabled = !possible;
    },
    /** @param {number} low @param {number} high @param {number} [by] */
    limits(low, high, by = step) {
      range.min = String(low);
      range.max = String(high);
      range.step = String(by);
    },
  };
}

/** Tells the stylesheet how far a slider stands. @param {HTMLInputElement} range */
export function fill(range) {
  const low = Number(range.min);
  const share = (range.valueAsNumber - low) / (Number(range.max) - low);
  range.style.setProperty('--fill', `${(100 * share).toFixed(1)}%`);
}
