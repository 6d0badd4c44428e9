/**
 * What classifiers learned from drawn digits: a line for each model, on an axis of errors that keeps good models apart.
 * Models that drew as many digits stand together; those of different numbers are not ranked.
 */

import { number, t } from '../../i18n/translate.js';
import { h, uniqueId } from '../../parts/dom.js';
import { percent } from './figures.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Augment } from './figures.js' */
/** @import { TasksRoom } from './index.js' */

/** A model with what a classifier learned from its digits: alone, and beside real ones. @typedef {{row: CatalogRow, alone: Augment | null, helped: Augment | null}} Teacher */

/** Accuracies with a stroke across the axis, as far as it reaches. */
const TICKS = [0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99];
/** The left end of the axis: what is less right stands at the edge. */
const LEAST = 0.7;
/** Paper between the best and the right end, as a share of its error. */
const MARGIN = 0.9;

/** The row with the most drawn digits. @param {Augment[]} rows */
const most = (rows) => [...rows].sort((a, b) => b.samples - a.samples)[0] ?? null;

/**
 * Models that draw, with their figures: those with most digits first, and among as many the best. Families without any
 * figure are named once.
 * @param {CatalogRow[]} able
 * @param {Augment[]} augment
 * @param {string} chosen  id of a model that stays whatever was measured
 * @returns {Teacher[]}
 */
export function teachersOf(able, augment, chosen) {
  const teachers = able.map((row) => {
    const own = augment.filter(({ id }) => id === row.id);
    return { row, alone: most(own.filter(({ real }) => real === 0)), helped: most(own.filter(({ real }) => real > 0)) };
  });
  const told = new Set(teachers.filter(({ alone, helped }) => alone || helped).map(({ row }) => row.family));
  const kept = teachers.filter(({ row, alone, helped }) => {
    if (alone || helped) return true;
    const first = !told.has(row.family);
    told.add(row.family);
    return first || row.id === chosen;
  });
  const accuracy = (/** @type {Teacher} */ { alone }) => alone?.accuracy ?? -1;
  return kept.sort((a, b) => drawn(b) - drawn(a) || accuracy(b) - accuracy(a));
}

/** Digits that a model drew for the lesson. @param {Teacher} teacher */
const drawn = ({ alone, helped }) => alone?.samples ?? helped?.samples ?? 0;

/** Whether some models drew fewer digits than others, and so stand apart. @param {Teacher[]} teachers */
export function differ(teachers) {
  return new Set(teachers.map(drawn).filter((samples) => samples > 0)).size > 1;
}

/**
 * How many models whose digits were added to real ones made the classifier better or worse than the real ones alone, by
 * more than the spread of the runs of both.
 * @param {Teacher[]} teachers
 * @param {Augment[]} real
 */
export function helpOf(teachers, real) {
  const count = { better: 0, worse: 0, all: 0 };
  let alone = null;
  for (const { helped } of teachers) {
    const base = helped && real.find((one) => one.real === helped.real);
    if (!helped || !base) continue;
    alone = base;
    count.all += 1;
    const [more, spread] = [helped.accuracy - base.accuracy, Math.hypot(helped.spread, base.spread)];
    if (more > spread) count.better += 1;
    if (more < -spread) count.worse += 1;
  }
  return alone && { ...count, alone };
}

/**
 * As many real digits as teach no worse, and as many as teach no better, as far as the spread of the runs lets one say.
 * @param {Augment} alone
 * @param {Augment[]} real  from few to many
 */
function worth(alone, real) {
  const clearly = (/** @type {Augment} */ one, /** @type {number} */ sign) => sign * (one.accuracy - alone.accuracy) > one.spread + alone.spread;
  const low = real.filter((one) => clearly(one, -1)).pop();
  const high = real.find((one) => clearly(one, 1));
  if (low && high) return t('tasks.worth', { low: number(low.real), high: number(high.real) });
  if (low) return t('tasks.worth.more', { real: number(low.real) });
  return high ? t('tasks.worth.less', { real: number(high.real) }) : '';
}

