/**
 * The Flow room: a picture and its noise are two views of one point. Noise comes from a seed or from a drawing; a plane,
 * the temperature and a brush change it; the picture, its way through the couplings and its exact probability follow.
 */

import { t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { download } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { about } from './about.js';
import { Controls } from './controls.js';
import { Figures } from './figures.js';
import { Journey } from './journey.js';
import { NoisePad } from './noise-pad.js';
import { levelValue, logDensity, planePoint, posterior, readLevels, writeLevels } from './noise.js';
import { NoisePlane } from './plane.js';
import { story } from './story.js';
import { TABLE } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, Inputs, ModelInfo } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { FlowConfig } from './about.js' */
/** @import { FlowState, Values } from './table.js' */

const CLASSES = 10;

/** The plane is computed anew when nothing has changed for this long. */
const PLANE_REST_MS = 150;

/** What a link says of a point: another one is shown for another of these. @type {(keyof Values)[]} */
const POINT = ['digit', 'seed', 'ink', 'a', 'b', 'temperature', 'paint'];

/** A seed as the numbers of a job's key; see ops::key_values in the crate. @param {number} seed */
const keyOf = (seed) => Float32Array.of(seed & 0xffff, seed >>> 16, 0, 0);

/** @implements {Room} */
export class FlowRoom {
  /**
   * @param {EngineClient} engine
   * @param {FlowState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** @type {Map<string, ModelInfo>} */
    this.infos = new Map();
    this.open = false;
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
    this.noisePad = new NoisePad(this.noise, (levels, finished) =>
      this.set({ paint: writeLevels(levels) }, finished ? 'push' : 'rest'),
    );
    this.journey = new Journey(engine, (step) => this.state.set({ step }, 'later'));
    this.plane = new NoisePlane(engine, (a, b, input) => this.set({ a, b }, 'later', input));
    this.drawing = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.figures = new Figures((digit) => this.set({ digit }, 'push'));
    this.controls = new Controls({
      digit: (digit) => this.set({ digit }, 'push'),
      temperature: (temperature) => this.set({ temperature }, 'later'),
      seed: (seed) => this.draw(seed),
    });
    const save = button({ label: t('save.png'), icon: ICONS.save(), onclick: () => this.save() });
    save.title = t('flow.save');
    const stage = h(
      'div',
      { class: 'stage flow-stage' },
      panel('flow-noise', t('flow.noise.title'), [this.noisePad.surface], [this.noisePad.tools]),
      panel('flow-digit', t('flow.digit.title'), [this.journey.picture.element], [this.journey.controls, h('div', { class: 'save' }, save)]),
      panel('flow-figures', t('flow.figures.title'), [this.figures.element]),
      panel('flow-way', t('flow.way.title'), [this.journey.strip.element]),
      panel('flow-plane', t('flow.plane.title'), [this.plane.element], [h('p', { class: 'readout' }, t('flow.plane.note'))]),
      panel(
        'flow-drawing',
        t('flow.drawing.title'),
        [this.drawing.surface],
        [this.drawing.tools, h('figure', { class: 'seen-figure flow-seen' }, this.drawing.seen, h('figcaption', {}, t('flow.drawing.note')))],
      ),
      this.controls.panel,
    );
    this.about = h('aside', { class: 'about', 'aria-label': t('about.label') });
    this.models = h('div', { class: 'models' });
    this.element = h(
      'div',
      { class: 'room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('flow.title')), h('p', { class: 'lead' }, t('flow.lead'))),
      h('div', { class: 'room-bar' }, h('span', {}), this.models),
      stage,
      h('div', { class: 'text' }, h('div', { class: 'below' }, story()), this.about),
    );
    const openFile = button({ label: t('model.open'), onclick: () => shell.chooseFile() });
    openFile.classList.add('quiet');
    this.models.append(openFile);
    state.subscribe((_values, changed, fromAddress) => this.changed(changed, fromAddress));
  }

  /** @param {CatalogRow[]} catalog */
  async enter(catalog) {
    this.catalog = catalog;
    this.open = true;
    await this.begin();
  }

  leave() {
    this.open = false;
    clearTimeout(this.timer);
    this.origin = '';
    this.journey.stop();
    this.scene.release();
    this.plane.release();
  }

  /** Loads the model of the address and shows all that the address says. */
  async begin() {
    const { model } = this.state.values;
    const row = this.catalog.find(({ id }) => id === model) ?? null;
    if (!row && !this.infos.has(model)) {
      this.shell.say(model === TABLE.model.initial ? t('flow.none') : t('model.unknown', { name: model.replace(/^file:/, '') }));
      const first = this.catalog[0];
      if (first && first.id !== model) this.state.set({ model: first.id }, 'replace');
      return;
    }
    try {
      const info = this.infos.get(model) ?? (row && (await this.engine.load(row)));
      if (!info || !this.open || this.state.values.model !== model) return;
      this.infos.set(model, info);
      this.shell.settled();
      this.about.replaceChildren(...about(model, row, info));
      this.journey.setCouplings(/** @type {FlowConfig} */ (/** @type {unknown} */ (info.config)));
      this.origin = '';
      this.takePads();
      this.refresh(true);
    } catch (error) {
      this.shell.complain(error);
    }
  }

