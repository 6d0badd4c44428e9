/**
 * A round brush on a surface of 28 x 28 cells: by mouse, touch and pen, and by keyboard cell by cell. What a painted cell
 * becomes is the matter of whoever owns the surface.
 */

import { SIDE } from '../protocol.js';
import { h } from './dom.js';

const HALF = SIDE / 2;

export class CellBrush {
  /**
   * @param {HTMLElement} surface  which takes the focus
   * @param {object} hooks
   * @param {() => number} hooks.size  diameter of the brush in cells
   * @param {(cell: number) => void} hooks.paint  a cell, row by row from 0 to 783
   * @param {(finished: boolean) => void} hooks.painted  false while the pen is down
   */
  constructor(surface, hooks) {
    this.surface = surface;
    this.hooks = hooks;
    /** Where the keyboard's brush stands. */
    this.cursor = { column: HALF, row: HALF };
    this.mark = h('span', { class: 'mask-cursor', 'aria-hidden': 'true' });
    surface.append(this.mark);
    surface.addEventListener('keydown', (event) => this.key(event));
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
      this.hooks.painted(false);
    });
    surface.addEventListener('pointermove', (event) => {
      if (!last) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length > 0 ? moves : [event]) follow(move);
      this.hooks.painted(false);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      surface.addEventListener(end, () => {
        if (!last) return;
        last = null;
        this.hooks.painted(true);
      });
    }
  }

  /** Paints a round spot. @param {number} column @param {number} row */
  dab(column, row) {
    const radius = this.hooks.size() / 2;
    for (let y = Math.max(0, Math.ceil(row - radius)); y <= Math.min(SIDE - 1, row + radius); y += 1) {
      for (let x = Math.max(0, Math.ceil(column - radius)); x <= Math.min(SIDE - 1, column + radius); x += 1) {
        if (Math.hypot(x - column, y - row) <= radius) this.hooks.paint(y * SIDE + x);
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
    this.hooks.painted(true);
  }

  placeMark() {
    const size = this.hooks.size() / SIDE;
    this.mark.style.width = this.mark.style.height = `${100 * size}%`;
    this.mark.style.left = `${100 * ((this.cursor.column + 0.5) / SIDE - size / 2)}%`;
    this.mark.style.top = `${100 * ((this.cursor.row + 0.5) / SIDE - size / 2)}%`;
  }
}
