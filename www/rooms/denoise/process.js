/**
 * One trajectory that a view shows: its lane, the picture of one frame, the slider through them. What is to be computed
 * the view says, and says anew whenever something has changed; changes that come while a lane is being started wait.
 */

import { number, t } from '../../i18n/translate.js';
import { h, prefersStillness } from '../../parts/dom.js';
import { FramePicture } from '../../parts/frame-picture.js';
import { NO_CLASS, settingsOf } from './table.js';
import { Timeline } from './timeline.js';

/** @import { ModelInfo, Spec } from '../../protocol.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Values } from './table.js' */

/**
 * What a lane is to compute.
 * @typedef {object} Plan
 * @property {Partial<Spec>} instead  parts of the spec that are not as the controls say
 * @property {Float32Array} [source]
 * @property {Float32Array} [mask]
 * @property {number} columns
 * @property {number} rows
 */

/**
 * @typedef {object} ProcessHooks
 * @property {(info: ModelInfo) => Plan | null} plan  null: there is nothing to compute now
 * @property {() => void} [started]  the lane holds another trajectory
 * @property {() => void} [shown]  the frame in sight may be another
 * @property {() => void} [finished]  everything is computed
 */

/** Decimals of a place in the link. */
const PLACE = 1000;

/**
 * Who is told what: classes of the digits, as far as the network can be told.
 * @param {DenoiseRoom} room
 * @param {ModelInfo} info
 * @param {number[]} wanted
 * @returns {Pick<Spec, 'classes' | 'guidance_scale'>}
 */
export function told(room, info, wanted) {
  const classes = info.config.conditional === false ? wanted.map(() => NO_CLASS) : wanted;
  const { guidance } = settingsOf(room.state.values, 'main');
  return { classes, guidance_scale: classes.every((label) => label === NO_CLASS) ? 0 : guidance };
}

/** @param {Float32Array} image @param {number} times @returns {Float32Array} */
export function repeated(image, times) {
  const all = new Float32Array(times * image.length);
  for (let i = 0; i < times; i += 1) all.set(image, i * image.length);
  return all;
}

/**
 * The root mean square of the differences, as a share of the way from paper to ink.
 * @param {Float32Array} a  in [-1, 1]
 * @param {Float32Array} b
 */
export function difference(a, b) {
  const sum = a.reduce((total, value, i) => total + (value - b[i]) ** 2, 0);
  return Math.sqrt(sum / a.length) / 2;
}

export class Process {
  /**
   * @param {DenoiseRoom} room
   * @param {string} name  of its lane and of its picture
   * @param {string} label  of the picture
   * @param {ProcessHooks} hooks
   */
  constructor(room, name, label, hooks) {
    this.room = room;
    this.hooks = hooks;
    this.open = false;
    this.stale = false;
    this.starting = false;
    /** The frame in sight; -1: none of this trajectory. */
    this.shown = -1;
    this.finished = false;
    this.grid = { columns: 1, rows: 1 };
    this.picture = new FramePicture(room.engine, { name, label, gap: 2, urgent: true });
    this.lane = room.lane(name, () => this.show());
    this.timeline = new Timeline({
      stops: () => this.lane.places,
      limit: () => (this.lane.done ? 1 : (this.lane.places[this.lane.ready] ?? 0)),
      words: () => this.words(),
      moved: () => this.show(),
      rested: (place) => room.state.set({ at: Math.round(place * PLACE) / PLACE }, 'later'),
      paced: (speed) => room.state.set({ speed }, 'replace'),
    });
  }

  /** The picture with what it is. @param {string} caption */
  figure(caption) {
    return h(
      'figure',
      { class: 'frame' },
      h('div', { class: 'frame-face' }, this.picture.element),
      h('figcaption', {}, caption),
    );
  }

  /** @param {Values} values */
  enter(values) {
    this.open = true;
    this.timeline.set(values.at, values.speed);
    if (values.at === 1) this.timeline.perform();
  }

  leave() {
    this.open = false;
    this.lane.held = false;
    this.timeline.play(false);
    this.lane.release();
  }

  /** What the address says of the timeline. @param {Values} values @param {Set<keyof Values>} changed */
  follow(values, changed) {
    if (!changed.has('at') && !changed.has('speed')) return;
    this.timeline.play(false);
    this.timeline.set(values.at, values.speed);
    this.show();
  }

