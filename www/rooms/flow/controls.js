/** Where the noise comes from: the digit that the flow is told, the temperature, the seed. */

import { t } from '../../i18n/translate.js';
import { digitPicker } from '../../parts/digit-picker.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { seedField } from '../../parts/seed.js';

/** @import { Values } from './table.js' */

export class Controls {
  /**
   * @param {object} told
   * @param {(digit: number) => void} told.digit
   * @param {(temperature: number) => void} told.temperature
   * @param {(seed: number) => void} told.seed
   */
  constructor({ digit, temperature, seed }) {
    this.digits = digitPicker({
      label: t('flow.digit'),
      words: (value) => t('flow.digit.words', { digit: value }),
      chosen: digit,
    });
    this.temperature = scrubber({ label: t('flow.temperature'), min: 0, max: 1.5, input: temperature });
    this.seed = seedField({ label: t('denoise.seed'), again: t('flow.again'), chosen: seed });
    const named = (/** @type {string} */ name, /** @type {Node[]} */ ...controls) =>
      h('div', { class: 'control' }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, name), ...controls);
    this.panel = panel(
      'flow-controls',
      t('flow.controls.title'),
      [],
      [
        named(t('flow.digit'), this.digits.element),
        named(t('flow.temperature'), this.temperature.element),
        named(t('denoise.seed'), this.seed.element),
      ],
    );
  }

  /** @param {Values} values */
  show({ digit, temperature, seed }) {
    this.digits.set(digit);
    this.temperature.set(temperature);
    this.seed.set(seed);
  }
}
