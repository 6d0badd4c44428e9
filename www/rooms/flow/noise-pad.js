/** The noise as a picture on which one paints: each cell is one of the 784 numbers. */

import { number, t } from '../../i18n/translate.js';
import { CellBrush } from '../../parts/cell-brush.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { scrubber } from '../../parts/scrubber.js';
import { PIXELS } from '../../protocol.js';
import { LEVELS, levelValue } from './noise.js';

/** @import { Picture } from '../../parts/picture.js' */

/** Diameter of the brush in cells, and the level that it paints with: the room is opened with ink at hand. */
const USUAL = { size: 3, level: 13 };

export class NoisePad {
  /**
   * @param {Picture} picture  of the noise
   * @param {(levels: Uint8Array, finished: boolean) => void} changed
   * @param {HTMLElement} save  a button for its tools
   */
  constructor(picture, changed, save) {
    /** Painted cells, 0 for the others. */
    this.levels = new Uint8Array(PIXELS);
    this.size = USUAL.size;
    this.level = USUAL.level;
    this.surface = h(
      'div',
      { class: 'noise-surface', tabIndex: 0, role: 'application', 'aria-label': t('flow.noise.pad') },
      picture.element,
    );
    const pen = new CellBrush(this.surface, {
      size: () => this.size,
      paint: (cell) => (this.levels[cell] = this.level),
      painted: (finished) => {
        this.show();
        changed(this.levels, finished);
      },
    });
    const value = scrubber({
      label: t('flow.noise.value'),
      min: 0,
      max: LEVELS,
      step: 1,
      input: (level) => (this.level = level),
      words: (level) => (level === 0 ? t('flow.noise.rub') : number(levelValue(level), 1)),
    });
    value.set(this.level);
    const size = scrubber({
      label: t('mask.brush'),
      min: 1,
      max: 11,
      step: 1,
      decimals: 0,
      input: (cells) => {
        this.size = cells;
        pen.placeMark();
      },
    });
    size.set(this.size);
    this.clear = button({
      label: t('flow.noise.clear'),
      icon: ICONS.clear(),
      onclick: () => {
        this.set(new Uint8Array(PIXELS));
        changed(this.levels, true);
      },
    });
    const named = (/** @type {string} */ name, /** @type {Node} */ control) =>
      h('div', { class: 'control' }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, name), control);
    this.tools = h(
      'div',
      { class: 'noise-tools' },
      named(t('flow.noise.value'), value.element),
      named(t('mask.brush'), size.element),
      h('div', { class: 'tools save' }, this.clear, save),
    );
    this.show();
  }

  /** @param {Uint8Array} levels */
  set(levels) {
    this.levels = levels.slice();
    this.show();
  }

  show() {
    this.clear.disabled = this.levels.every((level) => level === 0);
  }
}
