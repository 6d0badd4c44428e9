/**
 * Write: a digit is written place by place; beside it what the model expected of each place. The whole digit is computed
 * at once, and the playhead uncovers it, so that one can go back and forth.
 */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { saveButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { scrubber } from '../../parts/scrubber.js';
import { PIXELS } from '../../protocol.js';
import { Timeline } from '../denoise/timeline.js';
import { Distribution } from './distribution.js';
import { Order } from './order.js';
import { MAX_TEMPERATURE } from './table.js';
import { Veil } from './veil.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { Loaded, PixelsRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

/** Decimals of a place in the link. */
const PLACE = 1000;

/** @implements {RoomView} */
export class WriteView {
  /** @param {PixelsRoom} room */
  constructor(room) {
    this.room = room;
    const { engine, state } = room;
    this.order = new Order(1);
    /** What the job told last, of the places written by then. @type {Inputs | null} */
    this.written = null;
    /** Places that it tells of. */
    this.ready = 0;
    this.scene = new Scene(engine, 'pixels-write', {
      values: (values, _, done) => {
        this.written = values;
        this.ready = Math.min(done, this.order.places);
        this.show();
      },
    });
    this.digit = new Picture(engine, { name: 'pixels-digit', label: t('pixels.digit.label'), urgent: true });
    this.expected = new Picture(engine, { name: 'pixels-expected', label: t('pixels.expected.label') });
    const chosen = (/** @type {number} */ x, /** @type {number} */ y) =>
      this.timeline.scrub((this.order.placeAt(x, y) + 1) / this.order.places);
    this.veils = [new Veil(this.digit.element, chosen), new Veil(this.expected.element, chosen)];
    this.distribution = new Distribution();
    this.timeline = new Timeline({
      label: t('pixels.timeline'),
      stops: () => Array.from({ length: this.order.places + 1 }, (_, i) => i / this.order.places),
      limit: () => this.ready / this.order.places,
      words: () => this.words(),
      moved: () => this.show(),
      rested: (place) => state.set({ at: Math.round(place * PLACE) / PLACE }, 'later'),
      paced: (speed) => state.set({ speed }, 'replace'),
    });
    const figure = (/** @type {Veil} */ veil, /** @type {string} */ caption) =>
      h('figure', { class: 'frame' }, h('div', { class: 'frame-face' }, veil.element), h('figcaption', {}, t(caption)));
    const name = () => `written-${room.fileName}-${state.values.seed}.png`;
    const save = saveButton(room, () => this.png(), name, { label: t('save.png') });
    this.inline = scrubber({
      label: t('pixels.temperature'),
      min: 0,
      max: MAX_TEMPERATURE,
      step: 0.05,
      input: (temperature) => state.set({ temperature }, 'later'),
    });
    const writing = panel('writing', t('pixels.writing'), [
      h('div', { class: 'pair' }, figure(this.veils[0], 'pixels.digit'), figure(this.veils[1], 'pixels.expected')),
    ], [this.timeline.element, h('div', { class: 'tools save' }, save)]);
    const next = panel('next', t('pixels.distribution'), [this.distribution.element]);
    this.side = h('div', { class: 'panel pixels-side' }, next, room.settings.panel);
    this.panels = [writing, this.side];
    this.below = h(
      'div',
      { class: 'prose' },
      h('p', {}, rich('pixels.write.1')),
      h('p', {}, rich('pixels.write.2', { temperature: this.inline.element })),
      h('p', {}, rich('pixels.write.3')),
    );
  }

  /** @param {Loaded} model */
  enter(model) {
    this.model = model;
    this.order = model.order;
    this.distribution.arrange(this.order);
    this.side.append(this.room.settings.panel);
    const { at, speed } = this.room.state.values;
    this.timeline.set(at, speed);
    this.begin();
    // a link into the middle shows what its sender saw, standing still
    if (at === 1) this.timeline.perform();
  }

  leave() {
    this.timeline.play(false);
    this.scene.release();
    this.model = undefined;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress && (changed.has('at') || changed.has('speed'))) {
      this.timeline.play(false);
      this.timeline.set(values.at, values.speed);
    }
    if (changed.has('temperature') || changed.has('seed')) {
      this.begin();
      if (changed.has('seed') && !fromAddress) this.timeline.perform();
    } else {
      this.show();
    }
  }

  /** Has the digit written anew. */
  begin() {
    if (!this.model) return;
    const { temperature, seed } = this.room.state.values;
    this.inline.set(temperature);
    this.written = null;
    this.ready = 0;
    this.scene.show({
      model: this.model.id,
      job: 'write',
      inputs: {
        temperature: Float32Array.of(temperature),
        given: new Float32Array(PIXELS),
        keep: Float32Array.of(0),
      },
      chain: { seed, steps: this.order.places },
      views: [
        { picture: this.digit, output: 'pixels' },
        { picture: this.expected, output: 'probabilities' },
      ],
      read: ['pixels', 'distributions'],
      urgent: true,
    });
    this.show();
  }

  /** Places that are uncovered. */
  get shown() {
    return Math.min(this.ready, Math.round(this.timeline.place * this.order.places));
  }

  words() {
    return t(`pixels.words.${this.order.cell}`, { done: number(this.shown), total: number(this.order.places) });
  }

  show() {
    if (!this.model) return;
    const { order, shown } = this;
    const place = shown > 0 && shown < order.places ? shown - 1 : null;
    for (const veil of this.veils) veil.show(order, shown, place);
    const last = Math.max(0, shown - 1);
    const known = shown > 0 ? this.written : null;
    const from = last * order.outcomes;
    this.distribution.show(
      known ? known.distributions.subarray(from, from + order.outcomes) : null,
      known ? order.outcome(last, known.pixels) : 0,
    );
    const isPlain = this.room.state.values.temperature === 1;
    const nats = known ? t(isPlain ? 'pixels.sofar' : 'pixels.sofar.tempered', { nats: number(this.nats(known, shown), 1) }) : '';
    this.timeline.show([this.words(), nats].filter(Boolean).join(' \u00b7 '));
  }

  /** How surprising the first places were, together. @param {Inputs} values @param {number} count */
  nats({ pixels, distributions }, count) {
    let sum = 0;
    for (let place = 0; place < count; place += 1) {
      sum -= Math.log(Math.max(distributions[place * this.order.outcomes + this.order.outcome(place, pixels)], 1e-12));
    }
    return Math.max(0, sum);
  }

  /** The digit as it is in sight. */
  async png() {
    const { shown } = this;
    return this.veils[0].cover(await this.room.engine.png(this.digit.name), this.order, shown);
  }
}
