/** Inpainting: a part of a digit is kept, the rest is made anew, in nine ways; RePaint's going back and forth is seen. */

import { number, rich, t } from '../../i18n/translate.js';
import { h, svg } from '../../parts/dom.js';
import { MaskPad, readMask, writeMask } from '../../parts/mask-pad.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { ExportBar } from './export.js';
import { Process, repeated, told } from './process.js';
import { SourceDigit } from './source.js';
import { controlRow, toldRow } from './strength.js';
import { MAX_JUMP, MAX_RESAMPLE, SETTING_KEYS, settingsOf } from './table.js';

/** @import { ModelInfo, Trajectory } from '../../protocol.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Plan } from './process.js' */
/** @import { SteerTool } from './steer.js' */
/** @import { Values } from './table.js' */

/** What a change of makes another trajectory. */
const CAUSES = /** @type {(keyof Values)[]} */ ([...SETTING_KEYS, 'seed', 'told', 'resample', 'jump']);

const SIDE_FILLS = 3;
const FILLS = SIDE_FILLS * SIDE_FILLS;

/** More moves than this the sampler does not take; see crate/src/samplers/spec.rs. */
const MAX_MOVES = 5000;

/** The way in a chart of its own units; it is stretched to its box. */
const WIDTH = 1000;
const HEIGHT = 100;

/** @implements {SteerTool} */
export class InpaintTool {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.source = SourceDigit.of(room);
    this.pad = new MaskPad((cells, finished) => {
      if (finished) state.set({ mask: writeMask(cells) }, 'push');
    });
    this.process = new Process(room, 'inpaint', t('inpaint.fills.label'), {
      plan: (info) => this.plan(info),
      started: () => this.trace(),
      shown: () => this.point(),
    });
    this.told = toldRow(room);
    this.resample = scrubber({
      label: t('inpaint.resample'),
      min: 1,
      max: MAX_RESAMPLE,
      step: 1,
      decimals: 0,
      input: (resample) => state.set({ resample }, 'later'),
    });
    this.jump = scrubber({
      label: t('inpaint.jump'),
      min: 1,
      max: MAX_JUMP,
      step: 1,
      decimals: 0,
      input: (jump) => state.set({ jump }, 'later'),
    });
    this.line = svg('path', { class: 'zigzag-line' });
    this.head = svg('line', { class: 'playhead', y1: 0, y2: HEIGHT });
    this.zigzag = h(
      'div',
      { class: 'zigzag', role: 'img', 'aria-label': t('inpaint.zigzag') },
      svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.line, this.head),
    );
    const maskPanel = panel('mask', t('inpaint.mask'), [this.pad.surface], [this.pad.tools]);
    const fillsPanel = panel(
      'fills',
      t('inpaint.fills'),
      [h('div', { class: 'frame-face' }, this.process.picture.element)],
      [
        this.told.element,
        controlRow('resample', t('inpaint.resample'), this.resample.element),
        controlRow('jump', t('inpaint.jump'), this.jump.element),
      ],
    );
    this.exports = new ExportBar(room, 'inpainted', () => this.process.lane);
    const way = panel('way', t('watch.way'), [this.process.timeline.element, this.zigzag, this.exports.element]);
    this.panels = [this.source.panel, maskPanel, fillsPanel, way, room.controls.panel];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`inpaint.${i}`))));
  }

  enter() {
    const { values } = this.room.state;
    this.process.enter(values);
    this.show(values);
    this.source.enter(() => this.sourceChanged());
    this.sourceChanged();
  }

  leave() {
    this.source.leave();
    this.process.leave();
  }

  sourceChanged() {
    this.pad.picture.show(this.source.ink);
    this.process.restart();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress) this.process.follow(values, changed);
    this.show(values);
    this.source.refresh();
    if (changed.has('mask')) {
      this.process.timeline.at = 1;
      this.process.restart();
    } else if (CAUSES.some((key) => changed.has(key))) {
      this.process.restart();
    }
  }

  /** @param {Values} values */
  show(values) {
    const cells = readMask(values.mask);
    this.pad.set(cells);
    this.resample.set(values.resample);
    this.jump.set(values.jump);
    this.told.show();
  }

  /** @param {ModelInfo} info @returns {Plan | null} */
  plan(info) {
    const { image } = this.source;
    this.told.show();
    if (!image) return null;
    const { values } = this.room.state;
    const { resample, jump } = values;
    const { steps } = settingsOf(values, 'main');
    const mask = Float32Array.from(readMask(values.mask), (cell) => 1 - cell);
    return {
      instead: {
        ...told(this.room, info, new Array(FILLS).fill(values.told)),
        shared_noise: false,
        // no more moves than there may be: each stretch is done `resample` times, with a jump back in between
        steps: Math.min(steps, Math.max(1, Math.floor((MAX_MOVES - resample) / (resample + (resample - 1) / jump)))),
        inpaint: { resample, jump },
      },
      source: repeated(image, FILLS),
      mask,
      columns: SIDE_FILLS,
      rows: SIDE_FILLS,
    };
  }

  /** The time of each frame, from noise above to the digit below. */
  trace() {
    const { lane } = this.process;
    const { moves } = /** @type {Trajectory} */ (lane.trajectory);
    const times = [moves[0]?.from ?? 0, ...moves.map(({ to }) => to)];
    this.line.setAttribute(
      'd',
      times.map((time, frame) => `${frame ? 'L' : 'M'}${((lane.places[frame] ?? 1) * WIDTH).toFixed(1)} ${((1 - time) * HEIGHT).toFixed(1)}`).join(''),
    );
    const back = moves.filter(({ kind }) => kind === 'renoise').length;
    this.zigzag.setAttribute('aria-label', t('inpaint.zigzag.label', { moves: number(moves.length), back: number(back) }));
  }

  point() {
    for (const end of ['x1', 'x2']) this.head.setAttribute(end, (this.process.timeline.place * WIDTH).toFixed(1));
  }
}
