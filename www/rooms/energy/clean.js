/** Clean: pixels of a picture are flipped, and nine chains of a Markov random field look for those that were. */

import { number, rich, t } from '../../i18n/translate.js';
import { button, h, prefersStillness } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { pngButton, saveButton } from '../../parts/save.js';
import { scattered } from '../../parts/scattered.js';
import { scrubber } from '../../parts/scrubber.js';
import { signs } from '../../parts/signs.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS } from '../../protocol.js';
import { binary } from '../pixels/order.js';
import { cooled, doubt } from './kinds.js';
import { Run } from './run.js';
import { FIELD } from './table.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { EnergyRoom, RoomView } from './index.js' */
/** @import { EnergyModel } from './kinds.js' */
/** @import { Values } from './table.js' */

const SIDE_CHAINS = 3;
const CHAINS = SIDE_CHAINS * SIDE_CHAINS;

/** What was measured, in the order in which it is told: the words for it, and its name in `<id>.measures.json`. */
const MEASURED = {
  flipped: 'pixel error of pictures with 10 % of the pixels flipped, %',
  gibbs: 'pixel error after Gibbs sampling (majority of 15 sweeps), %',
  modes: 'pixel error after iterated conditional modes, %',
  annealed: 'pixel error after simulated annealing, %',
};

/**
 * Another picture in which pixels have changed from ink to paper and back. More of them with the same seed are those of
 * before and others.
 * @param {Float32Array} picture  of 0 and 1
 * @param {number} share
 * @param {number} seed
 */
function flipped(picture, share, seed) {
  return picture.map((ink, i) => (scattered(seed * PIXELS + i) < share ? 1 - ink : ink));
}

/** @param {Float32Array} picture @param {Float32Array} clean */
const wrongIn = (picture, clean) => clean.reduce((count, ink, i) => count + Number(picture[i] !== ink), 0);

/** Its runs are sweeps. */
const WORDS = {
  step: 'energy.clean.step',
  steps: 'energy.clean.steps',
  begin: 'energy.clean.readout.begin',
  done: 'energy.clean.readout.steps',
  mean: 'energy.clean.readout',
  chain: 'energy.clean.readout.chain',
};

/** @implements {RoomView} */
export class CleanView {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    /** The picture in ink and paper, and with pixels flipped, where there is one. @type {{clean: Float32Array, flipped: Float32Array} | null} */
    this.pictures = null;
    /** The pen is down: the chains still clean what was there before. */
    this.drawing = false;
    this.run = new Run(room, 'energy-clean', {
      columns: SIDE_CHAINS,
      rows: SIDE_CHAINS,
      label: t('energy.clean.label'),
      words: WORDS,
      inputs: () => this.inputs(),
      told: (values) => this.told(values),
    });
    const { state } = room;
    const row = (/** @type {string} */ words, /** @type {Element[]} */ ...elements) =>
      h('div', { class: 'control' }, h('span', { class: 'control-name' }, words), ...elements);
    const face = (/** @type {Element[]} */ ...pictures) => h('div', { class: 'frame-face still-face' }, ...pictures);

    this.flipped = new StillPicture(t('energy.clean.flipped'));
    this.flips = scrubber({
      label: t('energy.clean.flips'),
      min: 0,
      max: FIELD.flips,
      step: 1,
      input: (flips) => state.set({ flips }, 'later'),
      words: (flips) => t('energy.clean.percent', { share: number(flips) }),
    });
    this.flippedWords = h('p', { class: 'readout' });
    this.doubt = h('p', { class: 'readout' });
    this.flippedPanel = panel(
      'flipped',
      t('energy.clean.flipped'),
      [face(this.flipped.canvas)],
      [row(t('energy.clean.flips'), this.flips.element), this.doubt, h('div', { class: 'tools save' }, this.flippedWords, pngButton(room, this.flipped, () => this.fileName('flipped')))],
    );

    this.coupling = scrubber({
      label: t('energy.clean.coupling'),
      min: 0,
      max: FIELD.coupling,
      step: 0.05,
      input: (coupling) => state.set({ coupling }, 'later'),
    });
    this.heat = scrubber({
      label: t('energy.temperature'),
      min: 0,
      max: FIELD.heat,
      step: 0.05,
      input: (heat) => state.set({ heat, anneal: false }, 'later'),
    });
    this.annealButton = button({ label: t('energy.clean.anneal'), onclick: () => this.anneal() });
    this.way = h('p', { class: 'readout' });
    this.runPanel = panel(
      'cleaning',
      t('energy.clean.chains'),
      [this.run.surface],
      [
        this.run.controls,
        row(t('energy.clean.coupling'), this.coupling.element),
        row(t('energy.temperature'), this.heat.element),
        h('div', { class: 'tools' }, this.annealButton, this.way),
        this.run.foot,
      ],
    );

    this.majority = new StillPicture(t('energy.clean.majority.label'));
    this.marks = new StillPicture('', { signed: true });
    this.marks.canvas.classList.add('marks');
    this.majorityWords = h('p', { class: 'readout' });
    this.aloneWords = h('p', { class: 'readout' });
    const save = saveButton(room, () => this.marks.png(this.majority.canvas), () => `${this.fileName('majority')}.png`, { label: t('save.png') });
    this.majorityPanel = panel(
      'majority',
      t('energy.clean.majority'),
      [face(this.majority.canvas, this.marks.canvas)],
      [signs(t('energy.clean.less'), t('energy.clean.more')), this.aloneWords, h('div', { class: 'tools save' }, this.majorityWords, save)],
    );

