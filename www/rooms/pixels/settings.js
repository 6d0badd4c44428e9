/** Temperature and seed, which the views that write share. */

import { t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { seedField } from '../../parts/seed.js';
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
    this.seed = seedField({ label: t('pixels.seed'), again: t('pixels.another'), chosen: (seed) => state.set({ seed }, 'push') });
    const row = (/** @type {string} */ name, /** @type {Node[]} */ ...children) =>
      h('div', { class: `control control-${name}` }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, t(`pixels.${name}`)), ...children);
    this.panel = panel('settings', t('pixels.settings'), [
      h('div', { class: 'controls' }, row('temperature', this.temperature.element), row('seed', this.seed.element)),
    ]);
  }

  show() {
    const { temperature, seed } = this.room.state.values;
    this.temperature.set(temperature);
    this.seed.set(seed);
  }
}
