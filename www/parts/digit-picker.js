/** The digits 0 to 9 as buttons of which one is pressed, and where it makes sense one for none of them and one for what fits. */

import { t } from '../i18n/translate.js';
import { h, setPressed } from './dom.js';

/**
 * @param {object} options
 * @param {string} options.label
 * @param {(digit: number) => string} options.words  what a button does, for those who cannot see it
 * @param {{value: number, label: string, words: string}} [options.none]
 * @param {{value: number, label: string, words: string}} [options.own]  whichever it is
 * @param {(digit: number) => void} options.chosen
 */
export function digitPicker({ label, words, none, own, chosen }) {
  const one = (/** @type {number} */ value, /** @type {string} */ face, /** @type {string} */ meaning) =>
    h(
      'button',
      { type: 'button', class: 'digit-button', 'aria-label': meaning, 'aria-pressed': 'false', onclick: () => chosen(value) },
      face,
    );
  const buttons = new Map(Array.from({ length: 10 }, (_, digit) => [digit, one(digit, String(digit), words(digit))]));
  if (own) buttons.set(own.value, one(own.value, own.label, own.words));
  if (none) buttons.set(none.value, one(none.value, none.label, none.words));
  return {
    element: h('div', { class: `digit-buttons${none ? ' with-none' : ''}${own ? ' with-own' : ''}`, role: 'group', 'aria-label': label }, ...buttons.values()),
    /** @param {number} digit @param {boolean} [possible]  false: there is nothing to choose */
    set(digit, possible = true) {
      for (const [value, element] of buttons) {
        setPressed(element, value === digit);
        element.disabled = !possible;
      }
    },
  };
}

/** How a digit button is called where it says which digit is meant. @param {number} digit */
export const digitWords = (digit) => t('denoise.digit', { digit });
