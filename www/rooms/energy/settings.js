/** Temperature, and for a model that is told the class which digit its chains are to show. */

import { number, t } from '../../i18n/translate.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { h } from '../../parts/dom.js';
import { scrubber } from '../../parts/scrubber.js';
import { MOST_OF_RBM } from './kinds.js';
import { NO_CLASS, OWN_CLASS, TEMPERATURES } from './table.js';

/** @import { EnergyRoom } from './index.js' */

export class Settings {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    const label = t('energy.temperature');
    const chosen = (/** @type {number} */ temperature) => room.state.set({ temperature }, 'later');
    this.plain = scrubber({ label, min: TEMPERATURES.least, max: MOST_OF_RBM, step: 0.05, input: chosen });
    // its steps are those of the logarithm
    this.wide = scrubber({
      label,
      min: Math.log10(TEMPERATURES.least),
      max: Math.log10(TEMPERATURES.most),
      step: 0.05,
      input: (power) => chosen(rounded(10 ** power)),
      words: (power) => written(rounded(10 ** power)),
    });
    this.digits = digitPicker({
      label: t('energy.digit'),
      words: digitWords,
      own: { value: OWN_CLASS, label: t('energy.digit.own.short'), words: t('energy.digit.own') },
      none: { value: NO_CLASS, label: t('denoise.digit.none.short'), words: t('energy.digit.none') },
      chosen: (digit) => room.state.set({ digit }, 'push'),
    });
    const row = (/** @type {string} */ name, /** @type {string} */ words, /** @type {Element[]} */ ...elements) =>
      h('div', { class: `control control-${name}` }, h('span', { class: 'control-name' }, words), ...elements);
    this.digitRow = row('digit', t('energy.digit'), this.digits.element);
    this.noise = h('p', { class: 'readout' });
    this.told = h('p', { class: 'readout', role: 'status' });
    this.element = h('div', { class: 'controls' }, row('temperature', label, this.plain.element, this.wide.element), this.noise, this.digitRow, this.told);
  }

  show() {
    const { state, model } = this.room;
    const { temperature, digit } = state.values;
    const isLog = Boolean(model?.kind.temperature.isLog);
    this.plain.element.hidden = isLog;
    this.wide.element.hidden = !isLog;
    this.plain.set(Math.min(temperature, MOST_OF_RBM));
    this.wide.set(Math.log10(temperature), written(temperature));
    const noise = model?.kind.noise?.(temperature);
    this.noise.hidden = noise === undefined;
    this.noise.textContent = t('energy.noise', { share: number(100 * (noise ?? 0), temperature < 100 ? 2 : 1) });
    this.digits.set(digit);
    this.digitRow.hidden = this.told.hidden = model?.kind.family !== 'energy';
    this.told.textContent = this.words();
  }

  /** What the chains are told. */
  words() {
    const { state, own } = this.room;
    const { digit, view, start, source } = state.values;
    if (digit === NO_CLASS) return t('energy.told.none');
    if (digit !== OWN_CLASS) return t('energy.told.all', { digit });
    if (view === 'chains' && start !== 'given') return t('energy.told.turn');
    return own === NO_CLASS ? '' : t(`energy.told.${source}`, { digit: own });
  }
}

/** Two digits are enough for a link. @param {number} value */
const rounded = (value) => Number(value.toPrecision(2));

/** @param {number} value */
const written = (value) => number(value, value < 10 ? 1 : 0);