  /**
   * The person changed something: it is shown at once.
   * @param {Partial<Values>} patch
   * @param {'push' | 'replace' | 'later' | 'rest'} history
   * @param {number} [input]
   */
  set(patch, history, input) {
    this.input = input;
    this.state.set(patch, history);
  }

  /** Noise of a seed, as it is. @param {number} seed */
  draw(seed) {
    this.set({ seed, ink: '', paint: '', a: 0, b: 0 }, 'push');
    this.takePads();
  }

  /** The drawing and the painted cells of the address. */
  takePads() {
    const { ink, paint } = this.state.values;
    const image = this.drawing.setInk(ink);
    if (image !== this.image) this.origin = '';
    this.image = image;
    this.noisePad.set(readLevels(paint));
  }

  /** @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  changed(changed, fromAddress) {
    if (!this.open) return;
    if (changed.has('model')) {
      this.begin();
      return;
    }
    if (!this.infos.has(this.state.values.model)) return;
    if (fromAddress) this.takePads();
    if (POINT.some((key) => changed.has(key))) this.refresh([...changed].some((key) => key !== 'a' && key !== 'b'));
    if (changed.has('step')) {
      this.journey.show(this.state.values.step);
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
    if (!this.refreshing) this.follow().catch((error) => this.shell.complain(error));
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
    const { model, seed } = this.state.values;
    const { image } = this;
    if (image && this.guess) {
      this.guess = false;
      const logs = await this.classes(image);
      const digit = logs.indexOf(Math.max(...logs));
      if (this.image === image) this.state.set({ digit }, 'replace');
    }
    // a drawing's noise depends on what digit it is taken for
    const origin = image ? `${model} ${seed} ${this.state.values.digit}` : `${model} ${seed}`;
    if (origin !== this.origin) {
      const noises = await this.noisesOf(image);
      if (this.image !== image || this.state.values.model !== model) return;
      this.noises = noises;
      this.origin = origin;
    }
    this.showPoint();
  }

  /** Temperature and paint. @returns {(z: Float32Array) => Float32Array} */
  finish() {
    const { temperature, paint } = this.state.values;
    const levels = readLevels(paint);
    return (z) => z.map((value, i) => (levels[i] > 0 ? levelValue(levels[i]) : temperature * value));
  }

  showPoint() {
    const { a, b } = this.state.values;
    this.z = this.finish()(planePoint(this.noises, a, b));
    this.plane.place(a, b);
    this.describe();
  }

  showPlane() {
    // what it goes through is still on its way
    if (this.refreshing) this.timer = setTimeout(() => this.showPlane(), PLANE_REST_MS);
    else if (this.open && this.noises.length > 0) {
      this.plane.show(this.state.values.model, this.state.values.digit, this.noises, this.finish());
    }
  }

  /**
   * The noise of the drawing or of the seed, and two more of the seed that span the plane.
   * @param {Float32Array | null} image
   * @returns {Promise<Float32Array[]>}
   */
  async noisesOf(image) {
    const { model, digit, seed } = this.state.values;
    const drawn = await this.engine.compute({
      model,
      job: 'sample',
      batch: 3,
      inputs: { label: new Float32Array(3).fill(digit), key: keyOf(seed), temperature: Float32Array.of(1) },
      read: ['z'],
    });
    const size = drawn.z.length / 3;
    const noises = [0, 1, 2].map((index) => drawn.z.subarray(index * size, (index + 1) * size));
    if (!image) return noises;
    const inputs = { x: image, label: Float32Array.of(digit), key: keyOf(seed), spread: Float32Array.of(1) };
    const { z } = await this.engine.compute({ model, job: 'encode', inputs, read: ['z'] });
    return [z, noises[1], noises[2]];
  }

  /** What the worker is to compute and draw. */
  describe() {
    const { z } = this;
    if (!z) return;
    const { model, digit } = this.state.values;
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
        this.figures.showClasses(posterior(await this.classes(image)), this.state.values.digit);
      }
    } catch (error) {
      this.shell.complain(error);
    } finally {
      this.judging = false;
    }
  }

  /** log p(x | class) of each class. @param {Float32Array} image @returns {Promise<Float32Array>} */
  async classes(image) {
    const x = new Float32Array(CLASSES * image.length);
    for (let digit = 0; digit < CLASSES; digit += 1) x.set(image, digit * image.length);
    const label = Float32Array.from({ length: CLASSES }, (_, digit) => digit);
    const inputs = { x, label, key: keyOf(this.state.values.seed) };
    const { model } = this.state.values;
    return (await this.engine.compute({ model, job: 'likelihood', batch: CLASSES, inputs, read: ['log_likelihood'] })).log_likelihood;
  }

  showControls() {
    this.controls.show(this.state.values);
    this.journey.show(this.state.values.step);
  }

  async save() {
    const { model, digit, seed } = this.state.values;
    try {
      const name = `flow-${model.replace(/[^\w.-]+/g, '_')}-${digit}-${seed}.png`;
      download(await this.engine.png(this.journey.picture.name), name);
    } catch (error) {
      this.shell.complain(error);
    }
  }

  /** @param {File} file */
  async openFile(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const id = `file:${file.name.replace(/[^\w. -]/g, '_').slice(-70)}`;
    const info = await this.engine.loadFile(id, bytes);
    if (info.config.family !== 'flow') {
      this.shell.say(t('flow.family', { name: file.name }));
      return;
    }
    this.infos.set(id, info);
    this.state.set({ model: id }, 'push');
  }
}
