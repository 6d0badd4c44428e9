/** Judge: what the discriminator says of generated digits and of a drawing, and where it looks. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h, setPressed } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { pngButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { freshSeed } from '../../parts/seed.js';
import { signs } from '../../parts/signs.js';
import { PIXELS } from '../../protocol.js';
import { ScoreScale } from './score-scale.js';
import { JUDGES, SHOWN } from './table.js';
import { Unable } from './unable.js';

/** @import { DuelRoom, RoomView } from './index.js' */
/** @import { DuelModel } from './model.js' */
/** @import { Inputs } from '../../protocol.js' */
/** @import { Values } from './table.js' */

const COLUMNS = 5;
/** Generated digits that a score is compared with: these and more. */
const COMPARED = 200;

/** @implements {RoomView} */
export class JudgeView {
  /** @param {DuelRoom} room */
  constructor(room) {
    const { engine } = room;
    this.room = room;
    /** @type {DuelModel | null} */
    this.model = null;
    /** Generated digits, those in sight first. @type {Float32Array[]} */
    this.images = [];
    /** Their scores as digits that they were made for, ascending. @type {number[]} */
    this.ranking = [];
    /** @type {number[]} */
    this.scores = [];
    /** @type {Float32Array | null} */
    this.drawing = null;

    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.grid = new Picture(engine, { name: 'duel-crowd', label: t('duel.judge.crowd'), columns: COLUMNS, rows: SHOWN / COLUMNS, gap: 2 });
    this.map = new Picture(engine, { name: 'duel-where', label: t('duel.judge.map'), urgent: true });
    this.crowd = new Scene(engine, 'duel-crowd', {
      values: (values) => void this.gathered(values).catch((error) => room.shell.complain(error)),
    });
    this.where = new Scene(engine, 'duel-where', { values: (values) => this.judged(values) });
    this.cells = Array.from({ length: SHOWN }, (_, index) =>
      h('button', { type: 'button', class: 'judge-cell', onclick: () => room.state.set({ chosen: index }, 'push') }, h('span', {})),
    );
    this.own = button({ label: t('duel.judge.own'), pressed: true, onclick: () => room.state.set({ chosen: null }, 'push') });
    const another = button({
      label: t('duel.another'),
      icon: ICONS.dice(),
      onclick: () => room.state.set({ seed: freshSeed() }, 'push'),
    });
    const legend = signs(t('duel.judge.below'), t('duel.judge.above'));
    const save = pngButton(room, this.map, () => 'inkling-where-it-looks');
    this.verdict = h('p', { class: 'verdict', 'aria-live': 'polite' });
    this.scale = new ScoreScale();
    this.unable = new Unable(room, { title: t('duel.judge.where'), words: t('duel.judge.none'), models: JUDGES });
    this.board = [
      panel('drawing', t('draw.title'), [this.paper.surface], [this.paper.tools, h('div', { class: 'tools' }, this.own)]),
      panel('judge-map', t('duel.judge.where'), [this.map.element], [legend, h('p', { class: 'readout' }, t('duel.judge.gradient')), this.verdict, this.scale.element, h('div', { class: 'tools save' }, save)]),
      panel(
        'judge-crowd',
        t('duel.judge.generated'),
        [h('div', { class: 'judge-board' }, this.grid.element, h('div', { class: 'judge-cells' }, ...this.cells))],
        [h('div', { class: 'tools' }, another)],
      ),
    ];
    this.below = h('div', { class: 'prose' }, ...['1', '2', '3'].map((part) => h('p', {}, rich(`duel.judge.${part}`))));
  }

  /** @param {DuelModel | null} model */
  panels(model) {
    return model && !model.judges ? this.unable.panels() : this.board;
  }

  /** @param {DuelModel} model */
  async enter(model) {
    this.drawing = this.paper.setInk(this.room.state.values.ink);
    if (!model.judges) return;
    this.model = model;
    await this.gather();
  }

