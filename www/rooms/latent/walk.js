/** Walk: move z by hand and watch the digit. */

import { modelsFolder } from '../../catalog.js';
import { number, rich, t } from '../../i18n/translate.js';
import { drawCodes, legend, readCodes } from '../../parts/codes.js';
import { ICONS, button, h, setPressed } from '../../parts/dom.js';
import { Equation } from '../../parts/equation.js';
import { LatentSliders, unitName } from '../../parts/latent-sliders.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { download, npy, pngButton } from '../../parts/save.js';
import { scrubber } from '../../parts/scrubber.js';
import { freshSeed } from '../../parts/seed.js';
import { KindError, roundZ } from '../../protocol.js';
import { norm } from './vectors.js';

/** @import { LatentRoom, RoomView } from './index.js' */
/** @import { LatentModel } from './model.js' */
/** @import { Codes } from '../../parts/codes.js' */
/** @import { Values } from './table.js' */

/** @implements {RoomView} */
export class WalkView {
  /** @param {LatentRoom} room */
  constructor(room) {
    this.room = room;
    const { engine, state } = room;
    const { page } = room.shell;
    this.sliders = new LatentSliders(engine, {
      moved: (unit, value, input) => this.moveUnit(unit, value, input),
      froze: (unit) => this.freeze(unit),
    });
    this.digit = new Picture(engine, { name: 'digit', label: t('digit.label'), urgent: true });
    this.readout = h('p', { class: 'readout' });
    /** @type {Map<string, Codes | null>} */
    this.codes = new Map();
    this.codesButton = button({
      label: t('codes.show'),
      pressed: false,
      onclick: () => state.set({ codes: !state.values.codes }, 'push'),
    });
    this.legend = legend();
    this.smoothButton = button({
      label: t('digit.smooth'),
      pressed: page.values.smooth,
      onclick: () => page.set({ smooth: !page.values.smooth }, 'replace'),
    });
    const dice = () => button({ label: t('walk.randomise'), icon: ICONS.dice(), onclick: () => this.randomise() });
    const reset = () => button({ label: t('walk.reset'), icon: ICONS.reset(), onclick: () => this.reset() });
    page.subscribe((values) => setPressed(this.smoothButton, values.smooth));
    this.padPanel = panel('pad', t('pad.title'), [room.pad.element], [this.codesButton, this.legend]);
    this.slidersPanel = panel('sliders', t('sliders.title'), [this.sliders.element]);
    this.digitPanel = panel(
      'digit',
      t('digit.title'),
      [this.digit.element],
      [
        h('div', { class: 'tools' }, dice(), reset(), this.smoothButton),
        this.readout,
        h(
          'div',
          { class: 'tools save', role: 'group', 'aria-label': t('save.label') },
          pngButton(room, this.digit, () => this.name),
          button({ label: t('save.npy'), onclick: () => this.saveNpy() }),
          button({ label: t('save.json'), onclick: () => this.saveJson() }),
          button({ label: t('save.link'), icon: ICONS.link(), onclick: () => this.copyLink() }),
        ),
      ],
    );

    this.first = this.unitScrubber(0);
    this.second = this.unitScrubber(1);
    this.length = scrubber({
      label: t('walk.length'),
      min: 0,
      max: 8,
      step: 0.05,
      decimals: 1,
      input: (value) => this.stretch(value),
    });
    this.equation = new Equation(t('walk.equation'));
    this.words = h('div', { class: 'prose' });
    this.below = h('div', {}, this.words, this.equation.element);
    new ResizeObserver(() => this.showCodes()).observe(room.pad.surface);
  }

  /** @param {number} unit */
  unitScrubber(unit) {
    return scrubber({
      label: t('sliders.unit', { unit: unit + 1 }),
      min: -3,
      max: 3,
      input: (value) => this.moveUnit(unit, value, performance.timeOrigin + performance.now()),
    });
  }

  /** @param {LatentModel | null} model */
  panels(model) {
    return [model && model.zDim !== 2 ? this.slidersPanel : this.padPanel, this.digitPanel];
  }

  /** @param {LatentModel} model */
  modelChanged(model) {
    this.sliders.setUnits(model.units);
    this.sliders.setFrozen(this.room.state.values.frozen);
    this.length.limits(0, Math.max(3, Math.round(2 * Math.sqrt(model.zDim))));
    const count = number(model.info.parameters);
    this.words.replaceChildren(
      model.zDim === 2
        ? h(
            'div',
            {},
            h(
              'p',
              {},
              rich('walk.map.1', {
                a: this.first.element,
                b: this.second.element,
                z1: unitName(0),
                z2: unitName(1),
                count,
              }),
            ),
            h('p', {}, rich('walk.map.2')),
          )
        : h(
            'div',
            {},
            h('p', {}, rich('walk.units.1', { size: number(model.zDim), count })),
            h('p', {}, rich('walk.units.2', { length: this.length.element, typical: number(Math.sqrt(model.zDim), 1) })),
          ),
    );
  }