  /** Starts the lane with what the view wants now. */
  async restart() {
    this.stale = true;
    if (this.starting) return;
    this.starting = true;
    try {
      while (this.stale && this.open) {
        this.stale = false;
        await this.start();
      }
    } catch (error) {
      this.room.shell.complain(error);
    } finally {
      this.starting = false;
    }
  }

  async start() {
    const { room, lane } = this;
    const info = await room.info(settingsOf(room.state.values, 'main').model);
    const plan = info && this.open ? this.hooks.plan(info) : null;
    if (!plan) {
      lane.release();
      this.forget();
      this.timeline.show('');
      return;
    }
    const { instead, source, mask, columns, rows } = plan;
    // what the lane reports from now on is of the new trajectory
    this.grid = { columns, rows };
    this.shown = -1;
    this.finished = false;
    if (!(await room.run(lane, 'main', instead, { source, mask })) || !this.open) return;
    this.hooks.started?.();
    this.show();
  }

  /** The digits stand otherwise. @param {{columns: number, rows: number}} grid */
  arrange(grid) {
    this.grid = grid;
    this.shown = -1;
    this.show();
  }

  forget() {
    this.shown = -1;
    this.finished = false;
    this.picture.erase();
  }

  /** Only the first frame is computed while the person holds what it depends on. */
  hold() {
    if (this.lane.held) return;
    this.lane.held = true;
    this.timeline.play(false);
    this.timeline.at = 0;
  }

  /** The person has let go: the rest is computed and shown. */
  drop() {
    if (!this.lane.held) return;
    this.lane.held = false;
    this.lane.resume();
    this.play();
  }

  /** Plays from the first frame there is, where the person does not mind things that move. */
  play() {
    this.timeline.play(false);
    if (prefersStillness()) {
      this.timeline.at = 1;
    } else {
      this.timeline.at = 0;
      if ((this.lane.trajectory?.frames ?? 0) > 1) {
        this.timeline.at = this.lane.places[0];
        this.timeline.play(true);
      }
    }
    this.show();
  }

  get frame() {
    return Math.min(this.lane.frameAt(this.timeline.place), this.lane.ready);
  }

  words() {
    const { lane, frame } = this;
    const total = Math.max(0, (lane.trajectory?.frames ?? 1) - 1);
    const key = frame < total && lane.moveAt(frame)?.kind === 'renoise' ? 'process.back' : 'watch.words';
    return t(key, { step: number(frame), total: number(total), time: number(lane.timeAt(frame), 2) });
  }

  readout() {
    const { lane } = this;
    const parts = [this.words()];
    if (!lane.done && !lane.held) parts.push(t('watch.computing', { ready: number(lane.ready) }));
    if (lane.stepMs) parts.push(t('watch.pace', { ms: number(lane.stepMs, lane.stepMs < 10 ? 1 : 0) }));
    return parts.join(' \u00b7 ');
  }

  /** Shows where the playhead stands. */
  show() {
    const { lane, frame } = this;
    if (!this.open || !lane.trajectory || lane.waiting) return;
    if (frame !== this.shown) {
      this.shown = frame;
      this.picture.show({ lane: lane.name, what: 'x_t', frame, ...this.grid });
    }
    this.timeline.show(this.readout());
    this.hooks.shown?.();
    if (lane.done && !this.finished) {
      this.finished = true;
      this.hooks.finished?.();
    }
  }

  /**
   * The values of a frame, unless the lane is started again meanwhile.
   * @param {number} frame
   * @returns {Promise<Float32Array | null>} batch * 784 numbers
   */
  async values(frame) {
    const { lane } = this;
    const claim = lane.serial;
    try {
      const values = await this.room.engine.frameValues(lane.name, 'x_t', frame);
      return lane.holds(claim) ? values : null;
    } catch (error) {
      // of a lane that was started again nothing is to be read
      if (lane.holds(claim)) this.room.shell.complain(error);
      return null;
    }
  }

  /** @returns {Promise<Float32Array | null>} the values of the last frame, once they are there */
  async result() {
    return this.values((this.lane.trajectory?.frames ?? 1) - 1);
  }
}
