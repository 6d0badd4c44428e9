/** Temperature, and for a model that is told the class which digit its chains are to show. */

import { t } from '../../i18n/translate.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { h } from '../../parts/dom.js';
import { scrubber } from '../../parts/scrubber.js';
import { MAX_TEMPERATURE, NO_CLASS } from './table.js';

/** @import { EnergyRoom } from './index.js' */

export class Settings {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    this.temperature = scrubber({
      label: t('energy.temperature'),
      min: 0.1,
      max: MAX_TEMPERATURE,
      step: 0.05,
      input: (temperature) => room.state.set({ temperature }, 'later'),
    });
    this.digits = digitPicker({
      label: t('energy.digit'),
      words: digitWords,
      none: { value: NO_CLASS, label: t('denoise.digit.none.short'), words: t('energy.digit.none') },
      chosen: (digit) => room.state.set({ digit }, 'push'),
    });
    const row = (/** @type {string} */ name, /** @type {string} */ label, /** @type {Element} */ element) =>
      h('div', { class: `control control-${name}` }, h('span', { class: 'control-name' }, label), element);
    this.digitRow = row('digit', t('energy.digit'), this.digits.element);
    this.element = h('div', { class: 'controls' }, row('temperature', t('energy.temperature'), this.temperature.element), this.digitRow);
  }

  show() {
    const { state, model } = this.room;
    this.temperature.set(state.values.temperature);
    this.digits.set(state.values.digit);
    this.digitRow.hidden = model?.kind.family !== 'energy';
  }
}
