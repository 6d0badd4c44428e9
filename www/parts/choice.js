/** One of a few: radio buttons that look like tabs on a rule. */

import { h, uniqueId } from './dom.js';

/**
 * @template {string} T
 * @param {object} options
 * @param {string} options.label
 * @param {{value: T, label: string, title?: string}[]} options.options
 * @param {string} [options.look]  class
 * @param {(value: T) => void} options.chosen
 */
export function choice({ label, options, look = 'choice', chosen }) {
  const name = uniqueId('choice');
  /** @type {Map<T, HTMLInputElement>} */
  const inputs = new Map();
  const items = options.map((option) => {
    const input = h('input', { type: 'radio', name, value: option.value, onchange: () => chosen(option.value) });
    inputs.set(option.value, input);
    return h(
      'label',
      { title: option.title ?? '' },
      input,
      h('span', { class: 'choice-face' }, option.label),
    );
  });
  return {
    element: h('div', { class: look, role: 'radiogroup', 'aria-label': label }, ...items),
    /** @param {string} value  none is chosen where no option has it */
    set(value) {
      for (const [key, input] of inputs) input.checked = key === value;
    },
    /** @param {T} value @param {boolean} possible */
    enable(value, possible) {
      const input = inputs.get(value);
      if (input) input.disabled = !possible;
    },
  };
}
