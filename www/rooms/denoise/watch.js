/** Watch: a digit comes out of noise, seen at any step; two settings side by side where that is asked for. */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { SideFigures } from './compare.js';
import { ExportBar } from './export.js';
import { Formula } from './formula.js';
import { Schedule } from './schedule.js';
import { MAX_GUIDANCE, SETTING_KEYS, settingsOf } from './table.js';
import { Timeline } from './timeline.js';

/** @import { DenoiseRoom, RoomView } from './index.js' */
/** @import { Lit } from './formula.js' */
/** @import { Side, Values } from './table.js' */

/** @type {Side[]} */
const SIDES = ['main', 'other'];

/** What a change of makes another trajectory. */
const CAUSES = /** @type {(keyof Values)[]} */ ([
  ...SETTING_KEYS,
  ...SETTING_KEYS.map((key) => `${key}2`),
  'seed',
  'grid',
  'compare',
]);

/** Decimals of a place in the link. */
const PLACE = 1000;

/** @implements {RoomView} */
export class WatchView {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.open = false;
    /** Settings have changed since the lanes were started last. */
    this.stale = false;
    this.starting = false;
    /** The term of a formula that is pointed at. @type {{side: Side, term: Lit} | null} */
    this.lit = null;

    this.timeline = new Timeline({
      stops: () => this.stops(),
      limit: () => this.limit(),
      words: () => this.words(),
      moved: () => this.show(),
      rested: (place) => state.set({ at: Math.round(place * PLACE) / PLACE }, 'later'),
      paced: (speed) => state.set({ speed }, 'replace'),
    });
    this.schedule = new Schedule((place) => this.timeline.scrub(place));
    const side = (/** @type {Side} */ name) => {
      const lane = room.lane(name, () => this.show());
      const figures = new SideFigures(room, name, lane);
      const formula = new Formula((term) => this.light(name, term));
      return { lane, figures, formula };
    };
    this.sides = { main: side('main'), other: side('other') };
    this.figures = panel('figures', t('watch.figures'), [
      h('div', { class: 'sides' }, ...SIDES.map((name) => this.sides[name].figures.element)),
    ]);
    this.timeline.tools.append(this.schedule.legend);
    this.exports = new ExportBar(room, 'denoising', () => this.sides.main.lane);
    this.way = panel('way', t('watch.way'), [this.timeline.element, this.schedule.element, this.exports.element]);
    this.formulas = panel('formula', t('watch.formula'), SIDES.map((name) => this.sides[name].formula.element));
    this.panels = [this.figures, room.controls.panel, this.way, this.formulas];