    this.tracePanel = panel('trace', t('energy.over.time'), [this.run.trace.canvas], [this.run.traceTools]);
    this.measured = h('dl', { class: 'facts' });
    this.measuredPanel = panel('measured', t('energy.clean.measured'), [this.measured], [h('p', { class: 'readout' }, t('energy.clean.measured.how'))]);
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3, 4].map((i) => h('p', {}, rich(`energy.clean.${i}`))));
  }

  /** @param {EnergyModel | null} model */
  panels(model) {
    const measured = model?.measures ? [this.measuredPanel] : [];
    return [this.room.given.panel, this.flippedPanel, this.runPanel, this.majorityPanel, this.tracePanel, ...measured];
  }

  /** @param {EnergyModel} model */
  enter({ measures }) {
    const { given } = this.room;
    const facts = Object.entries(MEASURED).flatMap(([key, name]) => {
      const error = measures?.extra[name];
      return error === undefined ? [] : [h('div', {}, h('dt', {}, t(`energy.clean.measured.${key}`)), h('dd', {}, t('energy.clean.percent', { share: number(error, 2) })))];
    });
    this.measured.replaceChildren(...facts);
    this.showSettings();
    this.run.enter();
    given.enter((finished) => {
      // what the chains know of it
      if (given.image) given.still.show(binary(given.image));
      this.drawing = !finished;
      if (finished) {
        this.run.begin();
      } else {
        this.flip();
        this.told(null);
      }
    });
  }

  leave() {
    this.run.leave();
    this.room.given.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    this.run.speed.set(values.speed);
    this.showSettings();
    if (changed.has('flips') || changed.has('seed') || changed.has('anneal')) this.run.begin();
    else if (changed.has('coupling') || changed.has('heat')) this.run.settings();
  }

  /** The temperature falls from the top of its slider to nothing; anew where it does already. */
  anneal() {
    const { state } = this.room;
    if (!prefersStillness()) this.run.play(true);
    if (state.values.anneal) this.run.begin();
    else state.set({ anneal: true }, 'push');
  }

  showSettings() {
    const { flips, coupling, heat, anneal } = this.room.state.values;
    this.flips.set(flips);
    this.doubt.textContent = t('energy.clean.doubt', { share: number(100 * (1 - doubt(flips)), flips === 0 ? 1 : 0) });
    this.coupling.set(coupling);
    this.annealButton.setAttribute('aria-pressed', String(anneal));
    if (!anneal) this.heat.set(heat);
    const way = anneal ? 'annealed' : heat === 0 ? 'modes' : heat < 1 ? 'cool' : heat === 1 ? 'gibbs' : 'hot';
    this.way.textContent = t(`energy.clean.way.${way}`);
  }

  /** Brings the pictures up to date with the given one and the address. */
  flip() {
    const { flips, seed } = this.room.state.values;
    const { image } = this.room.given;
    const clean = image && binary(image);
    this.pictures = clean && { clean, flipped: flipped(clean, flips / 100, seed) };
    this.flipped.show(this.pictures?.flipped ?? null);
    this.flippedWords.textContent = this.pictures ? this.words('energy.clean.wrong', this.wrongBefore) : '';
  }

  get wrongBefore() {
    return this.pictures ? wrongIn(this.pictures.flipped, this.pictures.clean) : 0;
  }

  /** @param {string} key @param {number} wrong */
  words(key, wrong) {
    return t(key, { wrong: number(wrong), all: number(PIXELS), before: number(this.wrongBefore) });
  }

  /** @returns {Inputs | null} */
  inputs() {
    this.flip();
    if (!this.pictures) return null;
    const given = new Float32Array(CHAINS * PIXELS);
    for (let chain = 0; chain < CHAINS; chain += 1) given.set(this.pictures.flipped, chain * PIXELS);
    return { given };
  }

  /** @param {Inputs | null} values */
  told(values) {
    const { pictures } = this;
    if (this.room.state.values.anneal) this.heat.set(cooled(values ? this.run.scene.done : 0));
    if (!values || !pictures || this.drawing) {
      this.majority.show(null);
      this.marks.show(null);
      this.majorityWords.textContent = this.aloneWords.textContent = '';
      return;
    }
    const { clean } = pictures;
    const chains = Array.from({ length: CHAINS }, (_, chain) => values.pixels.subarray(chain * PIXELS, (chain + 1) * PIXELS));
    const majority = clean.map((_, i) => Number(2 * chains.reduce((sum, chain) => sum + chain[i], 0) > CHAINS));
    const alone = chains.reduce((sum, chain) => sum + wrongIn(chain, clean), 0) / CHAINS;
    this.majority.show(majority);
    this.marks.show(clean.map((ink, i) => ink - majority[i]));
    this.majorityWords.textContent = this.words('energy.clean.after', wrongIn(majority, clean));
    this.aloneWords.textContent = t('energy.clean.alone', { wrong: number(alone, 1) });
  }

  /** @param {string} what */
  fileName(what) {
    const { flips, seed } = this.room.state.values;
    return `inkling-clean-${what}-${flips}-${seed}`;
  }
}