export class Lessons {
  /** @param {TasksRoom} room @param {(teacher: string) => void} chosen */
  constructor(room, chosen) {
    this.room = room;
    this.chosen = chosen;
    this.group = uniqueId('teachers');
    /** @type {Augment[]} */
    this.real = [];
    /** Errors at both ends of the axis. */
    this.ends = [1 - LEAST, 0.01];
    this.element = h('div', { class: 'teachers', role: 'radiogroup', 'aria-label': t('tasks.teachers') });
  }

  /** @param {Teacher[]} teachers @param {Augment[]} real  of real digits alone, from few to many @param {string} chosen */
  show(teachers, real, chosen) {
    this.real = real;
    const measured = [...real, ...teachers.flatMap(({ alone, helped }) => [alone, helped].flatMap((one) => one ?? []))];
    this.ends = [1 - LEAST, MARGIN * Math.min(1 - LEAST, ...measured.map(({ accuracy, spread }) => 1 - accuracy - spread))];
    /** @type {HTMLElement[]} */
    const lines = [];
    let group = -1;
    for (const teacher of teachers) {
      if (drawn(teacher) !== group) lines.push(this.heading((group = drawn(teacher))));
      lines.push(this.line(teacher));
    }
    this.element.replaceChildren(...lines);
    this.mark(chosen);
  }

  /** @param {string} chosen */
  mark(chosen) {
    for (const input of this.element.querySelectorAll('input')) input.checked = input.value === chosen;
  }

  /** Where an accuracy stands on a line, in percent of it. @param {number} accuracy */
  place(accuracy) {
    const [left, right] = this.ends.map(Math.log);
    const share = (left - Math.log(Math.max(1 - accuracy, 1e-6))) / (left - right || 1);
    return 100 * Math.min(1, Math.max(0, share));
  }

  /** @param {number} samples */
  heading(samples) {
    const ticks = TICKS.filter((tick) => 1 - tick >= this.ends[1]).map((tick) => {
      const label = h('span', {}, number(100 * tick));
      label.style.left = `${this.place(tick)}%`;
      return label;
    });
    return h(
      'p',
      { class: 'teacher-heading' },
      h('b', {}, samples > 0 ? t('tasks.augment.drawn', { samples: number(samples) }) : t('tasks.augment.undrawn')),
      samples > 0 ? h('span', { class: 'lesson-scale', 'aria-hidden': 'true' }, ...ticks) : null,
    );
  }

  /** @param {Augment | null} one @param {string} look */
  dot(one, look) {
    if (!one) return [];
    const beyond = one.accuracy < LEAST;
    const dot = h('span', { class: `lesson-dot ${look}${beyond ? ' beyond' : ''}` });
    dot.style.left = `${this.place(one.accuracy)}%`;
    if (beyond) return [dot];
    const [from, to] = [this.place(one.accuracy - one.spread), this.place(one.accuracy + one.spread)];
    const error = h('span', { class: 'lesson-error' });
    error.style.left = `${from}%`;
    error.style.width = `${to - from}%`;
    return [error, dot];
  }

  /** @param {Teacher} teacher */
  line({ row, alone, helped }) {
    const ticks = this.real.map(({ accuracy }) => {
      const tick = h('span', { class: 'lesson-real' });
      tick.style.left = `${this.place(accuracy)}%`;
      return tick;
    });
    const told = [
      alone ? t(`tasks.labels.${alone.labels}`) : '',
      alone ? worth(alone, this.real) : '',
      helped ? t('tasks.augment.helped', { real: number(helped.real), share: percent(helped.accuracy, helped.spread) }) : '',
    ];
    return h(
      'label',
      { class: `task-card teacher family-${row.family}`, 'data-value': row.id },
      h('input', { type: 'radio', name: this.group, value: row.id, onchange: () => this.chosen(row.id) }),
      h('span', { class: 'task-card-name' }, this.room.name(row)),
      h('span', { class: 'lesson-line', 'aria-hidden': 'true' }, ...ticks, ...this.dot(helped, 'helped'), ...this.dot(alone, 'alone')),
      h('span', { class: 'task-card-figure' }, alone ? percent(alone.accuracy, alone.spread) : t('tasks.unmeasured')),
      h('span', { class: 'task-card-reason' }, told.filter(Boolean).join(' · ')),
    );
  }
}