  leave() {
    this.crowd.release();
    this.where.release();
    this.images = [];
    this.ranking = [];
    this.model = null;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  async stateChanged(values, changed) {
    if (changed.has('ink')) this.drawing = this.paper.setInk(values.ink);
    if (changed.has('seed')) await this.gather();
    else if (changed.has('chosen') || changed.has('ink')) await this.look();
  }

  /** Generated digits, some of them in sight. */
  async gather() {
    const { model } = this;
    if (!model) return;
    const { seed } = this.room.state.values;
    const digits = Array.from({ length: COMPARED }, (_, index) => index % 10);
    const codes = await model.codes(seed, digits, 1);
    if (this.model !== model || this.room.state.values.seed !== seed) return;
    const each = digits.map((_, i) => codes.subarray(i * model.width, (i + 1) * model.width));
    this.crowd.show({
      model: model.id,
      ...model.order(each, digits, { seed }),
      views: [{ picture: this.grid, output: 'pixels' }],
      read: ['pixels'],
    });
  }

  /** Their scores. @param {Inputs} values */
  async gathered({ pixels }) {
    const { model } = this;
    if (!model || !pixels) return;
    const images = Array.from({ length: COMPARED }, (_, i) => pixels.subarray(i * PIXELS, (i + 1) * PIXELS));
    const scores = await model.scores(images);
    if (this.model !== model) return;
    this.images = images;
    this.scores = scores.map((own, index) => own[own.length > 1 ? index % 10 : 0]);
    this.ranking = Array.from(this.scores).sort((a, b) => a - b);
    this.cells.forEach((cell, index) => {
      const score = t('duel.judge.percent', { share: number(this.above(this.scores[index])) });
      cell.setAttribute('aria-label', t('duel.judge.cell', { index: index + 1, score }));
      cell.title = score;
    });
    await this.look();
  }

  /** Of a hundred generated digits, those with a lower score. @param {number} score */
  above(score) {
    const lower = this.ranking.filter((other) => other < score).length;
    const share = (100 * lower) / Math.max(1, this.ranking.length);
    // none and all are said of none and all only
    return share > 0 && share < 100 ? Math.min(99, Math.max(1, Math.round(share))) : share;
  }

  /** The verdict on what is chosen. */
  async look() {
    const { model } = this;
    const { chosen } = this.room.state.values;
    setPressed(this.own, chosen === null);
    this.cells.forEach((cell, index) => setPressed(cell, index === chosen));
    const x = chosen === null ? this.drawing : this.images[chosen];
    if (!model || !x) {
      this.where.release();
      this.scale.clear();
      this.verdict.textContent = t('duel.judge.draw');
      return;
    }
    const [scores] = await model.scores([x]);
    const now = this.room.state.values.chosen === null ? this.drawing : this.images[this.room.state.values.chosen];
    if (this.model !== model || now !== x) return;
    // a drawing is judged as the digit that it passes for best; a generated one as what it was made for
    const best = scores.indexOf(Math.max(...scores));
    const as = chosen === null ? best : chosen % 10;
    this.as = scores.length > 1 ? as : null;
    if (this.ranking.length > 0) this.scale.show(scores, this.ranking, this.as);
    this.where.show({
      model: model.id,
      job: 'where',
      batch: 1,
      inputs: { x, ...model.label([as]) },
      views: [{ picture: this.map, output: 'map', tone: 'diverging' }],
      read: ['score'],
      urgent: true,
      input: performance.timeOrigin + performance.now(),
    });
  }

  /** @param {Inputs} values */
  judged({ score }) {
    if (!score || this.ranking.length === 0) return;
    const above = this.above(score[0]);
    const key = above === 0 ? '.none' : above === 100 ? '.all' : '';
    const share = h('em', {}, t(`duel.judge.share${key}`, { share: number(above), count: COMPARED }));
    const words = { score: number(score[0], 2), share };
    this.verdict.replaceChildren(
      this.as === null || this.as === undefined
        ? rich('duel.judge.verdict', words)
        : rich('duel.judge.verdict.as', { ...words, digit: this.as }),
    );
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.drawing = image;
    const { chosen } = this.room.state.values;
    if (finished) this.room.state.set({ ink, chosen: null }, 'push');
    if (chosen === null || finished) this.look().catch((error) => this.room.shell.complain(error));
  }
}
