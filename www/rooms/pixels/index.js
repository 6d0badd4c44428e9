/**
 * The Pixel by pixel room: digits written in reading order, each pixel drawn from what the ones before it make likely.
 * This file holds what the views share: the models and the settings. Each view is a file of its own, fetched when it is
 * first opened.
 */

import { has, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { about } from './about.js';
import { Order } from './order.js';
import { Settings } from './settings.js';
import { TABLE, VIEWS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { PixelsState, Values, View } from './table.js' */

/** A model in the worker. @typedef {{id: string, info: ModelInfo, order: Order}} Loaded */

/**
 * What each view gives the room. A view is made when it is first opened and kept from then on.
 * @typedef {object} RoomView
 * @property {HTMLElement[]} panels  in sight while the view is open; `room.settings.panel` may be among them
 * @property {HTMLElement} below  under the stage: the text
 * @property {(model: Loaded) => void} enter  reads everything from `room.state` and computes
 * @property {() => void} leave  stops what moves and gives back what was computed
 * @property {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void} stateChanged  only while open
 */

/** Where the code of each view lies. @type {Record<View, () => Promise<new (room: PixelsRoom) => RoomView>>} */
const LOAD = {
  write: async () => (await import('./write.js')).WriteView,
  finish: async () => (await import('./finish.js')).FinishView,
  likelihood: async () => (await import('./likelihood.js')).LikelihoodView,
};

const FAMILY = 'autoregressive';

/** @implements {Room} */
export class PixelsRoom {
  /**
   * @param {EngineClient} engine
   * @param {PixelsState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** @type {Map<string, Loaded>} */
    this.loaded = new Map();
    /** @type {Map<View, Promise<RoomView>>} */
    this.views = new Map();
    /** @type {RoomView | null} */
    this.view = null;
    this.open = false;
    /** Counts what was asked for: what comes late for an older wish is dropped. */
    this.serial = 0;

    this.settings = new Settings(this);
    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`pixels.view.${value}`) })),
      chosen: (view) => this.state.set({ view }, 'push'),
    });
    this.models = h('div', { class: 'models' });
    this.stage = h('div', { class: 'stage pixels-stage' });
    this.below = h('div', { class: 'below' });
    this.about = h('aside', { class: 'about', 'aria-label': t('about.label') });
    this.element = h(
      'div',
      { class: 'room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('pixels.title')), h('p', { class: 'lead' }, t('pixels.lead'))),
      h('div', { class: 'room-bar' }, this.tabs.element, this.models),
      this.stage,
      h('div', { class: 'text' }, this.below, this.about),
    );
    state.subscribe((values, changed, fromAddress) => this.stateChanged(values, changed, fromAddress));
  }

  /** @param {CatalogRow[]} catalog */
  async enter(catalog) {
    this.catalog = catalog;
    this.open = true;
    this.showModels();
    await this.show();
  }

  leave() {
    this.open = false;
    this.serial += 1;
    this.close();
  }

  close() {
    this.view?.leave();
    this.view = null;
  }

  /** Opens the view of the address with the model of the address. */
  async show() {
    const { view: name, model: id } = this.state.values;
    const serial = (this.serial += 1);
    this.tabs.set(name);
    this.settings.show();
    try {
      const [view, model] = await Promise.all([this.makeView(name), this.load(id)]);
      // the person may have gone on meanwhile
      if (!this.open || serial !== this.serial || !model) return;
      this.close();
      this.view = view;
      this.stage.dataset.view = name;
      this.below.replaceChildren(view.below);
      this.stage.append(...view.panels);
      for (const element of this.stage.children) {
        /** @type {HTMLElement} */ (element).hidden = !view.panels.includes(/** @type {HTMLElement} */ (element));
      }
      this.showModels();
      view.enter(model);
      this.about.replaceChildren(...(await about(id, this.catalog.find((row) => row.id === id) ?? null, model.info)));
    } catch (error) {
      if (serial === this.serial) this.shell.complain(error);
    }
  }

  /** @param {View} name @returns {Promise<RoomView>} */
  makeView(name) {
    const known = this.views.get(name);
    if (known) return known;
    const made = LOAD[name]().then((Made) => new Made(this));
    this.views.set(name, made);
    // where its code did not arrive, the next visit asks again
    made.catch(() => this.views.delete(name));
    return made;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (!this.open) return;
    if (changed.has('view') || changed.has('model')) {
      this.showModels();
      this.show();
      return;
    }
    if (changed.has('temperature') || changed.has('seed')) this.settings.show();
    this.view?.stateChanged(values, changed, fromAddress);
  }

  /**
   * Loads a model of the catalog into the worker.
   * @param {string} id
   * @returns {Promise<Loaded | null>} null where there is no such model; another is then chosen
   */
  async load(id) {
    const known = this.loaded.get(id);
    if (known) return known;
    const row = this.catalog.find((entry) => entry.id === id);
    if (!row) {
      // what a link without a model means may be missing; what it names may not, without a word
      if (id !== TABLE.model.initial) this.shell.say(t('model.unknown', { name: id.replace(/^file:/, '') }));
      const first = this.catalog[0];
      if (first) this.state.set({ model: first.id }, 'replace');
      else this.shell.say(t('pixels.none'));
      return null;
    }
    return this.remember(id, await this.engine.load(row));
  }

  /** @param {string} id @param {ModelInfo} info */
  remember(id, info) {
    const loaded = { id, info, order: Order.of(info) };
    this.loaded.set(id, loaded);
    this.shell.settled();
    return loaded;
  }

  showModels() {
    const name = (/** @type {CatalogRow} */ { id, title }) => (has(`model.short.${id}`) ? t(`model.short.${id}`) : title);
    const options = this.catalog.map((row) => ({ value: row.id, label: name(row), title: row.title }));
    const files = [...this.loaded.keys()].filter((id) => !options.some(({ value }) => value === id));
    const picker = choice({
      label: t('model.label'),
      look: 'choice pills',
      options: [...options, ...files.map((id) => ({ value: id, label: id.replace(/^file:/, ''), title: '' }))],
      chosen: (model) => this.state.set({ model }, 'push'),
    });
    picker.set(this.state.values.model);
    const open = h('button', { type: 'button', class: 'button quiet', onclick: () => this.shell.chooseFile() }, t('model.open'));
    this.models.replaceChildren(picker.element, open);
  }

  /** @param {File} file */
  async openFile(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const id = `file:${file.name.replace(/[^\w. -]/g, '_').slice(-70)}`;
    const info = await this.engine.loadFile(id, bytes);
    if (info.config.family !== FAMILY) {
      this.shell.say(t('pixels.family', { name: file.name }));
      return;
    }
    this.remember(id, info);
    if (this.state.values.model === id) await this.show();
    else this.state.set({ model: id }, 'push');
  }
}
