/** Generate: say which digit, how many and what matters most; the family that is best at it draws. */

import { number, rich, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { draw, draws, isTold } from '../compare/drawers.js';
import { COLUMNS, duration, sorted } from '../compare/figures.js';
import { Cards } from './cards.js';
import { tells } from './figures.js';
import { roomLink, showHome } from './links.js';
import { pickedDigits } from './reader.js';
import { ANY, COUNTS, WANTS } from './table.js';

/** @import { Snapshot } from '../compare/drawers.js' */
/** @import { Column, Measured } from '../compare/figures.js' */
/** @import { RoomView } from '../room.js' */
/** @import { Augment } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Values, Want } from './table.js' */

/** The figure that tells which model is best at what matters. @type {Record<Want, string>} */
const FIGURE = { looks: 'fid', variety: 'recall', speed: 'sample_ms', size: 'bytes' };

/** A model is offered where its digits lie at most so many times as far from real digits as other real digits do. */
const FAR = 30;

/** Digits that are drawn where the one asked for has to be picked out, for each that is wanted. */
const PER_DIGIT = 12;
const MOST_DRAWN = 144;

/** What makes the digits others. */
const CAUSES = /** @type {(keyof Values)[]} */ (['digit', 'count', 'want', 'model', 'seed']);

/** @implements {RoomView<null>} */
export class GenerateView {
  /** @param {TasksRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.abort = new AbortController();
    /** What is drawn or on its way. */
    this.asked = '';
    this.digits = digitPicker({
      label: t('tasks.digit'),
      words: digitWords,
      none: { value: ANY, label: t('tasks.any'), words: t('tasks.any.words') },
      chosen: (digit) => state.set({ digit }, 'push'),
    });
    this.count = choice({
      label: t('tasks.count'),
      look: 'choice pills',
      options: COUNTS.map((value) => ({ value, label: value })),
      chosen: (count) => state.set({ count }, 'push'),
    });
    this.want = choice({
      label: t('tasks.want'),
      look: 'choice pills',
      options: WANTS.map((value) => ({ value, label: t(`tasks.want.${value}`) })),
      chosen: (want) => state.set({ want, model: '' }, 'push'),
    });
    this.cards = new Cards(t('tasks.families'), (model) => state.set({ model }, 'push'));
    this.picture = new StillPicture(t('tasks.digits'), { gap: 2 });
    this.status = h('p', { class: 'readout', role: 'status' });
    this.link = roomLink();
    const another = button({
      label: t('tasks.again'),
      icon: ICONS.dice(),
      onclick: () => state.set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 }, 'push'),
    });
    const save = button({ label: t('save.png'), icon: ICONS.save(), onclick: () => this.save() });
    const row = (/** @type {string} */ name, /** @type {HTMLElement} */ element) =>
      h('div', { class: 'task-row' }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, t(name)), element);
    const order = panel('order', t('tasks.order'), [
      row('tasks.digit', this.digits.element),
      row('tasks.count', this.count.element),
      row('tasks.want', this.want.element),
    ]);
    const made = panel(
      'made',
      t('tasks.digits'),
      [h('div', { class: 'frame-face task-face' }, this.picture.canvas)],
      [this.status, h('div', { class: 'tools' }, another, save, this.link)],
    );
    const families = panel('families', t('tasks.families'), [this.cards.element]);
    this.panels = [h('div', { class: 'task-side' }, order, families), made];
    this.ranked = h('p', {});
    this.below = h('div', { class: 'prose' }, this.ranked, ...[2, 3].map((i) => h('p', {}, rich(`tasks.generate.${i}`))));
    // what was on its way went with the session, and another one takes another time
    room.engine.on('need-canvases', () => {
      if (!this.asked) return;
      this.asked = '';
      this.show().catch(room.shell.complain);
    });
  }

  async enter() {
    this.asked = '';
    await this.show();
  }

  leave() {
    this.abort.abort();
    this.asked = '';
  }

  /** @param {Values} _values @param {Set<keyof Values>} changed */
  async stateChanged(_values, changed) {
    if (CAUSES.some((key) => changed.has(key))) await this.show();
  }

  /**
   * The best model of each family for what matters, the best family first; families none of whose models draws what
   * looks like digits come last.
   * @param {Want} want
   * @returns {Promise<{best: Measured[], column: Column}>}
   */
  async ranking(want) {
    const column = columnOf(FIGURE[want]);
    const able = sorted((await this.room.measures()).filter(({ row }) => draws(row.family)), column, false);
    /** @type {Map<string, Measured>} */
    const best = new Map();
    for (const one of [...able.filter((one) => !isFar(one)), ...able]) if (!best.has(one.row.family)) best.set(one.row.family, one);
    const chosen = able.find(({ id }) => id === this.room.state.values.model);
    // a link may name another model of the family
    if (chosen) best.set(chosen.row.family, chosen);
    const all = sorted([...best.values()], column, false);
    return { best: [...all.filter((one) => !isFar(one)), ...all.filter(isFar)], column };
  }

  async show() {
    const { room } = this;
    const { values } = room.state;
    this.digits.set(values.digit);
    this.count.set(values.count);
    this.want.set(values.want);
    const [{ best, column }, { augment }] = await Promise.all([this.ranking(values.want), room.figures()]);
    if (room.view !== this) return;
    await this.explain();
    const known = best.find(({ id }) => id === values.model);
    if (values.model && !known) room.shell.say(t('model.unknown', { name: values.model }));
    const chosen = known ?? best[0];
    const cards = best.map((one) => {
      const figures = column.key === 'fid' ? [column] : [column, columnOf('fid')];
      return {
        value: one.id,
        family: one.row.family,
        name: room.name(one.row),
        reason: reason(one, augment),
        figure: figures.map((figure) => figureOf(one, figure)).join('\n'),
      };
    });
    this.cards.show(cards, chosen?.id ?? '');
    if (!chosen) {
      this.status.textContent = t('tasks.none');
      return;
    }
    const { family } = chosen.row;
    const digit = values.digit === ANY ? undefined : values.digit;
    showHome(this.link, family, { model: chosen.id, seed: values.seed, digit, view: family === 'energy' || family === 'rbm' ? 'chains' : undefined });
    await this.draw(chosen, values);
  }

  /** What the table says of looks and speed. */
  async explain() {
    const [looks, speed] = await Promise.all([this.ranking('looks'), this.ranking('speed')]);
    const [first, quickest] = [looks.best[0], speed.best[0]];
    if (!first) return;
    const place = 1 + speed.best.findIndex(({ row }) => row.family === first.row.family);
    this.ranked.replaceChildren(
      rich('tasks.generate.1', {
        ...{ looks: this.room.name(first.row), speed: this.room.name(quickest.row) },
        ...{ place, of: speed.best.length, far: FAR },
      }),
    );
  }

  /** @param {Measured} chosen @param {Values} values */
  async draw({ row }, { digit, count, seed }) {
    const asked = [row.id, digit, count, seed].join();
    if (asked === this.asked) return;
    this.asked = asked;
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    const { room, picture, status } = this;
    const wanted = Number(count);
    const side = Math.sqrt(wanted);
    const name = room.name(row);
    picture.arrange(side, side);
    picture.setLabel(t('tasks.digits.label', { count: wanted, model: name }));
    picture.show(null);
    status.textContent = t('tasks.drawing', { model: name });
    try {
      const info = await room.info(row);
      if (signal.aborted) return;
      const picks = digit !== ANY && !isTold(info);
      const drawn = picks ? Math.min(MOST_DRAWN, PER_DIGIT * wanted) : wanted;
      /** @type {Snapshot} */
      let last = { pixels: new Float32Array(0), ms: 0, share: 0 };
      await draw({
        ...{ engine: room.engine, row, info, seed, signal, name: 'tasks' },
        count: drawn,
        digits: digit === ANY || picks ? undefined : new Array(drawn).fill(digit),
        show: (snapshot) => {
          if (signal.aborted) return;
          last = snapshot;
          picture.show(snapshot.pixels);
        },
      });
      if (signal.aborted) return;
      if (picks) await this.pick(last, { digit, wanted, drawn, signal });
      else status.textContent = t('tasks.took', { count: wanted, time: duration(last.ms), each: duration(last.ms / wanted) });
    } catch (error) {
      if (signal.aborted) return;
      this.asked = '';
      room.shell.complain(error);
    }
  }

  /**
   * Leaves those that are read as the digit that was asked for.
   * @param {Snapshot} snapshot
   * @param {{digit: number, wanted: number, drawn: number, signal: AbortSignal}} order
   */
  async pick({ pixels, ms }, { digit, wanted, drawn, signal }) {
    this.status.textContent = t('tasks.picking', { drawn: number(drawn), digit });
    const found = await pickedDigits(this.room, pixels, digit);
    if (signal.aborted) return;
    this.picture.show(found.pixels);
    const words = found.count < wanted ? 'tasks.picked.few' : 'tasks.picked';
    this.status.textContent = t(words, { drawn: number(drawn), found: number(found.count), wanted, digit, time: duration(ms) });
  }

  async save() {
    const { digit, seed } = this.room.state.values;
    try {
      download(await this.picture.png(), `digits-${digit === ANY ? t('tasks.any') : digit}-${seed}.png`);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }
}

/** @param {string} key */
const columnOf = (key) => COLUMNS.find((column) => column.key === key) ?? COLUMNS[0];

/** A figure with its name and its unit. @param {Measured} one @param {Column} column */
function figureOf(one, column) {
  const value = column.value(one);
  const words = value === null ? t('tasks.unmeasured') : column.words(value, one);
  return t('tasks.generate.figure', { name: t(`compare.figure.${column.key}`), value: words });
}

/** @param {Measured} one */
function isFar({ samples }) {
  return samples !== null && samples.fid > FAR * samples.fid_floor;
}

/** What the model does, whether it can be told the digit, and what was measured. @param {Measured} one @param {Augment[]} augment */
function reason(one, augment) {
  const { row, samples } = one;
  const told = tells(row, augment);
  return [
    t(`tasks.generate.${row.family}`),
    told === null ? '' : t(told ? 'tasks.generate.told' : 'tasks.generate.untold'),
    isFar(one) ? t('tasks.generate.far', { far: FAR }) : '',
    samples ? t('tasks.generate.setting', { n: number(samples.n), setting: samples.setting }) : '',
  ]
    .filter(Boolean)
    .join(' · ');
}
