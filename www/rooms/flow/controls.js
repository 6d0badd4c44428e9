/** Where the noise comes from: the digit that the flow is told, the temperature, the seed. */

import { t } from '../../i18n/translate.js';
import { digitPicker } from '../../parts/digit-picker.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { TABLE } from './table.js';

/** @import { Values } from './table.js' */

/** Seeds of the dice are short enough to be read out. */
const FRESH_SEEDS = 1_000_000;

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
    this.seed = h('input', {
      type: 'number',
      class: 'seed',
      min: '0',
      max: '4294967295',
      step: '1',
      'aria-label': t('denoise.seed'),
      onchange: () => {
        const value = TABLE.seed.parse(this.seed.value);
        if (value === undefined) this.seed.value = this.shown;
        else seed(value);
      },
    });
    /** The seed that is shown, which another text gives way to. */
    this.shown = '';
    const fresh = button({
      label: t('flow.again'),
      icon: ICONS.dice(),
      onclick: () => seed(crypto.getRandomValues(new Uint32Array(1))[0] % FRESH_SEEDS),
    });
    const named = (/** @type {string} */ name, /** @type {Node[]} */ ...controls) =>
      h('div', { class: 'control' }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, name), ...controls);
    this.panel = panel(
      'flow-controls',
      t('flow.controls.title'),
      [],
      [
        named(t('flow.digit'), this.digits.element),
        named(t('flow.temperature'), this.temperature.element),
        named(t('denoise.seed'), h('div', { class: 'tools' }, this.seed, fresh)),
      ],
    );
  }

  /** @param {Values} values */
  show({ digit, temperature, seed }) {
    this.digits.set(digit);
    this.temperature.set(temperature);
    this.shown = this.seed.value = String(seed);
  }
}
