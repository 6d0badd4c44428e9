/**
 * Which digit is it? Three generative classifiers, which know how each digit is written and ask Bayes, beside the
 * discriminative one, which only ever learned to tell digits apart.
 */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { download } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { tellPicture } from './tell-picture.js';

/** @import { CompareRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

/** The models, and the output that is p(digit | picture). */
const JUDGES = [
  { id: 'naive-bayes', output: 'posterior', binary: true },
  { id: 'mixture', output: 'posterior', binary: true },
  { id: 'gaussian-mixture', output: 'posterior', binary: false },
  { id: 'classifier', output: 'probabilities', binary: false },
];
const DIGITS = 10;

/** What a model says of the drawing. */
class Judge {
  /** @param {CompareRoom} room @param {typeof JUDGES[number]} judge */
  constructor(room, { id, output, binary }) {
    this.room = room;
    this.id = id;
    this.output = output;
    /** Whether the model knows ink and paper only. */
    this.binary = binary;
    /** Of each digit, once there is a drawing. @type {Float32Array | null} */
    this.probabilities = null;
    this.scene = new Scene(room.engine, `tell-${id}`, { values: (values) => this.show(values[output], values.log_likelihood) });
    this.bars = Array.from({ length: DIGITS }, () => h('span', { class: 'p-bar' }));
    this.numbers = Array.from({ length: DIGITS }, () => h('span', { class: 'p-value' }));
    this.rows = this.bars.map((bar, digit) =>
      h('li', {}, h('span', { class: 'p-digit' }, String(digit)), h('span', { class: 'p-track', 'aria-hidden': 'true' }, bar), this.numbers[digit]),
    );
    this.verdict = h('p', { class: 'verdict', 'aria-live': 'polite' });
    this.element = h(
      'section',
      { class: `judge judge-${id}`, 'aria-label': t(`compare.tell.${id}`) },
      h('h3', {}, t(`compare.tell.${id}`)),
      h('p', { class: 'readout' }, t(`compare.tell.${id}.says`)),
      h('ol', { class: 'p-bars' }, ...this.rows),
      this.verdict,
    );
    this.clear();
  }

  /** @param {Float32Array} x */
  ask(x) {
    const generative = this.output === 'posterior';
    this.scene.show({
      model: this.id,
      job: 'classify',
      inputs: { x: this.binary ? x.map((value) => Number(value > 0.5)) : x },
      read: generative ? [this.output, 'log_likelihood'] : [this.output],
      urgent: true,
    });
  }

  clear() {
    this.probabilities = null;
    for (const [digit, bar] of this.bars.entries()) {
      bar.style.width = '0';
      this.numbers[digit].textContent = '';
      this.rows[digit].classList.remove('best');
    }
    this.verdict.textContent = t('compare.tell.waiting');
  }

  /** @param {Float32Array} probabilities @param {Float32Array} [logLikelihood] */
  show(probabilities, logLikelihood) {
    this.probabilities = probabilities;
    const best = probabilities.indexOf(Math.max(...probabilities));
    for (const [digit, bar] of this.bars.entries()) {
      const p = probabilities[digit];
      bar.style.width = `${(100 * p).toFixed(2)}%`;
      this.numbers[digit].textContent = p >= 0.0005 ? number(p, 3) : '';
      this.rows[digit].classList.toggle('best', digit === best);
    }
    const certainty = number(100 * probabilities[best], 1);
    this.verdict.textContent = logLikelihood
      ? t('compare.tell.verdict.generative', { digit: best, certainty, nats: number(logLikelihood[0], 0) })
      : t('compare.tell.verdict', { digit: best, certainty });
  }

  release() {
    this.scene.release();
  }
}

/** @implements {RoomView} */
export class TellView {
  /** @param {CompareRoom} room */
  constructor(room) {
    this.room = room;
    this.ready = false;
    this.open = false;
    /** @type {Float32Array | null} */
    this.image = null;
    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.judges = JUDGES.map((judge) => new Judge(room, judge));
    this.means = new Picture(room.engine, { name: 'means', label: t('compare.tell.means'), columns: 10, rows: 1, gap: 3 });
    this.components = new Picture(room.engine, { name: 'components', label: t('compare.tell.components'), columns: 10, rows: 4, gap: 3 });
    this.scenes = [new Scene(room.engine, 'tell-means'), new Scene(room.engine, 'tell-components')];
    this.file = button({ label: t('save.png'), icon: ICONS.save(), onclick: () => this.save() });
    this.file.disabled = true;
    this.panels = [
      panel('drawing', t('draw.title'), [this.paper.surface], [this.paper.tools]),
      panel('judges', t('compare.tell.title'), [h('div', { class: 'judges' }, ...this.judges.map(({ element }) => element))], [h('div', { class: 'tools' }, this.file)]),
      panel('knowledge', t('compare.tell.knowledge'), [this.means.element, this.components.element], [h('p', { class: 'readout' }, t('compare.tell.caption'))]),
    ];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`compare.tell.${i}`))));
  }

  async enter() {
    this.open = true;
    this.image = this.paper.setInk(this.room.state.values.ink);
    try {
      for (const { id } of JUDGES) {
        const row = this.room.catalog.find((entry) => entry.id === id);
        if (row) await this.room.info(row);
      }
      this.ready = true;
      if (!this.open) return;
      this.showKnowledge();
      this.ask();
    } catch (error) {
      if (this.open) this.room.shell.complain(error);
    }
  }

  leave() {
    this.open = false;
    for (const judge of this.judges) judge.release();
    for (const scene of this.scenes) scene.release();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    if (!changed.has('ink') || values.ink === this.paper.written()) return;
    this.image = this.paper.setInk(values.ink);
    this.ask();
  }

  /** What the generative classifiers know of each digit: its mean, and some of the ways to write it. */
  showKnowledge() {
    const [means, components] = this.scenes;
    const index = Float32Array.from({ length: DIGITS }, (_, digit) => digit);
    means.show({ model: 'naive-bayes', job: 'component', batch: DIGITS, inputs: { index }, views: [{ picture: this.means, output: 'pixels' }] });
    const each = 50;
    const some = Float32Array.from({ length: 4 * DIGITS }, (_, i) => (i % DIGITS) * each + Math.floor(i / DIGITS));
    components.show({ model: 'mixture', job: 'component', batch: some.length, inputs: { index: some }, views: [{ picture: this.components, output: 'pixels' }] });
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.image = image;
    if (finished) this.room.state.set({ ink }, 'push');
    this.ask();
  }

  /** The drawing and what is said of it, where there is one. */
  async save() {
    if (!this.image) return;
    const judges = this.judges.flatMap(({ id, probabilities }) => (probabilities ? [{ name: t(`compare.tell.${id}`), probabilities }] : []));
    try {
      download(await tellPicture(this.image, judges), 'inkling-which-digit.png');
    } catch (error) {
      this.room.shell.complain(error);
    }
  }

  ask() {
    this.file.disabled = !this.image;
    if (!this.ready || !this.open) return;
    for (const judge of this.judges) {
      if (this.image) judge.ask(this.image);
      else judge.clear();
    }
  }
}
