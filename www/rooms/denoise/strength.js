/**
 * How much noise is put on a digit, as a slider: what it gives is seen under the finger, and denoised when one lets go.
 * Also who the network is told the digit to be while it denoises.
 */

import { number, t } from '../../i18n/translate.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { h } from '../../parts/dom.js';
import { scrubber } from '../../parts/scrubber.js';
import { NO_CLASS } from './table.js';

/** @import { DenoiseRoom } from './index.js' */
/** @import { Process } from './process.js' */

/** @param {string} name @param {string} label @param {Node[]} children */
export function controlRow(name, label, ...children) {
  return h('div', { class: `control control-${name}` }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, label), ...children);
}

/**
 * @param {DenoiseRoom} room
 * @param {Process} process
 * @param {string} label
 */
export function strength(room, process, label) {
  const slider = scrubber({
    label,
    min: 0,
    max: 1,
    input: (time) => {
      process.hold();
      room.state.set({ t: time }, 'later');
    },
    words: (time) => `t = ${number(time, 2)}`,
  });
  // a drag that ends where it began is no change to the browser
  for (const end of ['change', 'pointerup', 'pointercancel', 'focusout']) slider.element.addEventListener(end, () => process.drop());
  return { element: controlRow('strength', label, slider.element), set: slider.set };
}

/** @param {DenoiseRoom} room */
export function toldRow(room) {
  const picker = digitPicker({
    label: t('told.label'),
    words: digitWords,
    none: { value: NO_CLASS, label: t('denoise.digit.none.short'), words: t('denoise.digit.none') },
    chosen: (told) => room.state.set({ told }, 'push'),
  });
  return {
    element: controlRow('told', t('told.label'), picker.element),
    show() {
      const { model, told } = room.state.values;
      const classless = room.known(model)?.config.conditional === false;
      picker.set(classless ? NO_CLASS : told, !classless);
    },
  };
}
