/**
 * The Compare room: all families side by side. This file holds what the views share: the models and their figures. Each
 * view is a file of its own, fetched when it is first opened.
 */

import { has, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { fetchFigures } from './figures.js';
import { VIEWS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { Measured } from './figures.js' */
/** @import { CompareState, Values, View } from './table.js' */

/**
 * What each view gives the room. A view is made when it is first opened and kept from then on.
 * @typedef {object} RoomView
 * @property {HTMLElement[]} panels  in sight while the view is open
 * @property {HTMLElement} below  under the stage: the text
 * @property {() => void} enter  reads everything from `room.state`
 * @property {() => void} leave  stops what moves
 * @property {(values: Values, changed: Set<keyof Values>) => void} stateChanged  only while open
 */

/** @typedef {new (room: CompareRoom) => RoomView} ViewClass */

/** Where the code of each view lies. @type {Record<View, () => Promise<ViewClass>>} */
const LOAD = {
  draw: async () => (await import('./draw.js')).DrawView,
  figures: async () => (await import('./ranking.js')).RankingView,
  pictures: async () => (await import('./pictures.js')).PicturesView,
  tell: async () => (await import('./tell.js')).TellView,
};

/** @implements {Room} */
export class CompareRoom {
  /**
   * @param {EngineClient} engine
   * @param {CompareState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** @type {Promise<Measured[]> | null} */
    this.asked = null;
    /** @type {Map<View, Promise<RoomView>>} */
    this.views = new Map();
    /** @type {RoomView | null} */
    this.view = null;
    this.open = false;
    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`compare.view.${value}`) })),
      chosen: (view) => this.state.set({ view }, 'push'),
    });
    this.stage = h('div', { class: 'stage compare-stage' });
    this.below = h('div', { class: 'below' });
    this.element = h(
      'div',
      { class: 'room compare-room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('compare.title')), h('p', { class: 'lead' }, t('compare.lead'))),
      h('div', { class: 'room-bar' }, this.tabs.element),
      this.stage,
      h('div', { class: 'text' }, this.below),
    );
    state.subscribe((values, changed) => this.stateChanged(values, changed));
    // what is shown first may be figures only
    engine.on('backend', () => this.open && shell.settled());
  }

  /** @param {CatalogRow[]} catalog */
  async enter(catalog) {
    this.catalog = catalog;
    this.open = true;
    await this.openView();
  }

  leave() {
    this.open = false;
    this.view?.leave();
    this.view = null;
  }

  async openView() {
    const name = this.state.values.view;
    this.tabs.set(name);
    const view = await this.make(name);
    // the person may have gone on meanwhile
    if (!this.open || this.state.values.view !== name || this.view === view) return;
    this.view?.leave();
    this.view = view;
    this.stage.dataset.view = name;
    this.stage.replaceChildren(...view.panels);
    this.below.replaceChildren(view.below);
    view.enter();
    this.shell.settled();
  }

  /** @param {View} name */
  make(name) {
    const known = this.views.get(name);
    if (known) return known;
    const made = LOAD[name]().then((Made) => new Made(this));
    this.views.set(name, made);
    // where its code did not arrive, the next visit asks again
    made.catch(() => this.views.delete(name));
    return made;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    if (!this.open) return;
    if (changed.has('view')) this.openView().catch(this.shell.complain);
    else this.view?.stateChanged(values, changed);
  }

  /** The figures of all models that were measured. */
  figures() {
    this.asked ??= fetchFigures(this.catalog);
    this.asked.catch(() => {
      this.asked = null;
    });
    return this.asked;
  }

  /** A name that tells the family too. @param {CatalogRow} row */
  name({ id, title }) {
    return has(`compare.name.${id}`) ? t(`compare.name.${id}`) : title;
  }

  /** Loads a model into the worker. @param {CatalogRow} row @returns {Promise<ModelInfo>} */
  async info(row) {
    const info = await this.engine.load(row);
    this.shell.settled();
    return info;
  }

  /** This room opens no files. */
  async openFile() {
    this.shell.say(t('compare.files'));
  }
}
