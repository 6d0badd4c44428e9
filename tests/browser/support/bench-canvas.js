/** Runs in the page of worker-bench.js: a canvas that the worker draws on, and what it shows. */

/** @import { EngineClient } from '../../../www/engine.js' */

export class BenchCanvas {
  /** @param {EngineClient} engine @param {string} name @param {number} width @param {number} height */
  constructor(engine, name, width, height) {
    this.width = width;
    this.height = height;
    /** @type {HTMLCanvasElement | null} */
    this.shown = null;
    engine.register({ name, fresh: () => this.fresh() });
  }

  fresh() {
    const { width, height } = this;
    this.shown?.remove();
    this.shown = document.createElement('canvas');
    Object.assign(this.shown, { width, height });
    document.body.append(this.shown);
    return { canvas: this.shown.transferControlToOffscreen(), width, height };
  }

  /** The red channel, 0 to 255. @returns {Promise<number[]>} */
  async pixels() {
    const { width, height } = this;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context || !this.shown) throw new Error('no canvas');
    context.drawImage(this.shown, 0, 0, width, height);
    return Array.from(context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 0));
  }
}
