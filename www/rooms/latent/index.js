/**
 * The Latent room: one model, one z, three ways to look at it (walk, interpolate, draw). This file holds what the views
 * share; each view is a file of its own.
 */

import { has, t } from '../../i18n/translate.js';
import { Pad } from '../../parts/pad.js';
import { REACH } from '../../parts/latent-sliders.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { roundZ } from '../../protocol.js';
import { about } from './about.js';
import { DrawView } from './draw.js';
import { InterpolateView } from './interpolate.js';
import { loadLatentModel } from './model.js';
import { VIEWS } from './table.js';
import { Plane } from './vectors.js';
import { WalkView } from './walk.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { LatentModel } from './model.js' */
/** @import { LatentState, Values, View } from './table.js' */

/**
 * What each view gives the room.
 * @typedef {object} RoomView
 * @property {(model: LatentModel) => HTMLElement[]} panels  in sight while the view is open
 * @property {HTMLElement} below  under the stage: figures of full width and the text
 * @property {(fromAddress: boolean) => void} enter
 * @property {() => void} leave
 * @property {(model: LatentModel) => void} modelChanged  also while the view is closed
 * @property {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void} stateChanged
 * @property {(z: Float32Array, input?: number) => void} zChanged
 * @property {(kind: 'z' | 'from' | 'to', a: number, b: number, input: number) => void} padMoved
 */

