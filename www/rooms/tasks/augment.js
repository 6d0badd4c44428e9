/** Augment data: a classifier learns from what a model draws, and is tested on real digits; what it learned from is drawn live. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h, uniqueId } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS } from '../../protocol.js';
import { draw, draws, isTold } from '../compare/drawers.js';
import { percent } from './figures.js';
import { roomLink, showIn } from './links.js';
import { mostLikely, read } from './reader.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { RoomView } from '../room.js' */
/** @import { Augment } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Values } from './table.js' */

const DIGITS = 10;
/** Digits of each class that are shown. */
const EACH = 3;
/** Digits that are drawn by a model that cannot be told which. */
const DRAWN = 120;

/** A model with what a classifier learned from its digits: alone, and beside real ones. @typedef {{row: CatalogRow, alone: Augment | null, helped: Augment | null}} Teacher */

/** @implements {RoomView<null>} */
export class AugmentView {
  /** @param {TasksRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.abort = new AbortController();
    this.open = false;
    /** @type {Teacher[]} */
    this.teachers = [];
    /** Classifiers that learned from real digits alone, from few to many. @type {Augment[]} */
    this.real = [];
    /** The accuracy at the left end of all lines. */
    this.low = 0;
    this.group = uniqueId('teachers');
    this.lines = h('div', { class: 'teachers', role: 'radiogroup', 'aria-label': t('tasks.teachers') });
    this.baselines = h('p', { class: 'readout' });
    this.setting = h('p', { class: 'readout' });
    this.picture = new StillPicture(t('tasks.lesson'), { columns: DIGITS, rows: EACH, gap: 2 });
    this.status = h('p', { class: 'readout', role: 'status' });
    this.link = roomLink();
    const another = button({
      label: t('tasks.again'),
      icon: ICONS.dice(),
      onclick: () => state.set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 }, 'push'),
    });
    const save = button({ label: t('save.png'), icon: ICONS.save(), onclick: () => this.save() });
    const lesson = panel(
      'lesson',
      t('tasks.lesson'),
      [
        h('ol', { class: 'lesson-digits', 'aria-hidden': 'true' }, ...Array.from({ length: DIGITS }, (_, digit) => h('li', {}, String(digit)))),
        h('div', { class: 'frame-face task-face' }, this.picture.canvas),
      ],
      [this.status, h('div', { class: 'tools' }, another, save, this.link)],
    );
    this.panels = [panel('teachers', t('tasks.teachers'), [this.lines], [this.baselines, this.setting]), lesson];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`tasks.augment.${i}`))));
    room.engine.on('need-canvases', () => {
      if (this.open) this.draw();
    });
  }

  async enter() {
    this.open = true;
    const { augment } = await this.room.figures();
    if (!this.open) return;
    this.real = augment.filter(({ id, samples }) => id === 'real' && samples === 0).sort((a, b) => a.real - b.real);
    const most = (/** @type {Augment[]} */ rows) => [...rows].sort((a, b) => b.samples - a.samples)[0] ?? null;
    const able = this.room.catalog.filter(({ family }) => draws(family));
    this.teachers = able.map((row) => {
      const own = augment.filter(({ id }) => id === row.id);
      return { row, alone: most(own.filter(({ real }) => real === 0)), helped: most(own.filter(({ real }) => real > 0)) };
    });
    // families without any figure are named once
    const told = new Set(this.teachers.filter(({ alone, helped }) => alone || helped).map(({ row }) => row.family));
    this.teachers = this.teachers.filter(({ row, alone, helped }) => {
      if (alone || helped) return true;
      const first = !told.has(row.family);
      told.add(row.family);
      return first || row.id === this.room.state.values.teacher;
    });
    this.teachers.sort((a, b) => (b.alone?.accuracy ?? -1) - (a.alone?.accuracy ?? -1));
    const measured = augment.filter(({ id }) => id === 'real' || able.some((row) => row.id === id));
    // a little to the left of the least
    this.low = Math.max(0, Math.floor(20 * Math.min(1, ...measured.map(({ accuracy, spread }) => accuracy - spread)) - 0.2) / 20);
    this.showLines();
    await this.draw();
  }

  leave() {
    this.open = false;
    this.abort.abort();
  }

  /** @param {Values} _values @param {Set<keyof Values>} changed */
  async stateChanged(_values, changed) {
    if (!changed.has('teacher') && !changed.has('seed')) return;
    for (const input of this.lines.querySelectorAll('input')) input.checked = input.value === this.chosen?.row.id;
    await this.draw();
  }

  get chosen() {
    return this.teachers.find(({ row }) => row.id === this.room.state.values.teacher) ?? this.teachers[0] ?? null;
  }

  showLines() {
    this.lines.replaceChildren(...this.teachers.map((teacher) => this.line(teacher)));
    const [best] = this.real.slice(-1);
    this.baselines.textContent = this.real.length > 0
      ? t('tasks.augment.real', { list: this.real.map(({ real, accuracy, spread }) => t('tasks.augment.real.one', { real: number(real), share: percent(accuracy, spread) })).join(' · ') })
      : t('tasks.augment.none');
    this.setting.textContent = best ? t('tasks.augment.setting', { n: number(best.n), runs: best.runs, low: number(100 * this.low) }) : '';
  }

  /** Where an accuracy stands on a line, in percent of it. @param {number} accuracy */
  place(accuracy) {
    return (100 * Math.min(1, Math.max(0, accuracy - this.low))) / (1 - this.low || 1);
  }

  /** @param {Teacher} teacher */
  line({ row, alone, helped }) {
    const { state } = this.room;
    const mark = (/** @type {Augment | null} */ one, /** @type {string} */ look) => {
      if (!one) return [];
      const [from, to] = [this.place(one.accuracy - one.spread), this.place(one.accuracy + one.spread)];
      const error = h('span', { class: 'lesson-error' });
      error.style.left = `${from}%`;
      error.style.width = `${to - from}%`;
      const dot = h('span', { class: `lesson-dot ${look}` });
      dot.style.left = `${this.place(one.accuracy)}%`;
      return [error, dot];
    };
    const ticks = this.real.map(({ accuracy }) => {
      const tick = h('span', { class: 'lesson-real' });
      tick.style.left = `${this.place(accuracy)}%`;
      return tick;
    });
    const words = alone ? percent(alone.accuracy, alone.spread) : t('tasks.unmeasured');
    const more = helped ? t('tasks.augment.helped', { real: number(helped.real), samples: number(helped.samples), share: percent(helped.accuracy, helped.spread) }) : '';
    const input = h('input', {
      type: 'radio',
      name: this.group,
      value: row.id,
      checked: row.id === this.chosen?.row.id,
      onchange: () => state.set({ teacher: row.id }, 'push'),
    });
    return h(
      'label',
      { class: `task-card teacher family-${row.family}`, 'data-value': row.id },
      input,
      h('span', { class: 'task-card-name' }, this.room.name(row)),
      h('span', { class: 'lesson-line', 'aria-hidden': 'true' }, ...ticks, ...mark(helped, 'helped'), ...mark(alone, 'alone')),
      h('span', { class: 'task-card-figure' }, words),
      h('span', { class: 'task-card-reason' }, [alone ? this.worth(alone.accuracy) : '', more].filter(Boolean).join(' · ')),
    );
  }

  /** With how many real digits a classifier becomes as good: between two that were measured on a logarithmic scale. @param {number} accuracy */
  worth(accuracy) {
    const { real } = this;
    const above = real.findIndex((one) => one.accuracy >= accuracy);
    if (real.length < 2) return '';
    if (above === 0) return t('tasks.worth.less', { real: number(real[0].real) });
    if (above < 0) return t('tasks.worth.more', { real: number(real[real.length - 1].real) });
    const [low, high] = [real[above - 1], real[above]];
    const share = (accuracy - low.accuracy) / (high.accuracy - low.accuracy);
    const digits = Math.exp(Math.log(low.real) + share * Math.log(high.real / low.real));
    return t('tasks.worth', { real: number(Number(digits.toPrecision(2))) });
  }

  /** Digits of each class as the classifier was taught them. */
  async draw() {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    const { room, chosen, picture, status } = this;
    if (!chosen) {
      status.textContent = t('tasks.none');
      return;
    }
    const { row } = chosen;
    const name = room.name(row);
    showIn(this.link, 'compare', { view: 'figures', figure: 'recall', model: row.id });
    picture.show(null);
    picture.setLabel(t('tasks.lesson.label', { model: name }));
    status.textContent = t('tasks.drawing', { model: name });
    try {
      const info = await room.info(row);
      if (signal.aborted) return;
      const told = isTold(info);
      const count = told ? DIGITS * EACH : DRAWN;
      let pixels = new Float32Array(0);
      await draw({
        ...{ engine: room.engine, row, info, signal, count, seed: room.state.values.seed, name: 'tasks-lesson', live: true },
        digits: told ? Array.from({ length: count }, (_, i) => i % DIGITS) : undefined,
        show: (snapshot) => {
          if (signal.aborted) return;
          pixels = Float32Array.from(snapshot.pixels);
          if (told) picture.show(pixels);
        },
      });
      if (signal.aborted) return;
      status.textContent = told ? t('tasks.lesson.asked', { model: name }) : await this.sort(pixels, name, signal);
    } catch (error) {
      if (signal.aborted) return;
      status.textContent = '';
      room.shell.complain(error);
    }
  }

  /**
   * Puts digits where they are read, as their labels were read.
   * @param {Float32Array} pixels
   * @param {string} name
   * @param {AbortSignal} signal
   */
  async sort(pixels, name, signal) {
    const answers = (await read(this.room, pixels)).map(mostLikely);
    if (signal.aborted) return '';
    const sorted = new Float32Array(DIGITS * EACH * PIXELS);
    const found = new Array(DIGITS).fill(0);
    answers.forEach((digit, i) => {
      if (found[digit] < EACH) sorted.set(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), (found[digit] * DIGITS + digit) * PIXELS);
      found[digit] += 1;
    });
    this.picture.show(sorted);
    return t('tasks.lesson.read', { model: name, drawn: number(answers.length), counts: found.join(' ') });
  }

  async save() {
    try {
      download(await this.picture.png(), `lesson-${this.chosen?.row.id}-${this.room.state.values.seed}.png`);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }
}
