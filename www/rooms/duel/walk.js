/** Walk: one code, and the directions in which the digit changes most. */

import { number, rich, t } from '../../i18n/translate.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { pngButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { fill } from '../../parts/scrubber.js';
import { freshSeed } from '../../parts/seed.js';
import { NoiseSlider } from './noise.js';
import { REACH } from './table.js';

/** @import { DuelRoom, RoomView } from './index.js' */
/** @import { DuelModel } from './model.js' */
/** @import { Values } from './table.js' */

/** Between two pictures of ends, in image pixels; the stylesheet spaces the rows alike. */
const GAP = 4;

/** @implements {RoomView} */
export class WalkView {
  /** @param {DuelRoom} room */
  constructor(room) {
    const { engine } = room;
    this.room = room;
    /** @type {DuelModel | null} */
    this.model = null;
    /** The code that seed, digit and truncation give. @type {Float32Array} */
    this.base = new Float32Array(0);
    /** @type {HTMLInputElement[]} */
    this.ranges = [];

    this.picture = new Picture(engine, { name: 'duel-digit', label: t('duel.walk.digit'), urgent: true });
    this.low = new Picture(engine, { name: 'duel-low', label: '', gap: GAP });
    this.high = new Picture(engine, { name: 'duel-high', label: '', gap: GAP });
    this.digit = new Scene(engine, 'duel-walk');
    this.ends = new Scene(engine, 'duel-ends');

    this.digits = digitPicker({ label: t('duel.digit'), words: digitWords, chosen: (digit) => room.state.set({ digit }, 'push') });
    this.truncation = h('input', {
      type: 'range',
      min: '0',
      max: '1.5',
      step: '0.05',
      'aria-label': t('duel.truncation'),
      oninput: () => room.state.set({ truncation: this.truncation.valueAsNumber }, 'later'),
    });
    this.truncationValue = h('output', {});
    this.noise = new NoiseSlider(room);
    const another = button({ label: t('duel.another'), icon: ICONS.dice(), onclick: () => this.another() });
    const reset = button({ label: t('duel.reset'), icon: ICONS.reset(), onclick: () => room.state.set({ along: null }, 'push') });
    const save = pngButton(room, this.picture, () => `inkling-${room.fileName}`);
    this.rows = h('div', { class: 'slider-group' });
    this.panels = [
      panel(
        'duel-digit',
        t('duel.walk.title'),
        [this.picture.element],
        [
          this.digits.element,
          h('label', { class: 'brush' }, h('span', {}, t('duel.truncation')), this.truncation, this.truncationValue),
          this.noise.element,
          h('div', { class: 'tools' }, another, save),
        ],
      ),
      panel('sliders', t('duel.walk.directions'), [h('div', { class: 'latent-sliders' }, this.rows)], [h('div', { class: 'tools' }, reset)]),
    ];
    this.below = h('div', { class: 'prose' }, h('p', {}, rich('duel.walk.1')), h('p', {}, rich('duel.walk.2')));
  }

  /** @param {DuelModel} model */
  async enter(model) {
    this.model = model;
    this.layOut(model);
    this.show();
    await this.begin();
  }

  leave() {
    this.digit.release();
    this.ends.release();
    this.model = null;
  }

  /** One slider for each direction. @param {DuelModel} model */
  layOut(model) {
    this.ranges = [];
    const rows = model.directions.map(({ share }, index) => {
      const name = t('duel.direction', { index: index + 1 });
      const range = h('input', {
        type: 'range',
        min: String(-REACH),
        max: String(REACH),
        step: '0.1',
        'aria-label': name,
        oninput: () => this.moved(),
      });
      this.ranges.push(range);
      return h(
        'div',
        { class: 'slider-row' },
        h('span', { class: 'unit-name' }, name),
        h('span', {}),
        h('span', { class: 'slider-activity' }, t('duel.share', { share: number(100 * share, 0) })),
        h('output', {}),
        range,
      );
    });
    for (const { element } of [this.low, this.high]) element.style.gridRow = `1 / span ${Math.max(1, rows.length)}`;
    this.rows.replaceChildren(this.low.element, ...rows, this.high.element);
  }

  /** @param {Values} _values @param {Set<keyof Values>} changed */
  async stateChanged(_values, changed) {
    this.show();
    if (changed.has('seed') || changed.has('digit') || changed.has('truncation')) await this.begin();
    else if (changed.has('along') || changed.has('noise')) this.draw();
  }

  /** The controls as the state says. */
  show() {
    const { digit, truncation, noise, along } = this.room.state.values;
    const { model } = this;
    if (!model) return;
    this.digits.set(digit, model.conditional);
    this.truncation.value = String(truncation);
    this.truncationValue.textContent = number(truncation, 2);
    fill(this.truncation);
    this.noise.element.hidden = !model.isStyle;
    this.noise.show(noise);
    this.ranges.forEach((range, index) => {
      range.value = String(along?.[index] ?? 0);
      const output = range.parentElement?.querySelector('output');
      if (output) output.textContent = number(range.valueAsNumber, 1);
      fill(range);
    });
  }

  another() {
    this.room.state.set({ seed: freshSeed() }, 'push');
  }

  moved() {
    this.room.state.set({ along: this.ranges.map((range) => range.valueAsNumber) }, 'later');
  }

  async begin() {
    const { model } = this;
    if (!model) return;
    const { seed, digit, truncation } = this.room.state.values;
    const code = await model.codes(seed, [digit], truncation);
    const now = this.room.state.values;
    // the person went on meanwhile
    if (this.model !== model || now.seed !== seed || now.digit !== digit || now.truncation !== truncation) return;
    this.base = code;
    this.draw();
  }

  draw() {
    const { model } = this;
    if (!model || this.base.length !== model.width) return;
    const { digit, noise, seed } = this.room.state.values;
    const along = this.ranges.map((range) => range.valueAsNumber);
    const input = performance.timeOrigin + performance.now();
    const options = { noise, seed };
    const code = model.moved(this.base, along);
    this.digit.show({
      model: model.id,
      ...model.order([code], [digit], options),
      views: [{ picture: this.picture, output: 'pixels' }],
      urgent: true,
      input,
    });
    const count = along.length;
    if (count === 0) return;
    const at = (/** @type {number} */ index, /** @type {number} */ end) =>
      model.moved(this.base, along.map((value, i) => (i === index ? end : value)));
    const codes = [-REACH, REACH].flatMap((end) => along.map((_, index) => at(index, end)));
    this.ends.show({
      model: model.id,
      ...model.order(codes, codes.map(() => digit), options),
      views: [this.low, this.high].map((picture, side) => ({ picture, output: 'pixels', columns: 1, rows: count, first: side * count })),
    });
  }
}
