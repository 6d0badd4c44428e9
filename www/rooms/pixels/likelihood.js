/** Likelihood: what each pixel of a drawn digit costs, given those before it, and the sum: -ln p(x), exact. */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { pngButton, saveButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { signs } from '../../parts/signs.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS, SIDE } from '../../protocol.js';
import { percent } from './distribution.js';
import { binary } from './order.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { Loaded, PixelsRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

/** A pixel that costs as much is drawn in full colour: it had a probability of 2 %. */
const FULL = 4;

/** @implements {RoomView} */
export class LikelihoodView {
  /** @param {PixelsRoom} room */
  constructor(room) {
    this.room = room;
    const { engine } = room;
    this.image = new Float32Array(PIXELS);
    /** What the model says of the drawing. @type {Inputs | null} */
    this.answer = null;
    /** Mean of the test set, where it was measured. @type {number | null} */
    this.usual = null;
    this.scene = new Scene(engine, 'pixels-likelihood', {
      values: (values) => {
        this.answer = values;
        this.show();
      },
    });
    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.digit = new StillPicture('');
    this.cost = new StillPicture(t('pixels.cost.label'), { signed: true });
    this.pointed = h('p', { class: 'readout' });
    const face = h('div', { class: 'cost-map', onpointermove: (/** @type {PointerEvent} */ event) => this.point(event) }, this.digit.canvas, this.cost.canvas);
    face.addEventListener('pointerleave', () => this.point(null));
    this.expected = new Picture(engine, { name: 'pixels-believed', label: t('pixels.expected.label') });
    this.total = h('output', { class: 'nats-total' });
    this.compared = h('p', { class: 'readout' });
    const save = pngButton(room, this.expected, () => `expected-${room.fileName}`);
    const saveCost = saveButton(room, () => this.cost.png(this.digit.canvas), () => `cost-${room.fileName}.png`, { label: t('save.png') });
    const legend = signs(t('pixels.cost.below'), t('pixels.cost.above'));
    const drawing = panel('drawing', t('draw.title'), [this.paper.surface], [this.paper.tools]);
    const cost = panel(
      'cost',
      t('pixels.cost'),
      [h('div', { class: 'frame-face' }, face)],
      [legend, h('p', { class: 'nats' }, this.total), this.compared, this.pointed, h('div', { class: 'tools save' }, saveCost)],
    );
    const believed = panel(
      'believed',
      t('pixels.believed'),
      [h('div', { class: 'frame-face' }, this.expected.element)],
      [h('p', { class: 'readout' }, t('pixels.believed.note')), h('div', { class: 'tools save' }, save)],
    );
    this.panels = [drawing, cost, believed];
    this.below = h('div', { class: 'prose' }, h('p', {}, rich('pixels.likelihood.1')), h('p', {}, rich('pixels.likelihood.2')));
  }

  /** @param {Loaded} model */
  enter(model) {
    this.model = model;
    this.answer = null;
    this.usual = model.measures?.likelihood?.nats ?? null;
    this.take(this.paper.setInk(this.room.state.values.ink));
    this.begin();
  }

  leave() {
    this.scene.release();
    this.model = undefined;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (!changed.has('ink') || !fromAddress) return;
    this.take(this.paper.setInk(values.ink));
    this.begin();
  }

  /** @param {Float32Array | null} image */
  take(image) {
    this.image = binary(image ?? new Float32Array(PIXELS));
    this.digit.show(this.image);
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.take(image);
    if (this.scene.description) this.scene.change({ x: this.image }, { input: performance.timeOrigin + performance.now() });
    if (finished) this.room.state.set({ ink }, 'push');
  }

  begin() {
    if (!this.model) return;
    this.scene.show({
      model: this.model.id,
      job: 'predict',
      inputs: { x: this.image },
      views: [{ picture: this.expected, output: 'probabilities' }],
      read: ['log_likelihood_map', 'probabilities', 'log_likelihood'],
      urgent: true,
    });
  }

  show() {
    const { answer } = this;
    // one colour for ink that nobody expected, the other for paper where ink was expected
    const signed = (/** @type {number} */ nats, /** @type {number} */ pixel) => ((this.image[pixel] ? 1 : -1) * nats) / FULL;
    this.cost.show(answer ? Float32Array.from(answer.log_likelihood_map, signed) : null);
    if (!answer) return;
    const nats = -answer.log_likelihood[0];
    this.total.textContent = t('unit.nats', { value: number(nats, 1) });
    this.compared.textContent = this.usual === null ? '' : t('pixels.cost.usual', { usual: number(this.usual, 1) });
    if (!this.pointed.textContent) this.point(null);
  }

  /** What one pixel costs. @param {PointerEvent | null} event */
  point(event) {
    if (!event || !this.answer) {
      this.pointed.textContent = t('pixels.cost.point');
      return;
    }
    const box = this.cost.canvas.getBoundingClientRect();
    const at = (/** @type {number} */ share) => Math.min(SIDE - 1, Math.max(0, Math.floor(share * SIDE)));
    const pixel = at((event.clientY - box.top) / box.height) * SIDE + at((event.clientX - box.left) / box.width);
    this.pointed.textContent = t('pixels.cost.pixel', {
      is: t(this.image[pixel] ? 'pixels.ink' : 'pixels.paper'),
      share: percent(this.answer.probabilities[pixel]),
      nats: number(Math.max(0, -this.answer.log_likelihood_map[pixel]), 2),
    });
  }
}
