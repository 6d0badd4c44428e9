/**
 * A canvas that the worker draws decoded images on. The element is replaced whenever the worker builds a new backend,
 * because a canvas keeps its kind of context for life.
 */

import { SIDE } from '../protocol.js';
import { h } from './dom.js';

/** @import { EngineClient } from '../engine.js' */

export class Picture {
  /**
   * @param {EngineClient} engine
   * @param {object} options
   * @param {string} options.name  unique on the page
   * @param {string} options.label  what a person who cannot see it is told; empty for decoration
   * @param {number} [options.columns]
   * @param {number} [options.rows]
   * @param {number} [options.gap]  in image pixels
   * @param {boolean} [options.urgent]
   */
  constructor(engine, { name, label, columns = 1, rows = 1, gap = 0, urgent = false }) {
    this.engine = engine;
    this.name = name;
    this.columns = columns;
    this.rows = rows;
    this.gap = gap;
    this.urgent = urgent;
    this.canvas = h('canvas', {});
    this.element = h('div', { class: `picture picture-${name}` }, this.canvas);
    this.setLabel(label);
    this.shape();
    /** Whether it shows what it was told to. */
    this.isDrawn = false;
    /** Told when that changes. @type {(() => void)[]} */
    this.watchers = [];
    /** Handed over already: an element can be transferred once only. */
    this.transferred = false;
    new ResizeObserver(() => this.resized()).observe(this.element);
    engine.register({ name, fresh: () => this.fresh() });
    engine.on('drawn', ({ canvas }) => {
      if (canvas === name) this.setDrawn(true);
    });
  }

  /** @param {string} label */
  setLabel(label) {
    if (label) {
      this.element.setAttribute('role', 'img');
      this.element.setAttribute('aria-label', label);
    } else {
      this.element.setAttribute('aria-hidden', 'true');
    }
  }

  /** @param {number} columns @param {number} rows */
  arrange(columns, rows) {
    if (columns === this.columns && rows === this.rows) return;
    this.columns = columns;
    this.rows = rows;
    this.shape();
  }

  /** The box takes the proportions of the grid. */
  shape() {
    const wide = this.columns * SIDE + (this.columns - 1) * this.gap;
    const high = this.rows * SIDE + (this.rows - 1) * this.gap;
    this.element.style.aspectRatio = `${wide} / ${high}`;
  }

  /** @param {boolean} isDrawn */
  setDrawn(isDrawn) {
    if (isDrawn === this.isDrawn) return;
    this.isDrawn = isDrawn;
    this.element.classList.toggle('drawn', isDrawn);
    for (const watcher of this.watchers) watcher();
  }

  size() {
    const scale = window.devicePixelRatio || 1;
    const box = this.element.getBoundingClientRect();
    // a hidden box has no size: keep a small surface until it is seen
    return { width: Math.max(SIDE, Math.round(box.width * scale)), height: Math.max(SIDE, Math.round(box.height * scale)) };
  }

  fresh() {
    if (this.transferred) {
      const next = h('canvas', {});
      this.canvas.replaceWith(next);
      this.canvas = next;
    }
    this.transferred = true;
    this.setDrawn(false);
    return { canvas: this.canvas.transferControlToOffscreen(), ...this.size() };
  }

  resized() {
    if (!this.transferred || this.element.clientWidth === 0) return;
    this.engine.send({ type: 'resize', canvas: this.name, ...this.size() });
  }

  /**
   * @param {Float32Array} z  columns * rows latent vectors
   * @param {object} [options]
   * @param {number} [options.columns]
   * @param {number} [options.rows]
   * @param {number} [options.input]  when the input event happened, ms since the epoch
   */
  draw(z, { columns = this.columns, rows = this.rows, input } = {}) {
    this.arrange(columns, rows);
    this.engine.send({
      type: 'draw',
      picture: { canvas: this.name, z, columns, rows, gap: this.gap, urgent: this.urgent, input },
    });
  }

  erase() {
    this.engine.send({ type: 'erase', canvas: this.name });
    this.setDrawn(false);
  }
}