/** @implements {Room} */
export class LatentRoom {
  /**
   * @param {EngineClient} engine
   * @param {LatentState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** @type {LatentModel | null} */
    this.model = null;
    /** The id that was asked for last; answers for others come too late. */
    this.wanted = '';
    /** In sight; until then the state may change without consequence. */
    this.open = false;
    /** Models that are in the worker already, files among them. @type {Set<string>} */
    this.opened = new Set();
    /** @type {Float32Array} */
    this.z = new Float32Array(0);
    this.pad = new Pad(engine, { moved: (kind, a, b, input) => this.view?.padMoved(kind, a, b, input) });
    /** @type {Record<View, RoomView>} */
    this.views = { walk: new WalkView(this), interpolate: new InterpolateView(this), draw: new DrawView(this) };
    /** @type {RoomView | null} */
    this.view = null;

    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`view.${value}`) })),
      chosen: (view) => this.state.set({ view }, 'push'),
    });
    this.models = h('div', { class: 'models' });
    this.stage = h('div', { class: 'stage' });
    this.below = h('div', { class: 'below' });
    this.about = h('aside', { class: 'about', 'aria-label': t('about.label') });
    this.element = h(
      'div',
      { class: 'room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('room.title')), h('p', { class: 'lead' }, t('room.lead'))),
      h('div', { class: 'room-bar' }, this.tabs.element, this.models),
      this.stage,
      h('div', { class: 'text' }, this.below, this.about),
    );
    const all = /** @type {LatentModel} */ ({ zDim: 0 });
    // the drawing comes before what is made of it
    const { draw, walk, interpolate } = this.views;
    this.stage.append(...new Set([draw.panels(all)[0], ...[walk, interpolate, draw].flatMap((view) => view.panels(all))]));
    this.openView(false);
    state.subscribe((values, changed, fromAddress) => this.stateChanged(values, changed, fromAddress));
  }

  /** @param {CatalogRow[]} catalog */
  async enter(catalog) {
    this.catalog = catalog;
    this.open = true;
    if (this.view !== this.views[this.state.values.view]) this.openView(true);
    this.showModels();
    // the worker may have gone to another room's model meanwhile
    await this.openModel(this.state.values.model);
  }

  leave() {
    this.open = false;
    this.wanted = '';
    this.model = null;
    this.view?.leave();
  }

  showModels() {
    const { model } = this.state.values;
    // a model that has no short name yet goes by its title
    const name = (/** @type {CatalogRow} */ { id, title }) => (has(`model.short.${id}`) ? t(`model.short.${id}`) : title);
    const options = this.catalog.map((row) => ({ value: row.id, label: name(row), title: row.title }));
    if (!this.catalog.some(({ id }) => id === model)) options.push({ value: model, label: model.replace(/^file:/, ''), title: '' });
    const picker = choice({
      label: t('model.label'),
      look: 'choice pills',
      options,
      chosen: (id) => this.state.set({ model: id, z: null, frozen: [] }, 'push'),
    });
    picker.set(model);
    const open = h('button', { type: 'button', class: 'button quiet', onclick: () => this.shell.chooseFile() }, t('model.open'));
    this.models.replaceChildren(picker.element, open);
  }

  /**
   * @param {string} id
   * @param {Uint8Array<ArrayBuffer>} [bytes]  of a file that the person gave
   */
  async openModel(id, bytes) {
    this.wanted = id;
    const row = this.catalog.find((entry) => entry.id === id) ?? null;
    if (!row && !bytes && !this.opened.has(id)) {
      this.shell.say(t('model.unknown', { name: id.replace(/^file:/, '') }));
      const first = this.catalog[0];
      if (first) this.state.set({ model: first.id, z: null, frozen: [] }, 'replace');
      return;
    }
    let model;
    try {
      model = await loadLatentModel(this.engine, id, row, bytes);
    } catch (error) {
      if (this.wanted === id) this.modelRefused(error);
      return;
    }
    if (this.wanted !== id) return;
    this.model = model;
    this.opened.add(id);
    if (this.state.values.model !== id) this.state.set({ model: id, z: null, frozen: [] }, 'push');
    this.showModels();
    this.about.replaceChildren(...about(model));
    this.z = await this.zFromState();
    if (this.wanted !== id) return;
    this.showPanels();
    for (const view of Object.values(this.views)) view.modelChanged(model);
    this.view?.enter(true);
    this.view?.zChanged(this.z);
    this.shell.settled();
    if (bytes && model.info.assumptions?.length) this.shell.say(model.info.assumptions.join(' '));
  }

  /** The model before stays. @param {unknown} error */
  modelRefused(error) {
    this.shell.complain(error);
    if (this.model) {
      this.wanted = this.model.id;
      this.state.set({ model: this.model.id }, 'replace');
      this.showModels();
    }
  }

  /** @param {File} file */
  async openFile(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    await this.openModel(`file:${file.name.replace(/[^\w. -]/g, '_').slice(-70)}`, bytes);
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  async stateChanged(values, changed, fromAddress) {
    if (!this.open) return;
    if (changed.has('view')) this.openView(fromAddress);
    if (changed.has('model') && values.model !== this.wanted) {
      await this.openModel(values.model);
      return;
    }
    if (!this.model || values.model !== this.model.id) return;
    if (fromAddress && (changed.has('z') || changed.has('seed'))) {
      const z = await this.zFromState();
      this.z = z;
      this.view?.zChanged(z);
    }
    for (const view of Object.values(this.views)) view.stateChanged(values, changed, fromAddress);
  }

  /** @param {boolean} fromAddress */
  openView(fromAddress) {
    const name = this.state.values.view;
    this.tabs.set(name);
    this.stage.dataset.view = name;
    this.view?.leave();
    this.view = this.views[name];
    this.below.replaceChildren(this.view.below);
    this.showPanels();
    if (this.model) {
      this.view.enter(fromAddress);
      this.view.zChanged(this.z);
    }
  }

  showPanels() {
    const model = this.model ?? /** @type {LatentModel} */ ({ zDim: 2 });
    const shown = this.view?.panels(model) ?? [];
    for (const panel of this.stage.children) {
      /** @type {HTMLElement} */ (panel).hidden = !shown.includes(/** @type {HTMLElement} */ (panel));
    }
  }

  /** @returns {Promise<Float32Array>} */
  async zFromState() {
    const { z, seed } = this.state.values;
    const size = this.model?.zDim ?? 0;
    if (z && z.length === size) return roundZ(z);
    return roundZ(await this.engine.normal(seed, size));
  }

  /**
   * The person moved to another z.
   * @param {Float32Array} z
   * @param {object} [options]
   * @param {number} [options.input]  when, in ms since the epoch
   * @param {'push' | 'replace' | 'later'} [options.history]
   * @param {Partial<Values>} [options.also]  what changes with it
   */
  setZ(z, { input, history = 'later', also = {} } = {}) {
    this.z = z;
    this.view?.zChanged(z, input);
    this.state.set({ z: Array.from(z), ...also }, history);
  }

  /** The plane of a model with two latents. */
  axes() {
    return Plane.axes(REACH);
  }
}
