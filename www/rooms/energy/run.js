/** Some chains of a model as a grid of pictures: played, paused, stepped, at any speed, with their energies over time. */

import { number, t } from '../../i18n/translate.js';
import { ICONS, button, h, prefersStillness } from '../../parts/dom.js';
import { Picture } from '../../parts/picture.js';
import { pngButton, saveButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { scrubber } from '../../parts/scrubber.js';
import { freshSeed } from '../../parts/seed.js';
import { NO_CLASS, SPEEDS } from './table.js';
import { Trace, mean } from './trace.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { EnergyRoom } from './index.js' */

/** Space between chains, in image pixels. */
const GAP = 2;
/** Runs that are done at once where moving pictures are not wanted. */
const STILL_RUNS = 100;
/** Runs that the worker may be behind before it is given no more. */
const AHEAD = 4;

/** Keys of the words for one run, for so many, and for where the chains are. */
const WORDS = {
  step: 'energy.step',
  steps: 'energy.steps',
  begin: 'energy.readout.begin',
  done: 'energy.readout.steps',
  mean: 'energy.readout',
  chain: 'energy.readout.chain',
};

export class Run {
  /**
   * @param {EnergyRoom} room
   * @param {string} name  of its scene and its picture
   * @param {object} options
   * @param {number} options.columns
   * @param {number} options.rows
   * @param {string} options.label
   * @param {() => Inputs | null} options.inputs  `given`, and `begin` and `mask` where the job has them; null: there is
   *   nothing to begin with
   * @param {(chain: number) => number} [options.own]  the digit that a chain is told where each is told its own
   * @param {typeof WORDS} [options.words]  keys of the words for where the chains are
   * @param {(values: Inputs | null) => void} [options.told]  what was read of the chains; null: they begin anew
   */
  constructor(room, name, { columns, rows, label, inputs, own = () => NO_CLASS, words = WORDS, told }) {
    this.room = room;
    this.name = name;
    this.inputs = inputs;
    this.own = own;
    this.words = words;
    this.onTold = told;
    this.columns = columns;
    this.chains = columns * rows;
    this.playing = !prefersStillness();
    /** Runs that the worker may do, and the part of one that waits for the next frame. */
    this.goal = 0;
    this.credit = 0;
    /** The run that the newest energies are of. */
    this.read = 0;
    /** Runs after which the chains end. */
    this.most = Infinity;
    this.open = false;
    this.picture = new Picture(room.engine, { name, label, columns, rows, gap: GAP });
    this.mark = h('span', { class: 'chain-mark', hidden: true });
    this.surface = h(
      'div',
      {
        class: 'chains-surface',
        tabIndex: 0,
        role: 'group',
        'aria-label': t('energy.chains.keys'),
        onpointermove: (/** @type {PointerEvent} */ event) => this.point(event),
        onpointerdown: (/** @type {PointerEvent} */ event) => this.point(event),
        onpointerleave: () => this.light(null),
        onblur: () => this.light(null),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      },
      this.picture.element,
      this.mark,
    );
    this.rows = rows;
    this.trace = new Trace(t('energy.trace.empty'), { empty: t('energy.trace.wait'), count: words.steps });
    this.readout = h('p', { class: 'readout', 'aria-live': 'off' });
    this.playButton = button({ label: t('energy.play'), icon: ICONS.play(), bare: true, onclick: () => this.play(!this.playing) });
    this.stepButton = button({ label: t(words.step, { count: 1 }), icon: ICONS.stepForth(), bare: true, onclick: () => this.step() });
    this.speed = scrubber({
      label: t('energy.speed'),
      min: SPEEDS.slowest,
      max: SPEEDS.fastest,
      step: 1,
      input: (speed) => room.state.set({ speed }, 'later'),
      words: (value) => (value < 0 ? `1/${2 ** -value}` : `${2 ** value}`),
    });
    this.controls = h(
      'div',
      { class: 'tools run-tools' },
      this.playButton,
      this.stepButton,
      button({ label: t('energy.restart'), icon: ICONS.reset(), bare: true, onclick: () => this.begin(0) }),
      button({ label: t('energy.dice'), icon: ICONS.dice(), onclick: () => this.dice() }),
      h('label', { class: 'speed' }, h('span', { class: 'control-name' }, t('energy.speed')), this.speed.element),
    );
    const fileName = () => `inkling-${name}-${this.scene.done * this.stepsOfARun}`;
    this.foot = h('div', { class: 'tools save' }, this.readout, pngButton(room, this.picture, fileName));
    this.traceTools = h('div', { class: 'tools save' }, saveButton(room, () => this.trace.csv(), () => `${fileName()}.csv`, { label: t('save.csv') }));
    this.scene = new Scene(room.engine, `${name}-scene`, {
      values: (values, _, done) => this.told(values, done),
      steps: () => this.showReadout(),
    });
    this.tick = this.tick.bind(this);
    this.showPlaying();
  }

  /** The chains begin anew. @param {number} [runs]  that are done at once where they stand still */
  begin(runs = prefersStillness() ? STILL_RUNS : 0) {
    const { room } = this;
    const model = room.model;
    const inputs = this.inputs();
    this.trace.clear();
    this.energies = null;
    this.onTold?.(null);
    if (!model || !inputs || !this.open) {
      this.scene.release();
      this.picture.erase();
      this.readout.textContent = '';
      return;
    }
    const { kind } = model;
    const course = kind.course?.(room.state.values) ?? { steps: null };
    this.most = course.steps ?? Infinity;
    this.goal = this.playing ? 1 : runs;
    // a chain that stands still has drawn nothing yet
    if (this.goal === 0) this.picture.erase();
    this.credit = 0;
    const { begin } = inputs;
    this.scene.show({
      model: model.id,
      job: kind.job,
      batch: this.chains,
      inputs: { ...inputs, ...(begin && { begin: new Float32Array(this.chains) }), ...kind.settings(room.state.values, this.chains, this.own) },
      chain: { seed: room.state.values.seed, ...course, first: begin && { begin } },
      halted: true,
      views: [{ picture: this.picture, output: 'pixels' }],
      read: kind.also ? [kind.energy, kind.also] : [kind.energy],
    });
    this.scene.resume(this.goal);
    this.showReadout();
  }

  /** Temperature or class changed: the chains go on with them. */
  settings() {
    const { room } = this;
    if (this.scene.description && room.model) this.scene.change(room.model.kind.settings(room.state.values, this.chains, this.own));
  }

  enter() {
    this.open = true;
    this.speed.set(this.room.state.values.speed);
    const step = t(this.words.step, { count: this.stepsOfARun });
    this.stepButton.title = step;
    this.stepButton.setAttribute('aria-label', step);
    this.begin();
    requestAnimationFrame(this.tick);
  }

  leave() {
    this.open = false;
    this.scene.release();
  }

  /** Gives the worker what the speed allows. */
  tick() {
    if (!this.open) return;
    requestAnimationFrame(this.tick);
    if (!this.playing || !this.scene.description || document.hidden) return;
    const rate = (this.room.model?.kind.pace ?? 1) * 2 ** this.room.state.values.speed;
    if (this.goal - this.scene.done > AHEAD * Math.max(1, rate)) return;
    this.credit += rate;
    const runs = Math.floor(this.credit);
    if (runs === 0) return;
    this.credit -= runs;
    this.goal = Math.min(this.most, this.goal + runs);
    this.scene.resume(this.goal);
  }

  /** @param {boolean} playing */
  play(playing) {
    const ended = this.atEnd;
    this.playing = playing;
    if (!playing) this.stopHere();
    else if (ended) this.begin();
    this.showPlaying();
  }

  /** Chains that end have done so. */
  get atEnd() {
    return this.scene.description !== null && this.scene.done >= this.most;
  }

  stopHere() {
    this.goal = this.scene.done;
    this.scene.resume(this.goal);
  }

  step() {
    if (this.playing) this.play(false);
    this.goal = Math.min(this.most, Math.max(this.goal, this.scene.done) + 1);
    this.scene.resume(this.goal);
  }

  dice() {
    this.room.state.set({ seed: freshSeed() }, 'push');
  }

  showPlaying() {
    const label = t(this.playing ? 'energy.pause' : 'energy.play');
    this.playButton.replaceChildren(this.playing ? ICONS.pause() : ICONS.play());
    this.playButton.title = label;
    this.playButton.setAttribute('aria-label', label);
  }

  get stepsOfARun() {
    return this.room.model?.kind.steps ?? 1;
  }

  /** @param {Inputs} values @param {number} done  the run that they are of; the scene may be further on */
  told(values, done) {
    const { model } = this.room;
    if (!model) return;
    this.energies = values[model.kind.energy];
    this.read = done;
    this.trace.push(done * this.stepsOfARun, this.energies);
    this.onTold?.(values);
    if (this.playing && this.atEnd) this.play(false);
    this.showReadout();
  }

  showReadout() {
    const { energies } = this;
    const { lit } = this.trace;
    this.stepButton.disabled = this.atEnd;
    // what stands beside the energies is of their run
    const steps = number((energies ? this.read : this.scene.done) * this.stepsOfARun);
    const unit = this.room.model?.kind.decimals ?? 0;
    if (!energies) this.readout.textContent = t(this.scene.done > 0 || this.playing ? this.words.done : this.words.begin, { steps });
    else if (lit === null) this.readout.textContent = t(this.words.mean, { steps, energy: number(mean(energies), unit) });
    else this.readout.textContent = t(this.words.chain, { chain: lit + 1, steps, energy: number(energies[lit], unit) });
  }

  /** @param {PointerEvent} event */
  point(event) {
    const box = this.surface.getBoundingClientRect();
    const at = (/** @type {number} */ share, /** @type {number} */ count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    const column = at((event.clientX - box.left) / box.width, this.columns);
    this.light(at((event.clientY - box.top) / box.height, this.rows) * this.columns + column);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (event.key === ' ') this.play(!this.playing);
    else if (move === undefined) return;
    else this.light(Math.min(this.chains - 1, Math.max(0, this.trace.lit === null ? 0 : this.trace.lit + move)));
    event.preventDefault();
  }

  /** @param {number | null} chain */
  light(chain) {
    this.trace.light(chain);
    this.mark.hidden = chain === null;
    if (chain !== null) {
      const { style } = this.mark;
      style.left = `${(100 * (chain % this.columns)) / this.columns}%`;
      style.top = `${(100 * Math.floor(chain / this.columns)) / this.rows}%`;
      style.width = `${100 / this.columns}%`;
      style.height = `${100 / this.rows}%`;
    }
    this.showReadout();
  }
}
