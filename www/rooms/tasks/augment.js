/** Augment data: a classifier learns from what a model draws, and is tested on real digits; what it learned from is drawn live. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS } from '../../protocol.js';
import { draw, draws, isTold } from '../compare/drawers.js';
import { percent } from './figures.js';
import { Lessons, differ, helpOf, teachersOf } from './lessons.js';
import { roomLink, showIn } from './links.js';
import { mostLikely, read } from './reader.js';

/** @import { RoomView } from '../room.js' */
/** @import { Augment } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Teacher } from './lessons.js' */
/** @import { Values } from './table.js' */

const DIGITS = 10;
/** Digits of each class that are shown. */
const EACH = 3;
/** Digits that are drawn by a model that cannot be told which. */
const DRAWN = 120;

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
    this.lessons = new Lessons(room, (teacher) => state.set({ teacher }, 'push'));
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
    this.panels = [panel('teachers', t('tasks.teachers'), [this.lessons.element], [this.baselines, this.setting]), lesson];
    this.helped = h('p', { hidden: true });
    this.fewer = h('span', { hidden: true }, t('tasks.augment.2.fewer'));
    const paragraph = (/** @type {number} */ i) => h('p', {}, rich(`tasks.augment.${i}`));
    this.below = h('div', { class: 'prose' }, paragraph(1), h('p', {}, rich('tasks.augment.2'), ' ', this.fewer), this.helped, paragraph(4));
    room.engine.on('need-canvases', () => {
      if (this.open) this.draw();
    });
  }

  async enter() {
    this.open = true;
    const { augment } = await this.room.figures();
    if (!this.open) return;
    this.real = augment.filter(({ id, samples }) => id === 'real' && samples === 0).sort((a, b) => a.real - b.real);
    const able = this.room.catalog.filter(({ family }) => draws(family));
    this.teachers = teachersOf(able, augment, this.room.state.values.teacher);
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
    this.lessons.mark(this.chosen?.row.id ?? '');
    await this.draw();
  }

  get chosen() {
    return this.teachers.find(({ row }) => row.id === this.room.state.values.teacher) ?? this.teachers[0] ?? null;
  }

  showLines() {
    const { lessons, teachers, real } = this;
    lessons.show(teachers, real, this.chosen?.row.id ?? '');
    const [best] = real.slice(-1);
    this.baselines.textContent = best
      ? t('tasks.augment.real', { list: real.map((one) => t('tasks.augment.real.one', { real: number(one.real), share: percent(one.accuracy, one.spread) })).join(' · ') })
      : t('tasks.augment.none');
    this.fewer.hidden = !differ(teachers);
    this.setting.textContent = best ? t('tasks.augment.setting', { n: number(best.n), runs: best.runs }) : '';
    const help = helpOf(teachers, real);
    this.helped.hidden = !help;
    if (!help) return;
    const { alone, better, worse, all } = help;
    this.helped.replaceChildren(
      rich('tasks.augment.3', {
        ...{ real: number(alone.real), share: percent(alone.accuracy, alone.spread) },
        ...{ better, worse, all, alike: all - better - worse },
      }),
    );
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
    const { row, alone } = chosen;
    const name = room.name(row);
    showIn(this.link, 'compare', { view: 'figures', figure: 'recall', model: row.id });
    picture.show(null);
    picture.setLabel(t('tasks.lesson.label', { model: name }));
    status.textContent = t('tasks.drawing', { model: name });
    try {
      const info = await room.info(row);
      if (signal.aborted) return;
      // labelled as the classifier's lesson was
      const told = alone ? alone.labels === 'asked' : isTold(info);
      const count = told ? DIGITS * EACH : DRAWN;
      let pixels = new Float32Array(0);
      await draw({
        ...{ engine: room.engine, row, info, signal, count, seed: room.state.values.seed, name: 'tasks-lesson' },
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
