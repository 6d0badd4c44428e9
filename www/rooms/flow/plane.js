/** A plane through the noise: a mosaic of what lies at its places, and a handle that is dragged over it. */

import { t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { handle } from '../../parts/handle.js';
import { Picture } from '../../parts/picture.js';
import { Scene } from '../../parts/scene.js';
import { PIXELS } from '../../protocol.js';
import { planePoint } from './noise.js';
import { REACH } from './table.js';

/** @import { EngineClient } from '../../engine.js' */

/** Digits of the mosaic in each direction. */
const CELLS = 7;

export class NoisePlane {
  /**
   * @param {EngineClient} engine
   * @param {(a: number, b: number, input: number) => void} moved
   */
  constructor(engine, moved) {
    this.moved = moved;
    this.mosaic = new Picture(engine, { name: 'flow-mosaic', label: t('flow.plane.mosaic'), columns: CELLS, rows: CELLS });
    this.scene = new Scene(engine, 'flow-plane');
    const move = (/** @type {number} */ a, /** @type {number} */ b) => {
      const clamp = (/** @type {number} */ value) => Math.min(REACH, Math.max(-REACH, value));
      this.moved(clamp(a), clamp(b), performance.timeOrigin + performance.now());
    };
    this.handle = handle({ kind: 'z', label: t('flow.plane.handle'), moved: move });
    this.surface = h('div', { class: 'pad-surface' }, this.mosaic.element, this.handle.element);
    this.element = h('div', { class: 'flow-pad' }, this.surface);
    let held = false;
    const follow = (/** @type {PointerEvent} */ event) => {
      if (!held) return;
      const box = this.surface.getBoundingClientRect();
      move((((event.clientX - box.left) / box.width) * 2 - 1) * REACH, (1 - ((event.clientY - box.top) / box.height) * 2) * REACH);
    };
    this.surface.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      held = true;
      this.handle.element.focus({ preventScroll: true });
      this.surface.setPointerCapture(event.pointerId);
      this.surface.classList.add('held');
      follow(event);
    });
    this.surface.addEventListener('pointermove', follow);
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      this.surface.addEventListener(end, () => {
        held = false;
        this.surface.classList.remove('held');
      });
    }
  }

  /** @param {number} a @param {number} b */
  place(a, b) {
    this.handle.place(a, b, REACH);
  }

  /**
   * The mosaic of a plane.
   * @param {string} model
   * @param {number} digit
   * @param {Float32Array[]} noises  as planePoint has them
   * @param {(z: Float32Array) => Float32Array} finish  temperature and paint
   */
  show(model, digit, noises, finish) {
    const z = new Float32Array(CELLS * CELLS * PIXELS);
    for (let i = 0; i < CELLS * CELLS; i += 1) {
      // in the middle of its cell
      const a = ((2 * ((i % CELLS) + 0.5)) / CELLS - 1) * REACH;
      const b = (1 - (2 * (Math.floor(i / CELLS) + 0.5)) / CELLS) * REACH;
      z.set(finish(planePoint(noises, a, b)), i * PIXELS);
    }
    this.scene.show({
      model,
      job: 'draw',
      batch: CELLS * CELLS,
      inputs: { z, label: new Float32Array(CELLS * CELLS).fill(digit) },
      views: [{ picture: this.mosaic, output: 'pixels' }],
    });
  }

  release() {
    this.scene.release();
  }
}
