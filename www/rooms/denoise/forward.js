/** Noise it: a digit is noised as far as one likes and denoised from there. What comes back tells what was still in it. */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { FramePicture } from '../../parts/frame-picture.js';
import { panel } from '../../parts/panel.js';
import { PIXELS } from '../../protocol.js';
import { ExportBar } from './export.js';
import { difference, told } from './process.js';
import { Schedule } from './schedule.js';
import { Sourced } from './sourced.js';

/** @import { ModelInfo } from '../../protocol.js' */
/** @import { DenoiseRoom, RoomView } from './index.js' */
/** @import { Plan } from './process.js' */

/** How alike two pictures are: the correlation of their pixels, -1 to 1. @param {Float32Array} a @param {Float32Array} b */
function likeness(a, b) {
  const mean = (/** @type {Float32Array} */ values) => values.reduce((sum, value) => sum + value, 0) / PIXELS;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, alone, other] = [0, 0, 0];
  for (let i = 0; i < PIXELS; i += 1) {
    both += (a[i] - meanA) * (b[i] - meanB);
    alone += (a[i] - meanA) ** 2;
    other += (b[i] - meanB) ** 2;
  }
  return both / Math.sqrt(Math.max(alone * other, Number.MIN_VALUE));
}

/** @implements {RoomView} */
export class ForwardView extends Sourced {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    super(room, {
      lane: 'forward',
      label: t('forward.denoised.label'),
      strength: t('forward.strength'),
      hooks: { plan: (info) => this.plan(info), started: () => this.started(), finished: () => this.measure() },
    });
    this.noised = new FramePicture(room.engine, { name: 'noised', label: t('forward.noised.label'), urgent: true });
    this.schedule = new Schedule((place) => {
      this.process.hold();
      room.state.set({ t: Math.round((1 - place) * 100) / 100 }, 'later');
    });
    for (const end of ['pointerup', 'pointercancel']) this.schedule.surface.addEventListener(end, () => this.process.drop());
    this.measures = { noised: h('dd', {}), denoised: h('dd', {}) };
    const measure = (/** @type {'noised' | 'denoised'} */ name) =>
      h('div', {}, h('dt', {}, t(`forward.measure.${name}`)), this.measures[name]);
    const noisedPanel = panel('noised', t('forward.noised'), [h('div', { class: 'frame-face' }, this.noised.element)], [this.strength.element, this.schedule.element, this.schedule.legend]);
    const denoisedPanel = panel(
      'denoised',
      t('forward.denoised'),
      [h('div', { class: 'frame-face' }, this.process.picture.element)],
      [this.told.element, h('dl', { class: 'facts', 'aria-live': 'polite' }, measure('noised'), measure('denoised'))],
    );
    this.exports = new ExportBar(room, 'noised', () => this.process.lane);
    this.way = panel('way', t('watch.way'), [this.process.timeline.element, this.exports.element]);
    this.panels = [this.source.panel, noisedPanel, denoisedPanel, this.way, room.controls.panel];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`forward.${i}`))));
  }

  /** @param {ModelInfo} info @returns {Plan | null} */
  plan(info) {
    const { image } = this.source;
    const { t: time, told: label } = this.room.state.values;
    this.told.show();
    if (!image) {
      this.noised.erase();
      this.showMeasures(null);
      return null;
    }
    return { instead: { ...told(this.room, info, [label]), start: { kind: 'source', t: time } }, source: image, columns: 1, rows: 1 };
  }

  started() {
    const { lane } = this.process;
    this.noised.show({ lane: lane.name, what: 'x_t', frame: 0 });
    this.schedule.trace('main', lane);
    // without noise there is nothing to do, and no first move
    const { from, alpha, sigma } = lane.moveAt(0) ?? { from: 0, alpha: 1, sigma: 0 };
    this.schedule.point(1 - from, alpha, sigma);
    this.showMeasures(null);
  }

  /** How much of the digit there was, and how much came back. */
  async measure() {
    const { image } = this.source;
    const { lane } = this.process;
    const frames = lane.trajectory?.frames ?? 1;
    const [noised, denoised] = await Promise.all([this.process.values(0), this.process.values(frames - 1)]);
    if (!image || !noised || !denoised || this.source.image !== image) return;
    this.showMeasures([noised, denoised].map((values) => ({ likeness: likeness(image, values), difference: difference(image, values) })));
  }

  /** @param {{likeness: number, difference: number}[] | null} measured */
  showMeasures(measured) {
    [this.measures.noised, this.measures.denoised].forEach((place, i) => {
      const one = measured?.[i];
      place.textContent = one
        ? t('forward.measure', { likeness: number(100 * Math.max(0, one.likeness)), difference: number(one.difference, 2) })
        : t('inspector.none');
    });
  }
}
