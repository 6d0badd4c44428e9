/** Drawing to digit (SDEdit, Meng et al. 2022): a drawing is noised until its strokes blur, and denoised into digits. */

import { rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { ExportBar } from './export.js';
import { Process, repeated, told } from './process.js';
import { SourceDigit } from './source.js';
import { strength, toldRow } from './strength.js';
import { SETTING_KEYS } from './table.js';

/** @import { ModelInfo } from '../../protocol.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Plan } from './process.js' */
/** @import { SteerTool } from './steer.js' */
/** @import { Values } from './table.js' */

/** What a change of makes another trajectory. */
const CAUSES = /** @type {(keyof Values)[]} */ ([...SETTING_KEYS, 'seed', 't', 'told']);

const SIDE_ANSWERS = 3;
const ANSWERS = SIDE_ANSWERS * SIDE_ANSWERS;

/** @implements {SteerTool} */
export class SketchTool {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    this.source = SourceDigit.of(room);
    this.process = new Process(room, 'sketch', t('sketch.answers.label'), { plan: (info) => this.plan(info) });
    this.told = toldRow(room);
    this.strength = strength(room, this.process, t('sketch.strength'));
    const answers = panel(
      'answers',
      t('sketch.answers'),
      [h('div', { class: 'frame-face' }, this.process.picture.element)],
      [this.strength.element, this.told.element],
    );
    this.exports = new ExportBar(room, 'sketched', () => this.process.lane);
    const way = panel('way', t('watch.way'), [this.process.timeline.element, this.exports.element]);
    this.panels = [this.source.panel, answers, room.controls.panel, way];
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`sketch.${i}`))));
  }

  enter() {
    const { values } = this.room.state;
    this.process.enter(values);
    this.show(values);
    this.source.enter(() => this.process.restart());
    this.process.restart();
  }

  leave() {
    this.source.leave();
    this.process.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress) this.process.follow(values, changed);
    this.show(values);
    this.source.refresh();
    if (CAUSES.some((key) => changed.has(key))) this.process.restart();
  }

  /** @param {Values} values */
  show(values) {
    this.strength.set(values.t);
    this.told.show();
  }

  /** @param {ModelInfo} info @returns {Plan | null} */
  plan(info) {
    const { image } = this.source;
    this.told.show();
    if (!image) return null;
    const { t: time, told: label } = this.room.state.values;
    return {
      instead: { ...told(this.room, info, new Array(ANSWERS).fill(label)), shared_noise: false, start: { kind: 'source', t: time } },
      source: repeated(image, ANSWERS),
      columns: SIDE_ANSWERS,
      rows: SIDE_ANSWERS,
    };
  }
}
