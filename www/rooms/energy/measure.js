/** Your digit: its energy as it is drawn, where that lies among others, and which way the energy falls. */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { scattered } from '../../parts/scattered.js';
import { Scene } from '../../parts/scene.js';
import { pngButton } from '../../parts/save.js';
import { signs } from '../../parts/signs.js';
import { PIXELS } from '../../protocol.js';
import { binary } from '../pixels/order.js';
import { examples } from './given.js';
import { FROM_GIVEN } from './kinds.js';
import { Strip } from './strip.js';
import { NO_CLASS } from './table.js';
import { Trace } from './trace.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { EnergyRoom, RoomView } from './index.js' */
/** @import { EnergyModel } from './kinds.js' */

/** Pictures of noise that a drawing is compared with: of every share of ink. */
const NOISES = 24;

/** @implements {RoomView} */
export class MeasureView {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    this.strip = new Strip();
    this.trace = new Trace(t('energy.trace.drawn'), { empty: t('energy.as.drawn.wait'), count: 'energy.movements' });
    this.nats = h('p', { class: 'readout' });
    this.value = h('output', { class: 'energy-value' }, t('inspector.none'));
    this.picture = new Picture(room.engine, { name: 'energy-slope', label: t('energy.slope'), urgent: true });
    this.classes = h(
      'div',
      { class: 'class-energies', role: 'group', 'aria-label': t('energy.classes') },
      ...Array.from({ length: 10 }, (_, digit) => h('div', { class: 'class-energy' }, h('span', { class: 'class-bar' }), h('b', {}, String(digit)), h('span', { class: 'class-value' }))),
    );
    this.classPart = h('div', {}, h('h3', {}, t('energy.classes')), this.classes, h('p', { class: 'readout' }, t('energy.classes.note')));
    this.drawnPart = h('div', {}, h('h3', {}, t('energy.as.drawn')), this.trace.canvas);
    /** Energies of other pictures under the model. @type {{digits: Float32Array, noise: Float32Array} | null} */
    this.others = null;
    /** The model that they are of. */
    this.compared = '';
    /** Of the given picture. @type {number | undefined} */
    this.energy = undefined;
    /** Measurements since the view was opened. */
    this.count = 0;
    this.slopeWords = h('p', { class: 'readout' });
    this.energyPanel = panel(
      'energy',
      t('energy.of.yours'),
      [this.value, this.nats, this.strip.element, this.drawnPart],
      [this.classPart],
    );
    const save = pngButton(room, this.picture, () => `inkling-energy-slope-${room.fileName}`);
    this.legend = signs(t('energy.slope.below'), t('energy.slope.above'));
    this.slopePanel = panel('slope', t('energy.slope.title'), [h('div', { class: 'frame-face' }, this.picture.element)], [this.legend, this.slopeWords, h('div', { class: 'tools save' }, save)]);
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`energy.measure.${i}`))));
    this.scene = new Scene(room.engine, 'energy-measure', { values: (values) => this.told(values) });
    // an RBM's answer to a picture is another picture
    this.answer = new Scene(room.engine, 'energy-answer');
  }

  panels() {
    return [this.room.given.panel, this.energyPanel, this.slopePanel];
  }

  /** @param {EnergyModel} model */
  enter(model) {
    this.trace.clear();
    this.count = 0;
    if (this.compared !== model.id) this.others = null;
    this.compared = model.id;
    this.room.given.enter(() => this.measure());
    this.compare();
  }

  leave() {
    this.room.given.leave();
    this.scene.release();
    this.answer.release();
  }

  stateChanged() {}

  /** An RBM knows ink and paper only, so that its p is that of a picture without greys. @param {Float32Array} image */
  seen(image) {
    return this.room.model?.kind.family === 'rbm' ? binary(image) : image;
  }

  /** Energies of generated digits and of noise, to compare with. */
  async compare() {
    const { model, engine, shell } = this.room;
    if (!model || this.others) return;
    try {
      const digits = await examples();
      const batch = digits.length + NOISES;
      const x = new Float32Array(batch * PIXELS);
      digits.forEach((digit, i) => x.set(this.seen(digit), i * PIXELS));
      for (let i = 0; i < NOISES; i += 1) {
        const ink = (i + 1) / (NOISES + 1);
        for (let pixel = 0; pixel < PIXELS; pixel += 1) x[(digits.length + i) * PIXELS + pixel] = Number(scattered(i * PIXELS + pixel) < ink);
      }
      const rbm = model.kind.family === 'rbm';
      /** @type {Inputs} */
      const inputs = rbm ? { x } : { x, label: new Float32Array(batch).fill(NO_CLASS) };
      const { energy } = await engine.compute({ model: model.id, job: rbm ? 'free_energy' : 'energy', batch, inputs, read: ['energy'] });
      if (this.room.model !== model) return;
      this.others = { digits: energy.subarray(0, digits.length), noise: energy.subarray(digits.length) };
      this.showStrip();
    } catch (error) {
      shell.complain(error);
    }
  }

  measure() {
    const { model, given, state } = this.room;
    const { image } = given;
    if (!model || this.room.view !== this) return;
    const rbm = model.kind.family === 'rbm';
    const title = t(rbm ? 'energy.answer.title' : 'energy.slope.title');
    this.slopePanel.setAttribute('aria-label', title);
    const heading = this.slopePanel.querySelector('h2');
    if (heading) heading.textContent = title;
    this.slopeWords.textContent = t(rbm ? 'energy.slope.rbm' : 'energy.slope.conv');
    this.classPart.hidden = this.legend.hidden = rbm;
    this.drawnPart.hidden = state.values.source !== 'drawn';
    if (this.drawnPart.hidden && this.count > 0) {
      this.trace.clear();
      this.count = 0;
    }
    if (!image) {
      this.scene.release();
      this.answer.release();
      this.picture.erase();
      this.value.textContent = t('inspector.none');
      this.nats.textContent = '';
      this.energy = undefined;
      this.showStrip();
      return;
    }
    const input = Date.now();
    if (rbm) {
      const x = this.seen(image);
      this.scene.show({ model: model.id, job: 'free_energy', inputs: { x }, read: ['energy'], urgent: true, input });
      const steady = { begin: Float32Array.of(FROM_GIVEN), given: x, mask: new Float32Array(PIXELS), temperature: Float32Array.of(1) };
      this.answer.show({
        model: model.id,
        job: 'gibbs',
        inputs: steady,
        chain: { seed: this.room.state.values.seed, steps: 1 },
        views: [{ picture: this.picture, output: 'pixels' }],
        input,
      });
    } else {
      this.answer.release();
      this.scene.show({
        model: model.id,
        job: 'energy',
        inputs: { x: image, label: Float32Array.of(NO_CLASS) },
        views: [{ picture: this.picture, output: 'gradient', tone: 'diverging' }],
        read: ['energy', 'logits'],
        urgent: true,
        input,
      });
    }
  }

  /** @param {Inputs} values */
  told({ energy, logits }) {
    const { model } = this.room;
    if (!model) return;
    [this.energy] = energy;
    this.value.textContent = number(this.energy, model.kind.decimals);
    const { logZ } = model;
    this.nats.textContent = logZ === undefined ? '' : t('energy.nats', { z: number(logZ, 1), nats: number(this.energy + logZ, 1) });
    if (!this.drawnPart.hidden) {
      this.count += 1;
      this.trace.push(this.count, energy);
    }
    if (logits) this.showClasses(logits);
    this.showStrip();
  }

  /** The energy as each digit. @param {Float32Array} logits  energies with the other sign */
  showClasses(logits) {
    const [least, most] = [Math.min(...logits), Math.max(...logits)];
    Array.from(this.classes.children).forEach((element, digit) => {
      const share = (logits[digit] - least) / Math.max(1e-6, most - least);
      /** @type {HTMLElement} */ (element).style.setProperty('--share', share.toFixed(3));
      element.classList.toggle('lowest', logits[digit] === most);
      const value = element.querySelector('.class-value');
      if (value) value.textContent = number(-logits[digit], 2);
    });
  }

  showStrip() {
    const { others, energy, room } = this;
    if (!others) return;
    const own = energy === undefined ? [] : [energy];
    this.strip.show(
      [{ look: 'noise', energies: others.noise }, { look: 'digits', energies: others.digits }, { look: 'own', energies: own }],
      room.model?.kind.decimals ?? 0,
    );
  }
}
