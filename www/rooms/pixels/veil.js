/** What lies over a picture that is being written: paper where nothing is written yet, and a frame around the place. */

import { h, svg } from '../../parts/dom.js';
import { KindError, SIDE } from '../../protocol.js';

/** @import { Order } from './order.js' */

export class Veil {
  /**
   * @param {HTMLElement} picture
   * @param {(x: number, y: number) => void} [chosen]  a point of the picture, in shares of it
   */
  constructor(picture, chosen) {
    this.hidden = svg('path', { class: 'veil-paper' });
    this.cursor = svg('rect', { class: 'veil-cursor' });
    const drawing = svg('svg', { viewBox: `0 0 ${SIDE} ${SIDE}`, class: 'veil-drawing', 'aria-hidden': 'true' }, this.hidden, this.cursor);
    this.element = h('div', { class: chosen ? 'veiled movable' : 'veiled' }, picture, drawing);
    if (chosen) this.listen(chosen);
  }

  /** @param {(x: number, y: number) => void} chosen */
  listen(chosen) {
    const follow = (/** @type {PointerEvent} */ event) => {
      const box = this.element.getBoundingClientRect();
      chosen((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    this.element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.element.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.element.addEventListener('pointermove', (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  /**
   * The picture as a file, with paper where the veil lies.
   * @param {Blob} picture  whole
   * @param {Order} order
   * @param {number} written  places that are seen
   * @returns {Promise<Blob>}
   */
  async cover(picture, order, written) {
    const bitmap = await createImageBitmap(picture);
    const copy = h('canvas', { width: bitmap.width, height: bitmap.height });
    const context = copy.getContext('2d');
    if (!context) throw new KindError('internal', '2d');
    context.drawImage(bitmap, 0, 0);
    context.scale(bitmap.width / SIDE, bitmap.height / SIDE);
    context.fillStyle = getComputedStyle(this.element).getPropertyValue('--digit-paper');
    context.fill(new Path2D(order.veil(written)));
    return new Promise((resolve, reject) => {
      copy.toBlob((blob) => (blob ? resolve(blob) : reject(new KindError('internal', 'png'))), 'image/png');
    });
  }

  /** @param {Order} order @param {number} written  places that are seen @param {number | null} place  the one that is framed */
  show(order, written, place) {
    this.hidden.setAttribute('d', order.veil(written));
    this.cursor.toggleAttribute('hidden', place === null);
    if (place === null) return;
    const { column, row } = order.corner(place);
    const frame = { x: column - 0.15, y: row - 0.15, width: order.cell + 0.3, height: order.cell + 0.3 };
    for (const [name, value] of Object.entries(frame)) this.cursor.setAttribute(name, String(value));
  }
}
