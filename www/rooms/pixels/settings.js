/** Temperature and seed, which the views that write share. */

import { t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { MAX_TEMPERATURE } from './table.js';

/** @import { PixelsRoom } from './index.js' */

export class Settings {
  /** @param {PixelsRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.temperature = scrubber({
      label: t('pixels.temperature'),
      min: 0,
      max: MAX_TEMPERATURE,
      step: 0.05,
      input: (temperature) => state.set({ temperature }, 'later'),
    });
    this.seed = h('input', {
      type: 'number',
      class: 'seed',
      min: '0',
      max: '4294967295',
      step: '1',
      'aria-label': t('pixels.seed'),
      onchange: () => {
        const seed = Math.floor(this.seed.valueAsNumber);
        if (seed >= 0 && seed <= 0xffffffff) state.set({ seed }, 'push');
        else this.show();
      },
    });
    this.dice = button({
      label: t('pixels.another'),
      icon: ICONS.dice(),
      onclick: () => state.set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 }, 'push'),
    });
    const row = (/** @type {string} */ name, /** @type {Node[]} */ ...children) =>
      h('div', { class: `control control-${name}` }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, t(`pixels.${name}`)), ...children);
    this.panel = panel('settings', t('pixels.settings'), [
      h('div', { class: 'controls' }, row('temperature', this.temperature.element), row('seed', h('div', { class: 'tools' }, this.seed, this.dice))),
    ]);
  }

  show() {
    const { temperature, seed } = this.room.state.values;
    this.temperature.set(temperature);
    if (document.activeElement !== this.seed) this.seed.value = String(seed);
  }
}
