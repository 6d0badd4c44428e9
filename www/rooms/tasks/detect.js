/**
 * Detect anomalies: a digit is spoiled, or anything is drawn, and each family tells how rare that is among its own test
 * digits. Below, how well each tells one kind of foreign pictures from digits.
 */

import { has, number, rich, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { LinePlot } from '../../parts/line-plot.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { StillPicture } from '../../parts/still.js';
import { Given } from '../energy/given.js';
import { Asking } from '../likely/asking.js';
import { fetchReferences } from '../likely/references.js';
import { ModelRow } from '../likely/row.js';
import { rank } from '../likely/scale.js';
import { carryInto, roomLink, showIn } from './links.js';
import { SCORES } from './scores.js';
import { spoiled } from './spoil.js';
import { SPOILS } from './table.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { References } from '../likely/references.js' */
/** @import { RoomView } from '../room.js' */
/** @import { Anomaly, Figures } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Score } from './scores.js' */
/** @import { Values } from './table.js' */

/** What is rarer than so many of the test digits would be called an anomaly. */
const ALARM = 0.05;

/** The slider rests when it has not moved for so long, in ms; then the slow models are asked too. */
const REST = 400;

/** One score of one model. */
class Judge {
  /**
   * @param {TasksRoom} room
   * @param {CatalogRow} row
   * @param {Score} score
   * @param {Anomaly | null} measured
   * @param {References} references
   */
  constructor(room, row, { way, score }, measured, references) {
    this.measured = measured;
    this.name = room.name(row);
    const known = references.models[row.id];
    // both are asked in the same way, but for what tasks.json has of its own
    const fallback = known?.sha256 === row.sha256 && ['exact', 'elbo', 'energy', 'discriminator', 'bound'].includes(score) ? known.quantiles : null;
    this.digits = measured ? measured.n : references.digits;
    this.quantiles = measured?.quantiles ?? fallback;
    this.asker = new ModelRow({ room, ask: () => {} }, row, way, null);
    this.dot = h('span', { class: 'rank-dot', hidden: true });
    this.words = h('span', { class: 'task-score-words' }, t('tasks.waiting'));
    this.auc = h('span', { class: 'task-score-auc' });
    this.element = h(
      'li',
      { class: `task-score family-${row.family}`, 'data-model': row.id, 'data-score': score },
      h('span', { class: 'task-score-name' }, h('b', {}, this.name), h('span', {}, t(`tasks.score.${score}`))),
      h('span', { class: 'rank-line-flat', 'aria-hidden': 'true' }, this.dot),
      this.words,
      this.auc,
    );
  }

  /** Share of its test digits that are rarer than the picture. @returns {number | null} */
  get rank() {
    const { value } = this.asker;
    return value === null || !this.quantiles ? null : rank(value, this.quantiles);
  }

  show() {
    const { asker, words, dot, digits } = this;
    const share = this.rank;
    dot.hidden = share === null;
    this.element.classList.toggle('alarmed', share !== null && share < ALARM);
    if (!asker.ready) return;
    if (asker.value === null) {
      words.textContent = t('inspector.none');
    } else if (share === null) {
      words.textContent = t('tasks.unranked', { value: asker.words(asker.value) });
    } else {
      dot.style.left = `${100 * share}%`;
      const likely = share >= 0.5;
      const key = share <= 0.5 / digits ? 'none' : share >= 1 - 0.5 / digits ? 'all' : likely ? 'likely' : 'rare';
      const percent = 100 * (likely ? share : 1 - share);
      words.textContent = t(`tasks.rank.${key}`, { share: number(percent, percent > 99 ? 1 : 0), digits: number(digits) });
    }
  }

  /** @param {string} kind */
  curve(kind) {
    return this.measured?.kinds.find((curve) => curve.kind === kind) ?? null;
  }
}

/** @implements {RoomView<null>} */
export class DetectView {
  /** @param {TasksRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    /** @type {Judge[]} */
    this.judges = [];
    /** @type {Figures | null} */
    this.figures = null;
    this.asking = new Asking(() => this.show());
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
    this.given = new Given(room);
    this.picture = new StillPicture(t('tasks.spoiled.label'));
    this.spoil = choice({
      label: t('tasks.spoil.label'),
      look: 'choice pills',
      options: SPOILS.map((value) => ({ value, label: t(`tasks.spoil.${value}`) })),
      chosen: (spoil) => state.set({ spoil, foreign: '', amount: state.values.amount || 0.5 }, 'push'),
    });
    this.amount = scrubber({
      label: t('tasks.amount'),
      min: 0,
      max: 1,
      step: 0.01,
      input: (amount) => state.set({ amount }, 'later'),
      words: (amount) => t('unit.percent', { value: number(100 * amount) }),
    });
    this.rows = h('ul', { class: 'task-scores' });
    this.kinds = h('div', {});
    /** @type {LinePlot<{judge: Judge, rejected: number, caught: number}>} */
    this.plot = new LinePlot({
      label: t('tasks.roc'),
      x: { label: t('tasks.roc.x'), low: 0, high: 1, words: (value) => t('unit.percent', { value: number(100 * value) }) },
      y: { label: t('tasks.roc.y'), low: 0, high: 1, words: (value) => t('unit.percent', { value: number(100 * value) }) },
      pointed: (data) => this.point(data),
    });
    this.reading = h('p', { class: 'readout', role: 'status' });
    this.link = roomLink();
    const looked = panel(
      'spoiled',
      t('tasks.spoiled'),
      [h('div', { class: 'frame-face task-face' }, this.picture.canvas)],
      [h('div', { class: 'control' }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, t('tasks.amount')), this.amount.element), this.spoil.element],
    );
    this.panels = [
      h('div', { class: 'task-side' }, this.given.panel, looked),
      h(
        'div',
        { class: 'task-main' },
        panel('scores', t('tasks.scores'), [this.rows], [h('p', { class: 'readout' }, t('tasks.scores.legend')), this.link]),
        panel('roc', t('tasks.roc'), [this.kinds, this.plot.element], [this.reading]),
      ),
    ];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`tasks.detect.${i}`))));
    room.engine.on('need-canvases', () => this.asking.again());
  }

  async enter() {
    const { asking } = this;
    asking.open = true;
    if (this.judges.length === 0) await this.prepare();
    if (!asking.open) return;
    this.given.enter((finished) => this.look(finished));
    this.showControls();
    for (const { asker } of this.judges) {
      if (!asking.open) return;
      await asker.load();
      this.show();
      asking.answer();
    }
  }

  async prepare() {
    const { room } = this;
    const [figures, references] = await Promise.all([room.figures(), fetchReferences()]);
    this.figures = figures;
    this.judges = SCORES.flatMap((score) => {
      const row = room.modelOf(score.family, score.model);
      if (!row) return [];
      const measured = figures.anomaly.find((one) => one.id === row.id && one.score === score.score) ?? null;
      return [new Judge(room, row, score, measured, references)];
    });
    this.rows.replaceChildren(...this.judges.map(({ element }) => element));
    this.asking.rows = this.judges.map(({ asker }) => asker);
    const name = (/** @type {string} */ kind) => (has(`tasks.kind.${kind}`) ? t(`tasks.kind.${kind}`) : kind);
    this.foreign = choice({
      label: t('tasks.foreign'),
      look: 'choice pills',
      options: figures.kinds.map((value) => ({ value, label: name(value) })),
      chosen: (foreign) => room.state.set({ foreign }, 'push'),
    });
    this.kinds.replaceChildren(this.foreign.element);
  }

  leave() {
    clearTimeout(this.resting);
    this.asking.open = false;
    this.given.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    if (changed.has('ink') || changed.has('source') || changed.has('example')) this.given.refresh();
    else if (changed.has('amount') || changed.has('spoil')) this.move();
    this.showControls();
  }

  /** Those who answer at once follow the slider. */
  move() {
    this.look(false);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.look(true), REST);
  }

  /** The picture as it is spoiled now. @param {boolean} finished */
  look(finished) {
    const { spoil, amount } = this.room.state.values;
    const { image } = this.given;
    const picture = image && spoiled(spoil, amount, image);
    this.picture.show(picture);
    this.asking.look(picture, finished);
  }

  show() {
    for (const judge of this.judges) judge.show();
  }

  /** The kind of foreign pictures that the curves are of. */
  get kind() {
    const { foreign, spoil } = this.room.state.values;
    return this.figures?.kinds.includes(foreign) ? foreign : spoil;
  }

  showControls() {
    const { values } = this.room.state;
    const { kind } = this;
    this.spoil.set(values.spoil);
    this.amount.set(values.amount);
    this.foreign?.set(kind);
    // that room takes a drawing, and as it was drawn
    if (values.source === 'drawn' && values.amount === 0) carryInto(this.link, 'likely', { ink: values.ink });
    else showIn(this.link, 'likely', {});
    const curves = this.judges.flatMap((judge) => {
      const curve = judge.curve(kind);
      return curve ? [{ judge, curve }] : [];
    });
    for (const judge of this.judges) {
      const curve = judge.curve(kind);
      judge.auc.textContent = curve ? t('tasks.auc', { value: number(curve.auc, 3), error: number(curve.auc_error, 3) }) : t('tasks.auc.none');
      judge.auc.classList.toggle('fooled', curve !== null && curve.auc < 0.5);
    }
    this.plot.element.hidden = curves.length === 0;
    this.plot.show({
      series: curves.map(({ judge, curve: { roc } }) => ({
        look: `family-${judge.asker.row.family} roc-${judge.asker.way.kind}`,
        points: roc.map((caught, k) => {
          const rejected = k / (roc.length - 1);
          return { x: rejected, y: caught, label: this.told({ judge, rejected, caught }), data: { judge, rejected, caught } };
        }),
      })),
    });
    this.point(null);
  }

  /** @param {{judge: Judge, rejected: number, caught: number}} point */
  told({ judge, rejected, caught }) {
    return t('tasks.roc.point', { model: judge.name, rejected: number(100 * rejected, 1), caught: number(100 * caught, 1) });
  }

  /** @param {{judge: Judge, rejected: number, caught: number} | null} data */
  point(data) {
    const none = this.plot.element.hidden ? t('tasks.roc.none') : t('tasks.roc.hint');
    this.reading.textContent = data ? this.told(data) : none;
    for (const judge of this.judges) judge.element.classList.toggle('lit', judge === data?.judge);
  }
}
