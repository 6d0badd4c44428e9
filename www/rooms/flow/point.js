/**
 * A picture and its noise are two views of one point. Noise comes from a seed or from a drawing; a plane, the temperature
 * and a brush change it; the picture, its way through the couplings and its exact probability follow.
 */

import { t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { pngButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { classesOf, noisesOf } from './ask.js';
import { Controls } from './controls.js';
import { Figures } from './figures.js';
import { Journey } from './journey.js';
import { NoisePad } from './noise-pad.js';
import { levelValue, logDensity, planePoint, posterior, readLevels, writeLevels } from './noise.js';
import { NoisePlane } from './plane.js';
import { story } from './story.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { Known } from '../models.js' */
/** @import { RoomView } from '../room.js' */
/** @import { FlowConfig, FlowRoom } from './index.js' */
/** @import { Values } from './table.js' */

/** The plane is computed anew when nothing has changed for this long. */
const PLANE_REST_MS = 150;

/** What a link says of a point: another one is shown for another of these. @type {(keyof Values)[]} */
const POINT = ['digit', 'seed', 'ink', 'a', 'b', 'temperature', 'paint'];

/** @implements {RoomView<Known>} */
export class PointView {
  /** @param {FlowRoom} room */
  constructor(room) {
    this.room = room;
    const { engine, state } = room;
    this.open = false;
    /** The model that is shown, which may be one before that of the address. */
    this.model = '';
    /** What the plane goes through: the noise in its middle, to the right, upwards. @type {Float32Array[]} */
    this.noises = [];
    /** What they were made from; empty where that has changed since. */
    this.origin = '';
    /** The drawing as MNIST would have it. @type {Float32Array | null} */
    this.image = null;
    /** A drawing is finished: the flow is to say which digit it is. */
    this.guess = false;
    /** The address says something that is not shown yet. */
    this.stale = false;
    this.refreshing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** When the input event happened that leads to what is shown next. @type {number | undefined} */
    this.input = undefined;
    /** The picture whose classes are asked for next. @type {Float32Array | null} */
    this.judged = null;
    this.judging = false;
    /** @type {Float32Array | null} */
    this.z = null;

    this.scene = new Scene(engine, 'flow', { values: (values) => this.computed(values) });
    this.noise = new Picture(engine, { name: 'flow-noise', label: t('flow.noise.label'), urgent: true });
    const saving = (/** @type {Picture} */ picture, /** @type {string} */ name) =>
      pngButton(room, picture, () => `${name}-${room.fileName}-${state.values.digit}-${state.values.seed}`, t(`flow.save.${name}`));
    const paint = (/** @type {Uint8Array} */ levels, /** @type {boolean} */ finished) =>
      this.set({ paint: writeLevels(levels) }, finished ? 'push' : 'rest');
    this.noisePad = new NoisePad(this.noise, paint, saving(this.noise, 'noise'));
    this.journey = new Journey(engine, (step) => state.set({ step }, 'later'));
    this.plane = new NoisePlane(engine, (a, b, input) => this.set({ a, b }, 'later', input));
    this.drawing = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.figures = new Figures((digit) => this.set({ digit }, 'push'));
    this.controls = new Controls({
      digit: (digit) => this.set({ digit }, 'push'),
      temperature: (temperature) => this.set({ temperature }, 'later'),
      seed: (seed) => this.draw(seed),
    });
    this.panels = [
      panel('flow-noise', t('flow.noise.title'), [this.noisePad.surface], [this.noisePad.tools]),
      panel('flow-digit', t('flow.digit.title'), [this.journey.picture.element], [this.journey.controls, h('div', { class: 'tools save' }, saving(this.journey.picture, 'flow'))]),
      panel('flow-figures', t('flow.figures.title'), [this.figures.element]),
      panel('flow-way', t('flow.way.title'), [this.journey.strip.element], [h('div', { class: 'tools save' }, saving(this.journey.strip, 'couplings'))]),
      panel('flow-plane', t('flow.plane.title'), [this.plane.element], [h('p', { class: 'readout' }, t('flow.plane.note')), h('div', { class: 'tools save' }, saving(this.plane.mosaic, 'plane'))]),
      panel(
        'flow-drawing',
        t('flow.drawing.title'),
        [this.drawing.surface],
        [this.drawing.tools, h('figure', { class: 'seen-figure flow-seen' }, this.drawing.seen, h('figcaption', {}, t('flow.drawing.note')))],
      ),
      this.controls.panel,
    ];
    this.below = story();
  }

  /** @param {Known} model */
  enter({ id, info }) {
    this.open = true;
    this.model = id;
    this.journey.setCouplings(/** @type {FlowConfig} */ (/** @type {unknown} */ (info.config)));
    this.origin = '';
    this.takePads();
    this.refresh(true);
  }

  leave() {
    this.open = false;
    clearTimeout(this.timer);
    this.origin = '';
    this.journey.stop();
    this.scene.release();
    this.plane.release();
  }

  /** What is shown. */
  get values() {
    return { ...this.room.state.values, model: this.model };
  }

  /**
   * The person changed something: it is shown at once.
   * @param {Partial<Values>} patch
   * @param {'push' | 'replace' | 'later' | 'rest'} history
   * @param {number} [input]
   */
  set(patch, history, input) {
    this.input = input;
    this.room.state.set(patch, history);
  }

  /** Noise of a seed, as it is. @param {number} seed */
  draw(seed) {
    this.set({ seed, ink: '', paint: '', a: 0, b: 0 }, 'push');
    this.takePads();
  }

  /** The drawing and the painted cells of the address. */
  takePads() {
    const { ink, paint } = this.room.state.values;
    const image = this.drawing.setInk(ink);
    if (image !== this.image) this.origin = '';
    this.image = image;
    this.noisePad.set(readLevels(paint));
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged({ step }, changed, fromAddress) {
    if (fromAddress) this.takePads();
    if (POINT.some((key) => changed.has(key))) this.refresh([...changed].some((key) => key !== 'a' && key !== 'b'));
    if (changed.has('step')) {
      this.journey.show(step);
      this.describe();
    }
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.image = image;
    this.origin = '';
    this.guess = finished && image !== null;
    // while the pen is down the strokes are not in the address
    if (finished) {
      this.set({ ink, a: 0, b: 0, temperature: 1, paint: '' }, 'push');
      this.noisePad.set(readLevels(''));
    }
    this.refresh(finished);
  }

  /**
   * Shows what the address says, the newest when there is time for it.
   * @param {boolean} plane  another one, or with other digits on it
   */
  refresh(plane) {
    this.showControls();
    this.stale = true;
    if (plane) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.showPlane(), PLANE_REST_MS);
    }
    if (!this.refreshing) this.follow().catch((error) => this.room.shell.complain(error));
  }

  async follow() {
    this.refreshing = true;
    try {
      while (this.stale && this.open) {
        this.stale = false;
        await this.find();
      }
    } finally {
      this.refreshing = false;
    }
  }

  /** The noise that the address names, asked of the model where it is not known. */
  async find() {
    const { model, seed } = this.values;
    const { image } = this;
    if (image && this.guess) {
      this.guess = false;
      const logs = await classesOf(this.room.engine, this.values, image);
      const digit = logs.indexOf(Math.max(...logs));
      if (this.image === image) this.room.state.set({ digit }, 'replace');
    }
    // a drawing's noise depends on what digit it is taken for
    const origin = image ? `${model} ${seed} ${this.values.digit}` : `${model} ${seed}`;
    if (origin !== this.origin) {
      const noises = await noisesOf(this.room.engine, this.values, image);
      if (this.image !== image || this.model !== model) return;
      this.noises = noises;
      this.origin = origin;
    }
    this.showPoint();
  }

  /** Temperature and paint. @returns {(z: Float32Array) => Float32Array} */
  finish() {
    const { temperature, paint } = this.values;
    const levels = readLevels(paint);
    return (z) => z.map((value, i) => (levels[i] > 0 ? levelValue(levels[i]) : temperature * value));
  }

  showPoint() {
    const { a, b } = this.values;
    this.z = this.finish()(planePoint(this.noises, a, b));
    this.plane.place(a, b);
    this.describe();
  }

  showPlane() {
    // what it goes through is still on its way
    if (this.refreshing) this.timer = setTimeout(() => this.showPlane(), PLANE_REST_MS);
    else if (this.open && this.noises.length > 0) {
      this.plane.show(this.values.model, this.values.digit, this.noises, this.finish());
    }
  }

  /** What the worker is to compute and draw. */
  describe() {
    const { z } = this;
    if (!z) return;
    const { model, digit } = this.values;
    this.scene.show({
      model,
      job: 'decode',
      inputs: { z, label: Float32Array.of(digit) },
      views: [{ picture: this.noise, output: 'noise', tone: 'signed' }, ...this.journey.views()],
      read: ['pixels', 'log_likelihood', 'bits_per_dim', 'error'],
      urgent: true,
      input: this.input,
    });
    this.input = undefined;
  }

  /** @param {Inputs} values  of the newest point */
  computed({ pixels, log_likelihood, bits_per_dim, error }) {
    if (!this.open || !this.z) return;
    this.figures.show(log_likelihood[0], bits_per_dim[0], logDensity(this.z), error[0]);
    this.judged = pixels;
    this.judge();
  }

  /** Asks for the classes of the newest picture, one question at a time. */
  async judge() {
    if (this.judging) return;
    this.judging = true;
    try {
      while (this.judged && this.open) {
        const image = this.judged;
        this.judged = null;
        this.figures.showClasses(posterior(await classesOf(this.room.engine, this.values, image)), this.values.digit);
      }
    } catch (error) {
      this.room.shell.complain(error);
    } finally {
      this.judging = false;
    }
  }

  showControls() {
    this.controls.show(this.values);
    this.journey.show(this.values.step);
  }
}
