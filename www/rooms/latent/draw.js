/** Draw: what the encoder makes of a drawing, and what the decoder makes of that. */

import { number, rich, t } from '../../i18n/translate.js';
import { PosteriorBars } from '../../parts/bars.js';
import { ICONS, button, h, setPressed } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { Equation } from '../../parts/equation.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { freshSeed } from '../../parts/seed.js';
import { roundZ } from '../../protocol.js';

/** @import { LatentRoom, RoomView } from './index.js' */
/** @import { LatentModel } from './model.js' */
/** @import { Observation } from '../../protocol.js' */
/** @import { Values } from './table.js' */

/** @implements {RoomView} */
export class DrawView {
  /** @param {LatentRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {Float32Array | null} */
    this.image = null;
    /** @type {Observation | null} */
    this.observation = null;
    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.bars = new PosteriorBars();
    this.reconstruction = new Picture(room.engine, {
      name: 'reconstruction',
      label: t('draw.reconstruction'),
      urgent: true,
    });
    this.meanButton = button({ label: t('draw.mean'), pressed: true, onclick: () => this.sample(null) });
    this.sampleButton = button({
      label: t('draw.sample'),
      icon: ICONS.dice(),
      onclick: () => this.sample(freshSeed()),
    });
    this.terms = {
      bce: h('dd', {}, t('inspector.none')),
      kl: h('dd', {}, t('inspector.none')),
      sum: h('dd', {}, t('inspector.none')),
    };
    const term = (/** @type {'bce' | 'kl' | 'sum'} */ name) =>
      h('div', { class: `term term-${name}` }, h('dt', {}, t(`draw.term.${name}`)), this.terms[name]);
    this.drawingPanel = panel('drawing', t('draw.title'), [this.paper.surface], [this.paper.tools]);
    this.barsPanel = panel('bars', t('bars.title'), [this.bars.element]);
    this.reconstructionPanel = panel(
      'reconstruction',
      t('draw.reconstruction'),
      [this.reconstruction.element],
      [
        h('div', { class: 'tools' }, this.meanButton, this.sampleButton),
        h('dl', { class: 'terms' }, term('bce'), term('kl'), term('sum')),
      ],
    );
    this.sampling = new Equation(t('draw.equation.sample'));
    this.bound = new Equation(t('draw.equation.bound'));
    const seen = h('figure', { class: 'seen-figure' }, this.paper.seen, h('figcaption', {}, t('draw.seen.caption')));
    this.below = h(
      'div',
      {},
      h('div', { class: 'prose' }, seen, h('p', {}, rich('draw.1')), h('p', {}, rich('draw.2'))),
      this.sampling.element,
      h('div', { class: 'prose' }, h('p', {}, rich('draw.3'))),
      this.bound.element,
    );
    room.engine.on('observed', ({ observation }) => this.observed(observation));
    this.showNothing();
  }

  /** @param {LatentModel | null} model */
  panels(model) {
    const code = model && model.zDim !== 2 ? this.barsPanel : this.room.each.walk.padPanel;
    return [this.drawingPanel, code, this.reconstructionPanel];
  }

  /** @param {LatentModel} model */
  modelChanged(model) {
    this.bars.setUnits(model.units.map(({ unit }) => unit));
    this.showNothing();
    this.image = this.paper.setInk(this.room.state.values.ink);
    if (this.image && this.room.state.values.view !== 'draw') this.observe(null);
  }

  enter() {
    const { room } = this;
    if (room.model?.zDim === 2) {
      room.pad.surface.classList.remove('with-codes');
      room.pad.show(room.axes());
      room.pad.clearDrawing();
    }
    this.image = this.paper.setInk(room.state.values.ink);
    if (this.image) this.observe(this.givenZ());
    else this.showNothing();
  }

  leave() {}

  /** The z of the link, where it holds one for this model. */
  givenZ() {
    const { z, ink } = this.room.state.values;
    return ink && z && z.length === this.room.model?.zDim && this.room.state.values.view === 'draw' ? roundZ(z) : null;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (!fromAddress || values.view !== 'draw') return;
    if (changed.has('ink') || changed.has('eps') || changed.has('z')) this.enter();
  }

  /** @param {string} _kind @param {number} a @param {number} b */
  padMoved(_kind, a, b) {
    if (this.image) this.observe(roundZ([a, b]));
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.image = image;
    if (image) this.observe(null);
    else this.showNothing();
    // z follows with the observation; a link without one takes it from the drawing
    if (finished) this.room.state.set({ ink, z: null }, 'push');
  }

  /** @param {number | null} seed */
  sample(seed) {
    this.room.state.set({ eps: seed, z: null }, 'push');
    if (this.image) this.observe(null);
  }

  /** @param {Float32Array | null} z  null: mu + sigma * eps */
  observe(z) {
    if (this.image) this.room.engine.send({ type: 'observe', x: this.image, z, seed: this.room.state.values.eps });
  }

  /** @param {Observation} observation */
  observed(observation) {
    const { room } = this;
    if (!this.image || observation.z.length !== room.model?.zDim) return;
    this.observation = observation;
    if (room.state.values.view !== 'draw') {
      // a path may now end in what was drawn
      if (room.state.values.view === 'interpolate') room.view?.stateChanged(room.state.values, new Set(['ink']), false);
      return;
    }
    const { mu, logvar, z, bce, kl } = observation;
    const sigma = logvar.map((value) => Math.exp(value / 2));
    room.z = z;
    room.state.set({ z: Array.from(z) }, 'rest');
    this.reconstruction.draw(z);
    if (room.model.zDim === 2) {
      room.pad.showHandles(['z'], ['z']);
      room.pad.place('z', z);
      room.pad.drawPosterior(mu, sigma, z);
    }
    this.bars.show(mu, sigma, z);
    setPressed(this.meanButton, room.state.values.eps === null);
    const nats = (/** @type {number} */ value) => t('unit.nats', { value: number(value, 1) });
    this.terms.bce.textContent = nats(bce);
    this.terms.kl.textContent = nats(kl);
    this.terms.sum.textContent = nats(bce + kl);
    this.showEquations(observation, sigma);
  }

  /** @param {Observation} observation @param {Float32Array} sigma */
  showEquations({ mu, z, bce, kl }, sigma) {
    // the most active unit speaks for all of them
    const unit = this.bars.units[0] ?? 0;
    const noise = (z[unit] - mu[unit]) / sigma[unit];
    const figure = (/** @type {number} */ value) => (value < 0 ? `(${value.toFixed(2)})` : value.toFixed(2));
    this.sampling.show(
      'z = \\mu + \\sigma \\odot \\varepsilon',
      `z_{${unit + 1}} = ` +
        `${mu[unit].toFixed(2)} + ${sigma[unit].toFixed(2)} \\times ${figure(noise)} = ${z[unit].toFixed(2)}`,
    );
    const word = (/** @type {string} */ name) => `\\text{${t(`draw.term.${name}`)}}`;
    this.bound.show(
      `-\\mathrm{ELBO} = \\underbrace{${bce.toFixed(1)}}_{${word('bce')}} + ` +
        `\\underbrace{${kl.toFixed(1)}}_{${word('kl')}} = ${(bce + kl).toFixed(1)}\\ \\text{nats}`,
    );
  }

  showNothing() {
    const { room } = this;
    this.observation = null;
    this.reconstruction.erase();
    this.bars.clear();
    if (room.state.values.view === 'draw') {
      room.pad.clearDrawing();
      room.pad.showHandles([], []);
    }
    for (const element of Object.values(this.terms)) element.textContent = t('inspector.none');
    this.sampling.show('z = \\mu + \\sigma \\odot \\varepsilon', '\\varepsilon \\sim \\mathcal{N}(0, I)');
    this.bound.show(
      '-\\mathrm{ELBO} = \\mathbb{E}_{q(z \\mid x)}\\bigl[-\\log p(x \\mid z)\\bigr] + ' +
        '\\mathrm{KL}\\bigl(q(z \\mid x)\\,\\Vert\\,p(z)\\bigr)',
    );
  }
}
