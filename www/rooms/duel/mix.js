/** Mix: coarse layers take the code of a row, fine layers that of a column. */

import { rich, t } from '../../i18n/translate.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { pngButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { fill } from '../../parts/scrubber.js';
import { freshSeed } from '../../parts/seed.js';
import { LAYERS } from './table.js';
import { NoiseSlider } from './noise.js';
import { Unable } from './unable.js';

/** @import { DuelRoom, RoomView } from './index.js' */
/** @import { DuelModel } from './model.js' */
/** @import { Values } from './table.js' */

/** Codes on each side of the grid. */
const SIDE = 5;

/** What each layer draws on, coarse first. */
const SIZES = ['7', '14', '14', '28', '28'];

/** @implements {RoomView} */
export class MixView {
  /** @param {DuelRoom} room */
  constructor(room) {
    const { engine, state } = room;
    this.room = room;
    /** @type {DuelModel | null} */
    this.model = null;
    /** @type {Float32Array[]} */
    this.coarse = [];
    /** @type {Float32Array[]} */
    this.fine = [];
    const picture = (/** @type {string} */ name, /** @type {number} */ columns, /** @type {number} */ rows) =>
      new Picture(engine, { name: `duel-${name}`, label: t(`duel.mix.${name}`), columns, rows, gap: 2 });
    this.top = picture('fine', SIDE, 1);
    this.left = picture('coarse', 1, SIDE);
    this.grid = picture('grid', SIDE, SIDE);
    this.sources = new Scene(engine, 'duel-sources');
    this.mixed = new Scene(engine, 'duel-mixed');

    this.split = h('input', {
      type: 'range',
      min: '0',
      max: String(LAYERS),
      step: '1',
      'aria-label': t('duel.mix.split'),
      oninput: () => state.set({ split: this.split.valueAsNumber }, 'later'),
    });
    this.layers = h('ol', { class: 'mix-layers', 'aria-hidden': 'true' });
    this.rowDigits = digitPicker({ label: t('duel.mix.rows'), words: digitWords, chosen: (digit) => state.set({ digit }, 'push') });
    this.columnDigits = digitPicker({
      label: t('duel.mix.columns'),
      words: digitWords,
      chosen: (finedigit) => state.set({ finedigit }, 'push'),
    });
    const seeded = (/** @type {'seed' | 'fine'} */ key) =>
      button({
        label: t('duel.another'),
        icon: ICONS.dice(),
        onclick: () => state.set({ [key]: freshSeed() }, 'push'),
      });
    this.noise = new NoiseSlider(room);
    const save = pngButton(room, this.grid, () => 'inkling-style-mixing');
    const source = (/** @type {string} */ key, /** @type {HTMLElement} */ digits, /** @type {HTMLElement} */ dice) =>
      h('fieldset', { class: 'mix-source' }, h('legend', {}, t(`duel.mix.${key}`)), digits, dice);
    this.unable = new Unable(room, { title: t('duel.mix.title'), words: t('duel.mix.none'), models: ['style-gan'] });
    this.board = [
      panel('mix', t('duel.mix.title'), [
        h('div', { class: 'mix-board' }, this.top.element, this.left.element, this.grid.element),
      ]),
      panel('mix-controls', t('duel.mix.controls'), [
        h('label', { class: 'mix-split' }, h('span', {}, t('duel.mix.split')), this.split),
        this.layers,
        source('rows', this.rowDigits.element, seeded('seed')),
        source('columns', this.columnDigits.element, seeded('fine')),
        this.noise.element,
        h('div', { class: 'tools' }, save),
      ]),
    ];
    this.below = h('div', { class: 'prose' }, h('p', {}, rich('duel.mix.1')), h('p', {}, rich('duel.mix.2')));
  }

  /** @param {DuelModel | null} model */
  panels(model) {
    return model && !model.isStyle ? this.unable.panels() : this.board;
  }

  /** @param {DuelModel} model */
  async enter(model) {
    this.model = model;
    this.show();
    await this.begin();
  }

  leave() {
    this.sources.release();
    this.mixed.release();
    this.coarse = this.fine = [];
    this.model = null;
  }

  /** @param {Values} _values @param {Set<keyof Values>} changed */
  async stateChanged(_values, changed) {
    this.show();
    if (changed.has('split') || changed.has('noise')) this.draw();
    if (['seed', 'fine', 'digit', 'finedigit'].some((key) => changed.has(/** @type {keyof Values} */ (key)))) {
      await this.begin();
    }
  }

  show() {
    const { split, digit, finedigit, noise } = this.room.state.values;
    this.split.value = String(split);
    fill(this.split);
    this.rowDigits.set(digit);
    this.columnDigits.set(finedigit);
    this.noise.show(noise);
    this.split.setAttribute('aria-valuetext', t('duel.mix.layers', { coarse: split, fine: LAYERS - split }));
    const layer = (/** @type {string} */ size, /** @type {number} */ index) =>
      h('li', { class: index < split ? 'of-row' : 'of-column' }, t('duel.mix.size', { size }));
    this.layers.replaceChildren(...SIZES.map(layer));
  }

  async begin() {
    const { model } = this;
    if (!model?.isStyle) return;
    const { seed, fine, digit, finedigit } = this.room.state.values;
    const [a, b] = await Promise.all([
      model.codes(seed, Array(SIDE).fill(digit), 1),
      model.codes(fine, Array(SIDE).fill(finedigit), 1),
    ]);
    const now = this.room.state.values;
    if (this.model !== model || now.seed !== seed || now.fine !== fine || now.digit !== digit || now.finedigit !== finedigit) return;
    const parts = (/** @type {Float32Array} */ codes) =>
      Array.from({ length: SIDE }, (_, i) => codes.subarray(i * model.width, (i + 1) * model.width));
    [this.coarse, this.fine] = [parts(a), parts(b)];
    this.draw();
  }

  draw() {
    const { model } = this;
    if (!model?.isStyle || this.coarse.length === 0) return;
    const { split, noise, seed } = this.room.state.values;
    const options = { noise, seed };
    const codes = [...this.fine, ...this.coarse];
    this.sources.show({
      model: model.id,
      ...model.order(codes, [], options),
      views: [
        { picture: this.top, output: 'pixels' },
        { picture: this.left, output: 'pixels', first: SIDE },
      ],
    });
    const cells = Array.from({ length: SIDE * SIDE }, (_, i) => i);
    const rows = cells.map((i) => this.coarse[Math.floor(i / SIDE)]);
    const columns = cells.map((i) => this.fine[i % SIDE]);
    this.mixed.show({
      model: model.id,
      ...model.order(rows, [], { ...options, fine: columns, split }),
      views: [{ picture: this.grid, output: 'pixels' }],
      urgent: true,
      input: performance.timeOrigin + performance.now(),
    });
  }
}
