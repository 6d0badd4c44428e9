/** Morphing: two digits are encoded to their noise, and what lies between the noises is decoded. */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { FramePicture } from '../../parts/frame-picture.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { PIXELS } from '../../protocol.js';
import { slerp } from '../latent/vectors.js';
import { ENCODING_CAUSES, encode, reversible } from './encoding.js';
import { ExportBar } from './export.js';
import { Process, difference } from './process.js';
import { SourceDigit } from './source.js';
import { controlRow } from './strength.js';
import { NO_CLASS } from './table.js';

/** @import { ModelInfo } from '../../protocol.js' */
/** @import { Encoded } from './encoding.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Plan } from './process.js' */
/** @import { SteerTool } from './steer.js' */
/** @import { Values } from './table.js' */

/** Digits from end to end, both included, and how they stand: in a line where there is room for it. */
const STOPS = 21;
const LINE = { columns: STOPS, rows: 1 };
const BLOCK = { columns: 7, rows: 3 };
const NARROW = '(max-width: 62rem)';

/** Both ends are encoded as no class: the digits between them have none. */
const ENDS = [NO_CLASS, NO_CLASS];

/** @implements {SteerTool} */
export class MorphTool {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.source = SourceDigit.of(room);
    this.second = new SourceDigit(room, {
      name: 'second',
      title: t('morph.second'),
      keys: { digit: 'subject2', seed: 'origin2' },
      drawable: false,
    });
    this.encoding = room.lane('morph-encode', () => this.showNoise());
    /** @type {Encoded | null} */
    this.encoded = null;
    /** Counts the encodings: what belongs to an older one is dropped. */
    this.serial = 0;
    this.process = new Process(room, 'morph', t('morph.strip.label'), {
      plan: (info) => this.plan(info),
      started: () => this.showBetween(),
      shown: () => this.showBetween(),
      finished: () => this.measure(),
    });
    this.between = new FramePicture(room.engine, { name: 'between', label: t('morph.between.label'), urgent: true });
    this.noises = new FramePicture(room.engine, { name: 'noises', label: t('morph.noises.label'), columns: 2, gap: 2 });
    this.mix = scrubber({
      label: t('morph.mix'),
      min: 0,
      max: 1,
      step: 1 / (STOPS - 1),
      input: (mix) => state.set({ mix }, 'later'),
      words: (mix) => t('morph.mix.words', { share: number(100 * mix) }),
    });
    this.error = h('dd', {}, t('inspector.none'));
    const betweenPanel = panel(
      'between',
      t('morph.between'),
      [h('div', { class: 'frame-face' }, this.between.element)],
      [
        controlRow('mix', t('morph.mix'), this.mix.element),
        h('dl', { class: 'facts', 'aria-live': 'polite' }, h('div', {}, h('dt', {}, t('morph.error')), this.error)),
        h('figure', { class: 'noises-figure' }, h('div', { class: 'frame-face' }, this.noises.element), h('figcaption', {}, t('morph.noises'))),
      ],
    );
    /** No room for a line. */
    this.narrow = window.matchMedia(NARROW);
    this.narrow.addEventListener('change', () => this.process.arrange(this.grid));
    this.second.panel.classList.add('panel-second');
    const strip = panel('strip', t('morph.strip'), [h('div', { class: 'frame-face' }, this.process.picture.element)]);
    this.exports = new ExportBar(room, 'morphed', () => this.process.lane);
    const way = panel('way', t('watch.way'), [this.process.timeline.element, this.exports.element]);
    this.panels = [this.source.panel, betweenPanel, this.second.panel, strip, way, room.controls.panel];
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`morph.${i}`))));
  }

  get grid() {
    return this.narrow.matches ? BLOCK : LINE;
  }

  enter() {
    const { values } = this.room.state;
    this.process.enter(values);
    this.show(values);
    this.source.enter(() => this.encode());
    this.second.enter(() => this.encode());
    this.encode();
  }

  leave() {
    this.serial += 1;
    this.encoded = null;
    this.source.leave();
    this.second.leave();
    this.encoding.release();
    this.process.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress) this.process.follow(values, changed);
    this.show(values);
    this.source.refresh();
    this.second.refresh();
    if (ENCODING_CAUSES.some((key) => changed.has(key))) this.encode();
    else this.showBetween();
  }

  /** @param {Values} values */
  show(values) {
    this.mix.set(values.mix);
  }

  /** Both ends go to their noise; then what lies between is decoded. */
  async encode() {
    this.serial += 1;
    const { serial } = this;
    this.encoded = null;
    this.error.textContent = t('inspector.none');
    const [a, b] = [this.source.image, this.second.image];
    if (a && b) {
      const images = new Float32Array(2 * PIXELS);
      images.set(a);
      images.set(b, PIXELS);
      const encoded = await encode(this.room, this.encoding, images, ENDS);
      if (serial !== this.serial || !encoded) return;
      this.encoded = encoded;
      this.showNoise();
    } else {
      this.noises.erase();
      this.between.erase();
    }
    this.process.restart();
  }

  showNoise() {
    const { encoding } = this;
    if (encoding.waiting || !encoding.trajectory) return;
    this.noises.show({ lane: encoding.name, what: 'x_t', frame: encoding.ready, columns: 2, rows: 1 });
  }

  /** @param {ModelInfo} _info @returns {Plan | null} */
  plan(_info) {
    const { encoded } = this;
    if (!encoded) return null;
    const [a, b] = [encoded.noise.subarray(0, PIXELS), encoded.noise.subarray(PIXELS)];
    const source = new Float32Array(STOPS * PIXELS);
    // the arc keeps noise as long as noise is (Shoemake 1985)
    for (let i = 0; i < STOPS; i += 1) source.set(slerp(a, b, i / (STOPS - 1)), i * PIXELS);
    return {
      instead: {
        ...reversible(this.room.state.values, new Array(STOPS).fill(NO_CLASS)),
        start: { kind: 'exact', t: encoded.time },
      },
      source,
      ...this.grid,
    };
  }

  /** The digit at the slider. */
  showBetween() {
    const { lane, frame } = this.process;
    if (!lane.trajectory || lane.waiting) return;
    const first = Math.round(this.room.state.values.mix * (STOPS - 1));
    this.between.show({ lane: lane.name, what: 'x_t', frame, first });
  }

  /** How far both ends come back as what they were. */
  async measure() {
    const [a, b] = [this.source.image, this.second.image];
    const values = await this.process.result();
    if (!values || !a || !b || !this.encoded) return;
    const ends = [difference(a, values.subarray(0, PIXELS)), difference(b, values.subarray((STOPS - 1) * PIXELS))];
    this.error.textContent = t('morph.error.words', { a: number(ends[0], 4), b: number(ends[1], 4) });
  }
}
