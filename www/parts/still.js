/** A picture of 28 x 28 that the page has as numbers, drawn in the ink of the theme. */

import { PIXELS, SIDE } from '../protocol.js';
import { h } from './dom.js';

export class StillPicture {
  /** @param {string} label  what a person who cannot see it is told; empty for decoration */
  constructor(label) {
    this.canvas = h('canvas', { class: 'still-picture', width: SIDE, height: SIDE });
    if (label) {
      this.canvas.setAttribute('role', 'img');
      this.canvas.setAttribute('aria-label', label);
    } else {
      this.canvas.setAttribute('aria-hidden', 'true');
    }
    /** Ink of each pixel, 0 to 1. @type {ArrayLike<number> | null} */
    this.ink = null;
    new MutationObserver(() => this.paint()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  /** @param {ArrayLike<number> | null} ink  0 to 1 for each pixel; null: nothing */
  show(ink) {
    this.ink = ink;
    this.paint();
  }

  paint() {
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, SIDE, SIDE);
    if (!this.ink) return;
    const pixels = context.createImageData(SIDE, SIDE);
    const [red, green, blue] = (getComputedStyle(this.canvas).color.match(/\d+/g) ?? ['0', '0', '0']).map(Number);
    for (let i = 0; i < PIXELS; i += 1) {
      const share = Math.min(1, Math.max(0, this.ink[i]));
      pixels.data.set([red, green, blue, Math.round(255 * share)], 4 * i);
    }
    context.putImageData(pixels, 0, 0);
  }
}