  enter() {
    const { room } = this;
    if (room.model?.zDim === 2) {
      room.pad.show(room.axes());
      room.pad.showHandles(['z'], ['z']);
      room.pad.clearDrawing();
      room.pad.place('z', room.z);
    }
    this.showCodes();
    this.zChanged(room.z);
  }

  leave() {}

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    if (changed.has('codes')) this.showCodes();
    if (changed.has('frozen')) this.sliders.setFrozen(values.frozen);
  }

  /** @param {Float32Array} z @param {number} [input] */
  zChanged(z, input) {
    const { room } = this;
    this.digit.draw(z, { input });
    if (room.model?.zDim === 2) {
      room.pad.place('z', z);
      this.first.set(z[0]);
      this.second.set(z[1]);
    } else {
      this.sliders.setZ(z);
      this.length.set(norm(z));
    }
    const shown = Array.from(z.slice(0, 4), (value) => number(value, 2));
    this.readout.textContent = t('digit.readout', { z: shown.join(', ') + (z.length > 4 ? ', \u2026' : '') });
    const tex = shown.join(',\\;').replace(/\u2212/g, '-') + (z.length > 4 ? ',\\;\\ldots' : '');
    this.equation.show(`x_i \\sim \\mathrm{Bernoulli}\\bigl(\\sigma(f_\\theta(z))_i\\bigr)`, `z = (${tex})`);
  }

  /** @param {string} _kind @param {number} a @param {number} b @param {number} input */
  padMoved(_kind, a, b, input) {
    if (this.room.model?.zDim === 2) this.room.setZ(roundZ([a, b]), { input });
  }

  /** @param {number} unit @param {number} value @param {number} input */
  moveUnit(unit, value, input) {
    const z = Float32Array.from(this.room.z);
    z[unit] = value;
    this.room.setZ(roundZ(z), { input });
  }

  /** @param {number} length */
  stretch(length) {
    const { z } = this.room;
    const now = norm(z);
    if (now < 1e-3) return;
    this.room.setZ(roundZ(z.map((value) => (value * length) / now)), { input: performance.timeOrigin + performance.now() });
  }

  /** @param {number} unit */
  freeze(unit) {
    const { frozen } = this.room.state.values;
    const next = frozen.includes(unit) ? frozen.filter((other) => other !== unit) : [...frozen, unit].sort((a, b) => a - b);
    this.room.state.set({ frozen: next }, 'replace');
  }

  async randomise() {
    const { room } = this;
    const seed = freshSeed();
    const fresh = roundZ(await room.engine.normal(seed, room.z.length));
    this.replaceThawed(fresh, seed);
  }

  reset() {
    this.replaceThawed(new Float32Array(this.room.z.length), this.room.state.values.seed);
  }

  /** @param {Float32Array} fresh @param {number} seed */
  replaceThawed(fresh, seed) {
    const { room } = this;
    const { frozen } = room.state.values;
    const z = fresh.map((value, unit) => (frozen.includes(unit) ? room.z[unit] : value));
    room.setZ(z, { history: 'push', also: { seed } });
  }

  async showCodes() {
    const { room } = this;
    const { model } = room;
    const wanted = room.state.values.codes && model?.zDim === 2 && Boolean(model.row);
    this.codesButton.hidden = model?.zDim !== 2 || !model.row || room.state.values.view !== 'walk';
    setPressed(this.codesButton, room.state.values.codes);
    this.legend.hidden = !wanted || room.state.values.view !== 'walk';
    const visible = wanted && room.state.values.view === 'walk';
    room.pad.surface.classList.toggle('with-codes', Boolean(visible));
    if (!visible || !model) return;
    let codes = this.codes.get(model.id);
    if (codes === undefined) {
      try {
        const response = await fetch(new URL(`${model.id}.codes.bin`, modelsFolder()));
        if (!response.ok) throw new KindError('network', `${model.id}.codes.bin (${response.status})`);
        codes = readCodes(await response.arrayBuffer());
      } catch (error) {
        room.shell.complain(error);
        room.state.set({ codes: false }, 'replace');
        return;
      }
      this.codes.set(model.id, codes);
    }
    if (codes && room.pad.plane) drawCodes(room.pad.codes, codes, room.pad.plane.extent);
  }

  /** What files begin with. */
  get name() {
    return `inkling-${this.room.fileName}`;
  }

  saveNpy() {
    download(npy(this.room.z, [this.room.z.length]), `${this.name}-z.npy`);
  }

  saveJson() {
    const { model, seed } = this.room.state.values;
    // shortest decimals that stand for the same float32
    const z = Array.from(this.room.z, (value) => Number(value.toFixed(3)));
    const text = JSON.stringify({ model, seed, z }, null, 2);
    download(new Blob([text], { type: 'application/json' }), `${this.name}-z.json`);
  }

  async copyLink() {
    const { state, shell } = this.room;
    state.commit('replace');
    try {
      await navigator.clipboard.writeText(window.location.href);
      shell.say(t('save.copied'));
    } catch {
      shell.say(t('save.address'));
    }
  }
}
