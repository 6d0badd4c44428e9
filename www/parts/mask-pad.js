/**
 * A picture on which one paints what is to be filled in anew: 28 x 28 cells, by mouse, touch and pen, by keyboard cell by
 * cell, or by halves.
 */

import { t } from '../i18n/translate.js';
import { PIXELS, SIDE } from '../protocol.js';
import { CellBrush } from './cell-brush.js';
import { choice } from './choice.js';
import { ICONS, button, h } from './dom.js';
import { fill } from './scrubber.js';
import { StillPicture } from './still.js';

/** Diameter of the brush in cells. */
const BRUSH = { least: 1, usual: 5, most: 11 };

const HALF = SIDE / 2;

/** Which cells are to be filled. @type {Record<string, (column: number, row: number) => boolean>} */
const SHAPES = {
  lower: (_, row) => row >= HALF,
  upper: (_, row) => row < HALF,
  left: (column) => column < HALF,
  right: (column) => column >= HALF,
};

/** @typedef {'paint' | 'rub'} Brush */

/** @param {keyof typeof SHAPES} name @returns {Uint8Array} */
function shaped(name) {
  return Uint8Array.from({ length: PIXELS }, (_, i) => Number(SHAPES[name](i % SIDE, Math.floor(i / SIDE))));
}

/** What a link without a mask means. */
export const DEFAULT_MASK = shaped('lower');

/** A mask in a link: one bit a cell, in base64url. @param {Uint8Array} cells @returns {string} */
export function writeMask(cells) {
  const bytes = new Uint8Array(PIXELS / 8);
  cells.forEach((cell, i) => (bytes[i >> 3] |= cell << (i & 7)));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** @param {string} text @returns {Uint8Array} */
export function readMask(text) {
  if (text === '') return DEFAULT_MASK.slice();
  const bytes = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from({ length: PIXELS }, (_, i) => (bytes.charCodeAt(i >> 3) >> (i & 7)) & 1);
}

export class MaskPad {
  /** @param {(cells: Uint8Array, finished: boolean) => void} changed  1: to be filled; false while the pen is down */
  constructor(changed) {
    this.changed = changed;
    /** @type {Uint8Array} */
    this.cells = DEFAULT_MASK.slice();
    /** @type {Brush} */
    this.mode = 'paint';
    this.picture = new StillPicture('');
    this.veil = h('canvas', { class: 'veil', width: SIDE, height: SIDE, 'aria-hidden': 'true' });
    this.surface = h(
      'div',
      { class: 'mask-surface', tabIndex: 0, role: 'application', 'aria-label': t('mask.pad') },
      this.picture.canvas,
      this.veil,
    );
    this.brush = h('input', {
      type: 'range',
      min: String(BRUSH.least),
      max: String(BRUSH.most),
      value: String(BRUSH.usual),
      'aria-label': t('mask.brush'),
      oninput: () => {
        fill(this.brush);
        this.pen.placeMark();
      },
    });
    fill(this.brush);
    this.modes = choice({
      label: t('mask.mode'),
      look: 'choice pills',
      options: [
        { value: /** @type {Brush} */ ('paint'), label: t('mask.paint') },
        { value: /** @type {Brush} */ ('rub'), label: t('mask.rub') },
      ],
      chosen: (mode) => (this.mode = mode),
    });
    this.modes.set(this.mode);
    const shape = (/** @type {string} */ name) => button({ label: t(`mask.${name}`), onclick: () => this.take(shaped(name)) });
    this.tools = h(
      'div',
      { class: 'mask-tools' },
      h('div', { class: 'tools' }, this.modes.element, h('label', { class: 'brush' }, h('span', {}, t('mask.brush')), this.brush)),
      h(
        'div',
        { class: 'tools', role: 'group', 'aria-label': t('mask.shapes') },
        ...Object.keys(SHAPES).map(shape),
        button({ label: t('mask.invert'), onclick: () => this.take(this.cells.map((cell) => 1 - cell)) }),
        button({ label: t('mask.clear'), icon: ICONS.clear(), bare: true, onclick: () => this.take(new Uint8Array(PIXELS)) }),
      ),
    );
    new MutationObserver(() => this.paint()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
    this.pen = new CellBrush(this.surface, {
      size: () => this.brush.valueAsNumber,
      paint: (cell) => (this.cells[cell] = Number(this.mode === 'paint')),
      painted: (finished) => this.tell(finished),
    });
  }

  /** @param {Uint8Array} cells  chosen by a button */
  take(cells) {
    this.cells = cells;
    this.tell(true);
  }

  /** @param {Uint8Array} cells  from a link */
  set(cells) {
    this.cells = cells;
    this.paint();
  }

  /** @param {boolean} finished */
  tell(finished) {
    this.paint();
    this.changed(this.cells, finished);
  }

  paint() {
    const context = this.veil.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, SIDE, SIDE);
    context.fillStyle = getComputedStyle(this.veil).color;
    this.cells.forEach((cell, i) => {
      if (cell) context.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1);
    });
  }
}
