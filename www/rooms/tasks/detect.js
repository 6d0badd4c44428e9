/**
 * Detect anomalies: a digit is spoiled, or anything is drawn, and each family tells how rare that is among its own test
 * digits. Below, how well each tells one kind of foreign pictures from digits.
 */

import { number, rich, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { scrubber } from '../../parts/scrubber.js';
import { StillPicture } from '../../parts/still.js';
import { Given } from '../energy/given.js';
import { Asking } from '../likely/asking.js';
import { fetchReferences } from '../likely/references.js';
import { Judge } from './judge.js';
import { carryInto, roomLink, showIn } from './links.js';
import { Roc } from './roc.js';
import { SCORES } from './scores.js';
import { spoiled } from './spoil.js';
import { SPOILS } from './table.js';

/** @import { RoomView } from '../room.js' */
/** @import { Figures } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Values } from './table.js' */

/** The slider rests when it has not moved for so long, in ms; then the slow models are asked too. */
const REST = 400;

/** Of the file of scores; a score is higher for what is more like a digit. */
const COLUMNS = ['model', 'score', 'value', 'share_of_test_digits_rarer', 'test_digits', 'foreign', 'auc', 'auc_error'];

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
    this.roc = new Roc((foreign) => state.set({ foreign }, 'push'));
    this.link = roomLink();
    const save = button({ label: t('tasks.scores.csv'), icon: ICONS.save(), onclick: () => this.save() });
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
        panel('scores', t('tasks.scores'), [this.rows], [h('p', { class: 'readout' }, t('tasks.scores.legend')), h('div', { class: 'tools' }, save, this.link)]),
        this.roc.panel,
      ),
    ];
    this.counts = h('p', {});
    this.below = h('div', { class: 'prose' }, this.counts, ...[2, 3].map((i) => h('p', {}, rich(`tasks.detect.${i}`))));
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
    this.roc.offer(figures.kinds);
    this.counts.replaceChildren(rich('tasks.detect.1', { counts: this.digits() }));
  }

  /** How many test digits stand behind the lines, in words. */
  digits() {
    /** @type {Map<number, Set<string>>} */
    const groups = new Map();
    for (const { digits, quantiles, name } of this.judges) if (quantiles) groups.set(digits, (groups.get(digits) ?? new Set()).add(name));
    const [most, ...others] = [...groups].sort(([, a], [, b]) => b.size - a.size);
    if (!most) return t('tasks.detect.counts.none');
    const list = others.map(([digits, names]) => t('tasks.detect.counts.of', { digits: number(digits), models: [...names].join(', ') }));
    return [t('tasks.detect.counts', { digits: number(most[0]) }), ...list].join(', ');
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
    // that room takes a drawing, and as it was drawn
    if (values.source === 'drawn' && values.amount === 0) carryInto(this.link, 'likely', { ink: values.ink });
    else showIn(this.link, 'likely', {});
    this.roc.show(this.judges, kind);
  }

  /** What every score says of the picture, and how well it tells the kind of the curves from digits. */
  save() {
    const { spoil, amount } = this.room.state.values;
    const lines = this.judges.map((judge) => {
      const curve = judge.curve(this.kind);
      return [judge.asker.row.id, judge.score, judge.asker.value, judge.rank, judge.digits, this.kind, curve?.auc, curve?.auc_error];
    });
    const text = [COLUMNS, ...lines].map((line) => line.map((value) => value ?? '').join(',')).join('\n');
    download(new Blob([`${text}\n`], { type: 'text/csv' }), `scores-${spoil}-${Math.round(100 * amount)}.csv`);
  }
}
