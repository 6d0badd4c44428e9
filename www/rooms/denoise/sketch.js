/** Drawing to digit (SDEdit, Meng et al. 2022): a drawing is noised until its strokes blur, and denoised into digits. */

import { rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { ExportBar } from './export.js';
import { repeated, told } from './process.js';
import { Sourced } from './sourced.js';

/** @import { ModelInfo } from '../../protocol.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Plan } from './process.js' */
/** @import { SteerTool } from './steer.js' */

const SIDE_ANSWERS = 3;
const ANSWERS = SIDE_ANSWERS * SIDE_ANSWERS;

/** @implements {SteerTool} */
export class SketchTool extends Sourced {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    super(room, {
      lane: 'sketch',
      label: t('sketch.answers.label'),
      strength: t('sketch.strength'),
      hooks: { plan: (info) => this.plan(info) },
    });
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
