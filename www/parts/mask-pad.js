/**
 * A picture on which one paints what is to be filled in anew: 28 x 28 cells, by mouse, touch and pen, by keyboard cell by
 * cell, or by halves.
 */

import { t } from '../i18n/translate.js';
import { PIXELS, SIDE } from '../protocol.js';
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
    /** Where the keyboard's brush stands. */
    this.cursor = { column: HALF, row: HALF };
    this.picture = new StillPicture('');
    this.veil = h('canvas', { class: 'veil', width: SIDE, height: SIDE, 'aria-hidden': 'true' });
    this.mark = h('span', { class: 'mask-cursor', 'aria-hidden': 'true' });
    this.surface = h(
      'div',
      { class: 'mask-surface', tabIndex: 0, role: 'application', 'aria-label': t('mask.pad'), onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event) },
      this.picture.canvas,
      this.veil,
      this.mark,
    );
    this.brush = h('input', {
      type: 'range',
      min: String(BRUSH.least),
      max: String(BRUSH.most),
      value: String(BRUSH.usual),
      'aria-label': t('mask.brush'),
      oninput: () => {
        fill(this.brush);
        this.placeMark();
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
    this.listen();
    this.placeMark();
  }

  listen() {
    const { surface } = this;
    /** @type {{column: number, row: number} | null} */
    let last = null;
    const follow = (/** @type {PointerEvent} */ event) => {
      const box = surface.getBoundingClientRect();
      const at = { column: ((event.clientX - box.left) / box.width) * SIDE - 0.5, row: ((event.clientY - box.top) / box.height) * SIDE - 0.5 };
      const from = last ?? at;
      const length = Math.max(1, Math.ceil(2 * Math.hypot(at.column - from.column, at.row - from.row)));
      for (let i = 1; i <= length; i += 1) {
        this.dab(from.column + ((at.column - from.column) * i) / length, from.row + ((at.row - from.row) * i) / length);
      }
      last = at;
    };
    surface.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      surface.setPointerCapture(event.pointerId);
      follow(event);
      this.tell(false);
    });
    surface.addEventListener('pointermove', (event) => {
      if (!last) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length > 0 ? moves : [event]) follow(move);
      this.tell(false);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      surface.addEventListener(end, () => {
        if (!last) return;
        last = null;
        this.tell(true);
      });
    }
  }

  /** Paints a round spot. @param {number} column @param {number} row */
  dab(column, row) {
    const radius = this.brush.valueAsNumber / 2;
    for (let y = Math.max(0, Math.ceil(row - radius)); y <= Math.min(SIDE - 1, row + radius); y += 1) {
      for (let x = Math.max(0, Math.ceil(column - radius)); x <= Math.min(SIDE - 1, column + radius); x += 1) {
        if (Math.hypot(x - column, y - row) <= radius) this.cells[y * SIDE + x] = Number(this.mode === 'paint');
      }
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, [number, number]>} */
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], ' ': [0, 0], Enter: [0, 0] };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const within = (/** @type {number} */ value) => Math.min(SIDE - 1, Math.max(0, value));
    this.cursor = { column: within(this.cursor.column + move[0]), row: within(this.cursor.row + move[1]) };
    this.placeMark();
    // with Shift the brush is down on its way
    const down = event.shiftKey || (move[0] === 0 && move[1] === 0);
    if (!down) return;
    this.dab(this.cursor.column, this.cursor.row);
    this.tell(true);
  }

  placeMark() {
    const size = this.brush.valueAsNumber / SIDE;
    this.mark.style.width = this.mark.style.height = `${100 * size}%`;
    this.mark.style.left = `${100 * ((this.cursor.column + 0.5) / SIDE - size / 2)}%`;
    this.mark.style.top = `${100 * ((this.cursor.row + 0.5) / SIDE - size / 2)}%`;
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
