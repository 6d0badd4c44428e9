/**
 * The Duel room: a generator against a discriminator. This file holds what the views share: the model, the controls of
 * the code, the tabs. Each view is a file of its own, fetched when it is first opened.
 */

import { has, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { about } from './about.js';
import { isIdx } from './idx.js';
import { DuelModel } from './model.js';
import { VIEWS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { DuelState, Values, View } from './table.js' */

/**
 * What each view gives the room. A view is made when it is first opened and kept from then on.
 * @typedef {object} RoomView
 * @property {HTMLElement[]} panels  in sight while the view is open
 * @property {HTMLElement} below  under the stage: the text
 * @property {(model: DuelModel) => void | Promise<void>} enter  reads everything from `room.state`
 * @property {() => void} leave  stops what moves, frees its scenes
 * @property {(values: Values, changed: Set<keyof Values>) => void | Promise<void>} stateChanged  only while open
 */

/** @typedef {new (room: DuelRoom) => RoomView} ViewClass */

/** Where the code of each view lies. @type {Record<View, () => Promise<ViewClass>>} */
const LOAD = {
  walk: async () => (await import('./walk.js')).WalkView,
  mix: async () => (await import('./mix.js')).MixView,
  judge: async () => (await import('./judge.js')).JudgeView,
  game: async () => (await import('./game.js')).GameView,
};

/** The one that can mix. */
const STYLE = 'style-gan';

/** @implements {Room} */
export class DuelRoom {
  /**
   * @param {EngineClient} engine
   * @param {DuelState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** Models that are in the worker. @type {Map<string, DuelModel>} */
    this.loaded = new Map();
    /** @type {DuelModel | null} */
    this.model = null;
    /** @type {Map<View, Promise<RoomView>>} */
    this.views = new Map();
    /** @type {RoomView | null} */
    this.view = null;
    /** In sight; until then the state may change without consequence. */
    this.open = false;
    /** Counts what the room was asked to show; an answer to an older question comes too late. */
    this.asked = 0;

    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`duel.view.${value}`) })),
      chosen: (view) => this.state.set({ view, ...this.modelFor(view) }, 'push'),
    });
    this.models = h('div', { class: 'models' });
    this.stage = h('div', { class: 'stage duel-stage' });
    this.below = h('div', { class: 'below' });
    this.about = h('aside', { class: 'about', 'aria-label': t('about.label') });
    this.element = h(
      'div',
      { class: 'room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('duel.title')), h('p', { class: 'lead' }, t('duel.lead'))),
      h('div', { class: 'room-bar' }, this.tabs.element, this.models),
      this.stage,
      h('div', { class: 'text' }, this.below, this.about),
    );
    state.subscribe((values, changed) => this.stateChanged(values, changed));
  }

  /** @param {CatalogRow[]} catalog */
  async enter(catalog) {
    this.catalog = catalog;
    this.open = true;
    await this.show();
  }

  leave() {
    this.open = false;
    this.asked += 1;
    this.closeView();
  }

  closeView() {
    this.view?.leave();
    this.view = null;
  }

  /** A view that the model cannot serve takes another. @param {View} view @returns {Partial<Values>} */
  modelFor(view) {
    const model = this.model?.id === this.state.values.model ? this.model : null;
    if (view === 'mix' && !model?.isStyle && this.catalog.some(({ id }) => id === STYLE)) return { model: STYLE };
    if (view === 'judge' && model && !model.judges) return { model: this.catalog.find(({ id }) => id !== model.id)?.id };
    return {};
  }

  showModels() {
    const { model } = this.state.values;
    const name = (/** @type {CatalogRow} */ { id, title }) => (has(`model.short.${id}`) ? t(`model.short.${id}`) : title);
    const options = this.catalog.map((row) => ({ value: row.id, label: name(row), title: row.title }));
    if (!this.catalog.some(({ id }) => id === model)) options.push({ value: model, label: model.replace(/^file:/, ''), title: '' });
    const picker = choice({
      label: t('model.label'),
      look: 'choice pills',
      options,
      chosen: (id) => this.state.set({ model: id, along: null, chosen: null }, 'push'),
    });
    picker.set(model);
    const open = h('button', { type: 'button', class: 'button quiet', onclick: () => this.shell.chooseFile() }, t('model.open'));
    this.models.replaceChildren(picker.element, open);
  }

  /** @param {string} id @returns {Promise<DuelModel>} */
  async load(id) {
    const known = this.loaded.get(id);
    if (known) return known;
    const row = this.catalog.find((entry) => entry.id === id) ?? null;
    const model = await DuelModel.load(this.engine, id, row);
    this.loaded.set(id, model);
    // a second model may come when nothing more is drawn
    this.shell.settled();
    return model;
  }

  /** The model and the view of the state, from the beginning. */
  async show() {
    const asked = (this.asked += 1);
    const { model: id, view: name } = this.state.values;
    this.tabs.set(name);
    this.showModels();
    if (!this.loaded.has(id) && !this.catalog.some((row) => row.id === id)) {
      if (this.catalog.length === 0) return;
      this.shell.say(t('model.unknown', { name: id.replace(/^file:/, '') }));
      this.state.set({ model: this.catalog[0].id, along: null }, 'replace');
      return;
    }
    try {
      const [model, view] = await Promise.all([this.load(id), this.makeView(name)]);
      // the person may have gone on meanwhile
      if (!this.open || this.asked !== asked) return;
      this.closeView();
      this.model = model;
      this.view = view;
      this.about.replaceChildren(...about(model));
      this.below.replaceChildren(view.below);
      this.stage.dataset.view = name;
      this.stage.replaceChildren(...view.panels);
      this.shell.settled();
      await view.enter(model);
    } catch (error) {
      if (this.asked !== asked) return;
      this.shell.complain(error);
      // what was in sight stays
      if (this.model && this.model.id !== id) this.state.set({ model: this.model.id }, 'replace');
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

  /** @param {File} file */
  async openFile(file) {
    if (isIdx(file)) {
      await this.openDigits(file);
      return;
    }
    const id = `file:${file.name.replace(/[^\w. -]/g, '_').slice(-70)}`;
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.loaded.set(id, await DuelModel.load(this.engine, id, null, bytes));
    } catch (error) {
      this.shell.complain(error);
      return;
    }
    if (this.state.values.model === id) await this.show();
    else this.state.set({ model: id, along: null, chosen: null }, 'push');
  }

  /** Real digits, which the game plays with. @param {File} file */
  async openDigits(file) {
    this.state.set({ view: 'game' }, 'push');
    try {
      const game = /** @type {import('./game.js').GameView} */ (await this.makeView('game'));
      await game.openReal(file);
    } catch (error) {
      this.shell.complain(error);
    }
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  async stateChanged(values, changed) {
    if (!this.open) return;
    if (changed.has('view') || changed.has('model')) {
      await this.show();
      return;
    }
    try {
      await this.view?.stateChanged(values, changed);
    } catch (error) {
      this.shell.complain(error);
    }
  }
}
