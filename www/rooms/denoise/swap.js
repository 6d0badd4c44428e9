/** Class swap: a digit is encoded as what it is and decoded as something else; its noise keeps the hand that wrote it. */

import { number, rich, t } from '../../i18n/translate.js';
import { digitPicker } from '../../parts/digit-picker.js';
import { h } from '../../parts/dom.js';
import { FramePicture } from '../../parts/frame-picture.js';
import { panel } from '../../parts/panel.js';
import { PIXELS } from '../../protocol.js';
import { ENCODING_CAUSES, encode, reversible } from './encoding.js';
import { ExportBar } from './export.js';
import { Process, difference, repeated } from './process.js';
import { SourceDigit } from './source.js';
import { controlRow } from './strength.js';

/** @import { ModelInfo } from '../../protocol.js' */
/** @import { Encoded } from './encoding.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Plan } from './process.js' */
/** @import { SteerTool } from './steer.js' */
/** @import { Values } from './table.js' */

const CLASSES = Array.from({ length: 10 }, (_, digit) => digit);
const GRID = { columns: 5, rows: 2 };

/** @implements {SteerTool} */
export class SwapTool {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.source = SourceDigit.of(room);
    this.encoding = room.lane('swap-encode', () => this.showNoise());
    /** @type {Encoded | null} */
    this.encoded = null;
    /** Counts the encodings: what belongs to an older one is dropped. */
    this.serial = 0;
    this.noise = new FramePicture(room.engine, { name: 'swap-noise', label: t('swap.noise.label') });
    this.large = new FramePicture(room.engine, { name: 'swapped', label: t('swap.large.label'), urgent: true });
    this.process = new Process(room, 'swap', t('swap.all.label'), {
      plan: (info) => this.plan(info),
      shown: () => this.showLarge(),
      finished: () => this.measure(),
    });
    this.target = digitPicker({
      label: t('swap.target'),
      words: (digit) => t('swap.target.digit', { digit }),
      chosen: (swap) => state.set({ swap }, 'push'),
    });
    this.error = h('dd', {}, t('inspector.none'));
    this.refusal = h('p', { class: 'refusal', role: 'status', hidden: true }, t('swap.classless'));
    const large = panel(
      'swapped',
      t('swap.large'),
      [h('div', { class: 'frame-face' }, this.large.element), this.refusal],
      [
        controlRow('target', t('swap.target'), this.target.element),
        h('dl', { class: 'facts', 'aria-live': 'polite' }, h('div', {}, h('dt', {}, t('swap.error')), this.error)),
      ],
    );
    const all = panel(
      'all',
      t('swap.all'),
      [h('div', { class: 'frame-face' }, this.process.picture.element)],
      [h('figure', { class: 'noises-figure' }, h('div', { class: 'frame-face' }, this.noise.element), h('figcaption', {}, t('swap.noise')))],
    );
    this.exports = new ExportBar(room, 'swapped', () => this.process.lane);
    const way = panel('way', t('watch.way'), [this.process.timeline.element, this.exports.element]);
    this.panels = [this.source.panel, large, all, way, room.controls.panel];
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`swap.${i}`))));
  }

  enter() {
    const { values } = this.room.state;
    this.process.enter(values);
    this.target.set(values.swap);
    this.source.enter(() => this.encode());
    this.encode();
  }

  leave() {
    this.serial += 1;
    this.encoded = null;
    this.source.leave();
    this.encoding.release();
    this.process.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress) this.process.follow(values, changed);
    this.target.set(values.swap);
    this.source.refresh();
    // of a drawing the class is what the person says
    const named = this.source.drawn && changed.has('subject');
    if (named || ENCODING_CAUSES.some((key) => changed.has(key))) this.encode();
    else this.showLarge();
  }

  async encode() {
    this.serial += 1;
    const { serial } = this;
    const { image, digit } = this.source;
    this.encoded = null;
    this.error.textContent = t('inspector.none');
    const info = image && (await this.room.info(this.room.state.values.model).catch((error) => this.room.shell.complain(error)));
    if (serial !== this.serial) return;
    const classless = info?.config.conditional === false;
    this.refusal.hidden = !classless;
    if (image && info && !classless) {
      const encoded = await encode(this.room, this.encoding, image, [digit]);
      if (serial !== this.serial || !encoded) return;
      this.encoded = encoded;
      this.showNoise();
    } else {
      this.encoding.release();
      this.noise.erase();
      this.large.erase();
    }
    this.process.restart();
  }

  showNoise() {
    const { encoding } = this;
    if (encoding.waiting || !encoding.trajectory) return;
    this.noise.show({ lane: encoding.name, what: 'x_t', frame: encoding.ready });
  }

  /** @param {ModelInfo} _info @returns {Plan | null} */
  plan(_info) {
    const { encoded } = this;
    if (!encoded) return null;
    return {
      instead: { ...reversible(this.room.state.values, CLASSES), start: { kind: 'exact', t: encoded.time } },
      source: repeated(encoded.noise, CLASSES.length),
      ...GRID,
    };
  }

  /** The class that was chosen. */
  showLarge() {
    const { lane, frame } = this.process;
    if (!lane.trajectory || lane.waiting) return;
    this.large.show({ lane: lane.name, what: 'x_t', frame, first: this.room.state.values.swap });
  }

  /** How far the digit comes back as itself. */
  async measure() {
    const { image, digit } = this.source;
    const values = await this.process.result();
    if (!values || !image || !this.encoded) return;
    const own = values.subarray(digit * PIXELS, (digit + 1) * PIXELS);
    this.error.textContent = t('swap.error.words', { difference: number(difference(image, own), 4) });
  }
}