    this.inline = {
      at: scrubber({ label: t('timeline.label'), min: 0, max: 1, step: 0.001, input: (place) => this.timeline.scrub(place) }),
      guidance: scrubber({
        label: t('denoise.guidance'),
        min: 0,
        max: MAX_GUIDANCE,
        step: 0.1,
        decimals: 1,
        input: (guidance) => state.set({ guidance }, 'later'),
      }),
      eta: scrubber({
        label: t('denoise.eta'),
        min: 0,
        max: 1,
        input: (eta) => state.set({ eta, sampler: 'ddim' }, 'later'),
      }),
    };
    this.below = h(
      'div',
      { class: 'prose' },
      h('p', {}, rich('watch.1', { at: this.inline.at.element })),
      h('p', {}, rich('watch.2')),
      h('p', {}, rich('watch.3', { guidance: this.inline.guidance.element })),
      h('p', {}, rich('watch.4', { eta: this.inline.eta.element })),
    );
  }

  /** The sides that are in sight. */
  get active() {
    return this.room.state.values.compare ? SIDES : SIDES.slice(0, 1);
  }

  enter() {
    this.open = true;
    const { values } = this.room.state;
    this.timeline.set(values.at, values.speed);
    this.showSettings(values);
    this.restart();
    // a link into the middle shows what its sender saw, standing still
    if (values.at === 1) this.timeline.perform();
  }

  leave() {
    this.open = false;
    this.timeline.play(false);
    this.room.stage.classList.remove('comparing');
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress && (changed.has('at') || changed.has('speed'))) {
      this.timeline.play(false);
      this.timeline.set(values.at, values.speed);
    }
    // the playhead is here already where it was moved here
    if (!fromAddress && changed.size === 1 && changed.has('at')) return;
    this.showSettings(values);
    if (CAUSES.some((key) => changed.has(key))) this.restart();
    else this.show();
  }

  /** @param {Values} values */
  showSettings(values) {
    this.room.stage.classList.toggle('comparing', values.compare);
    for (const name of SIDES) {
      const { figures, formula } = this.sides[name];
      figures.element.hidden = formula.element.hidden = !this.active.includes(name);
      figures.describe(values);
      formula.name.hidden = !values.compare;
      formula.name.textContent = t(`denoise.side.${name}`);
    }
    this.inline.guidance.set(values.guidance);
    this.inline.eta.set(values.eta);
  }

  /** Starts the lanes with the newest settings. Changes that come while one is being started wait for it. */
  async restart() {
    this.stale = true;
    if (this.starting) return;
    this.starting = true;
    while (this.stale && this.open) {
      this.stale = false;
      if (!this.room.state.values.compare) this.sides.other.lane.release();
      await Promise.all(this.active.map((name) => this.start(name)));
    }
    this.starting = false;
  }

  /** @param {Side} name */
  async start(name) {
    const { lane, figures } = this.sides[name];
    if (!(await this.room.run(lane, name))) return;
    figures.forget();
    this.schedule.trace(name, lane);
    if (name === 'main' && !this.room.state.values.compare) this.schedule.trace('other', null);
    this.show();
  }

  /** Where frames stand, of all sides together. */
  stops() {
    const places = this.active.flatMap((name) => this.sides[name].lane.places);
    return [...new Set(places.map((place) => Number(place.toFixed(6))))].sort((a, b) => a - b);
  }

  /** How far every side is computed. */
  limit() {
    const lanes = this.active.map((name) => this.sides[name].lane);
    return Math.min(...lanes.map((lane) => (lane.done ? 1 : (lane.places[lane.ready] ?? 0))));
  }

  /** @param {Side} name */
  frame(name) {
    const { lane } = this.sides[name];
    return Math.min(lane.frameAt(this.timeline.place), lane.ready);
  }

  words() {
    const { lane } = this.sides.main;
    const frame = this.frame('main');
    const total = Math.max(0, (lane.trajectory?.frames ?? 1) - 1);
    return t('watch.words', { step: number(frame), total: number(total), time: number(lane.timeAt(frame), 2) });
  }

  readout() {
    const { lane } = this.sides.main;
    if (!lane.trajectory) return '';
    const total = lane.trajectory.frames - 1;
    const frame = this.frame('main');
    const parts = [t('watch.words', { step: number(frame), total: number(total), time: number(lane.timeAt(frame), 2) })];
    if (!lane.done) parts.push(t('watch.computing', { ready: number(lane.ready) }));
    if (lane.stepMs !== null) parts.push(t('watch.pace', { ms: number(lane.stepMs, lane.stepMs < 10 ? 1 : 0) }));
    return parts.join(' \u00b7 ');
  }

  /** Shows where the playhead stands. */
  show() {
    if (!this.open) return;
    const { values } = this.room.state;
    for (const name of this.active) {
      const { lane, figures, formula } = this.sides[name];
      if (!lane.trajectory || lane.waiting) continue;
      const frame = this.frame(name);
      figures.show(frame, this.lit?.side === name ? this.instead(name, frame) : {});
      formula.show(lane.moveAt(frame), settingsOf(values, name).sampler);
      this.schedule.tick(name, lane);
    }
    this.timeline.show(this.readout());
    this.inline.at.set(this.timeline.place);
    this.point();
  }

  /** The playhead on the chart. */
  point() {
    const { lane } = this.sides.main;
    const frame = this.frame('main');
    const move = lane.moveAt(frame);
    if (!move || !lane.trajectory) return;
    const last = frame >= lane.trajectory.frames - 1;
    this.schedule.point(this.timeline.place, last ? move.alpha_to : move.alpha, last ? move.sigma_to : move.sigma);
  }

  /**
   * Some terms stand for a picture of another frame: it is shown while one points at them.
   * @param {Side} name
   * @param {number} frame
   */
  instead(name, frame) {
    const { lane } = this.sides[name];
    const last = (lane.trajectory?.frames ?? 1) - 1;
    if (this.lit?.term === 'next') return { x_t: Math.min(frame + 1, last) };
    if (this.lit?.term === 'x_0_previous') return { x_0: Math.max(0, Math.min(frame, last - 1) - 1) };
    return {};
  }

  /** @param {Side} side @param {Lit | null} term */
  light(side, term) {
    this.lit = term ? { side, term } : null;
    const pictures = /** @type {const} */ ({
      x_t: 'x_t',
      next: 'x_t',
      x_0: 'x_0',
      x_0_previous: 'x_0',
      x_0_second: 'x_0',
      eps: 'eps',
      eps_second: 'eps',
      noise: null,
    });
    for (const name of SIDES) this.sides[name].figures.light(name === side && term ? pictures[term] : null);
    this.schedule.light(term === 'x_0' || term === 'eps' ? 'alpha_bar' : null);
    this.show();
  }
}

