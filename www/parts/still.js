/** Pictures of 28 x 28 that the page has as numbers, one or a grid of them, drawn in the colours of the theme. */

import { KindError, PIXELS, SIDE } from '../protocol.js';
import { h } from './dom.js';
import { readLook } from './theme.js';

/** Side of a pixel in a file. */
const SCALE = 8;

export class StillPicture {
  /**
   * @param {string} label  what a person who cannot see it is told; empty for decoration
   * @param {object} [grid]
   * @param {number} [grid.columns]
   * @param {number} [grid.rows]
   * @param {number} [grid.gap]  in image pixels
   * @param {boolean} [grid.signed]  in the two colours of what is signed
   */
  constructor(label, { columns = 1, rows = 1, gap = 0, signed = false } = {}) {
    this.signed = signed;
    this.columns = columns;
    this.rows = rows;
    this.gap = gap;
    this.canvas = h('canvas', { class: 'still-picture' });
    this.shape();
    this.setLabel(label);
    /** Ink of each pixel, 0 to 1; -1 to 1 where it is signed. @type {ArrayLike<number> | null} */
    this.ink = null;
    new MutationObserver(() => this.paint()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  /** @param {string} label */
  setLabel(label) {
    if (label) {
      this.canvas.setAttribute('role', 'img');
      this.canvas.setAttribute('aria-label', label);
    } else {
      this.canvas.setAttribute('aria-hidden', 'true');
    }
  }

  /** @param {number} columns @param {number} rows */
  arrange(columns, rows) {
    if (columns === this.columns && rows === this.rows) return;
    this.columns = columns;
    this.rows = rows;
    this.shape();
    this.paint();
  }

  shape() {
    const { canvas, columns, rows, gap } = this;
    canvas.width = columns * SIDE + (columns - 1) * gap;
    canvas.height = rows * SIDE + (rows - 1) * gap;
  }

  /**
   * @param {ArrayLike<number> | null} ink  for each pixel, picture by picture from the upper left; pictures that
   *   are missing stay paper; null: nothing
   */
  show(ink) {
    this.ink = ink;
    this.paint();
  }

  /**
   * As a file on paper, each pixel a square.
   * @param {HTMLCanvasElement} [under]  lies on the paper first, as strong as on the page
   * @returns {Promise<Blob>}
   */
  png(under) {
    const { canvas } = this;
    const copy = h('canvas', { width: SCALE * canvas.width, height: SCALE * canvas.height });
    const context = copy.getContext('2d');
    if (!context) throw new KindError('internal', '2d');
    context.fillStyle = getComputedStyle(canvas).getPropertyValue('--digit-paper');
    context.fillRect(0, 0, copy.width, copy.height);
    context.imageSmoothingEnabled = false;
    if (under) {
      context.globalAlpha = Number(getComputedStyle(under).opacity);
      context.drawImage(under, 0, 0, copy.width, copy.height);
      context.globalAlpha = 1;
    }
    context.drawImage(canvas, 0, 0, copy.width, copy.height);
    return new Promise((resolve, reject) => {
      copy.toBlob((blob) => (blob ? resolve(blob) : reject(new KindError('internal', 'png'))), 'image/png');
    });
  }

  paint() {
    const { canvas, columns, rows, gap, ink: shares } = this;
    const context = canvas.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!shares) return;
    const pixels = context.createImageData(canvas.width, canvas.height);
    const { above, below } = readLook(false);
    const bytes = (/** @type {number[]} */ colour) => colour.map((share) => 255 * share);
    const ink = (getComputedStyle(canvas).color.match(/\d+/g) ?? ['0', '0', '0']).slice(0, 3).map(Number);
    const [low, high] = this.signed ? [bytes(below), bytes(above)] : [ink, ink];
    const count = Math.min(shares.length, columns * rows * PIXELS);
    for (let i = 0; i < count; i += 1) {
      const [picture, place] = [Math.floor(i / PIXELS), i % PIXELS];
      const x = (picture % columns) * (SIDE + gap) + (place % SIDE);
      const y = Math.floor(picture / columns) * (SIDE + gap) + Math.floor(place / SIDE);
      const share = Math.min(1, Math.max(this.signed ? -1 : 0, shares[i]));
      pixels.data.set([...(share < 0 ? low : high), Math.round(255 * Math.abs(share))], 4 * (y * canvas.width + x));
    }
    context.putImageData(pixels, 0, 0);
  }
}
