/** Seeds: drawn afresh, typed in, and as the numbers that jobs are given. */

import { number, t } from '../i18n/translate.js';
import { ICONS, button, h } from './dom.js';

const MAX_SEED = 0xffffffff;

/** Seeds of the dice are short enough to be read out. */
const FRESH_SEEDS = 1_000_000;

export function freshSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0] % FRESH_SEEDS;
}

/** A seed as the input `key` of a job: 16 bits a number; see ops::key_values in the crate. @param {number} seed */
export function keyOf(seed) {
  return Float32Array.of(seed & 0xffff, seed >>> 16, 0, 0);
}

/**
 * A field for the seed, and dice; what is no seed is refused in words.
 * @param {object} options
 * @param {string} options.label  of the field
 * @param {string} options.again  on the dice
 * @param {(seed: number) => void} options.chosen
 */
export function seedField({ label, again, chosen }) {
  /** What another text gives way to. */
  let shown = 0;
  const field = h('input', {
    type: 'number',
    class: 'seed',
    min: '0',
    max: String(MAX_SEED),
    step: '1',
    'aria-label': label,
    onchange: () => {
      const seed = field.valueAsNumber;
      const fits = Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED;
      refusal.textContent = fits ? '' : t('seed.refused', { most: number(MAX_SEED) });
      if (fits) chosen(seed);
      field.value = String(shown);
    },
  });
  const refusal = h('span', { class: 'seed-refusal', role: 'alert' });
  const dice = button({ label: again, icon: ICONS.dice(), onclick: () => chosen(freshSeed()) });
  return {
    element: h('div', { class: 'tools' }, field, dice, refusal),
    /** @param {number} seed */
    set(seed) {
      if (seed !== shown) refusal.textContent = '';
      shown = seed;
      // not while somebody types
      if (document.activeElement !== field) field.value = String(seed);
    },
  };
}
