/**
 * The Tasks room: from something that one wants to do to the families that can do it, live. This file holds what the
 * tasks share: the models, their figures, the tabs. Each task is a file of its own, fetched when it is first opened.
 */

import { has, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { fetchFigures } from '../compare/figures.js';
import { fetchTaskFigures } from './figures.js';
import { VIEWS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { Measured } from '../compare/figures.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { Figures } from './figures.js' */
/** @import { TasksState, Values, View } from './table.js' */

/**
 * What each view gives the room. A view is made when it is first opened and kept from then on.
 * @typedef {object} RoomView
 * @property {HTMLElement[]} panels  in sight while the view is open
 * @property {HTMLElement} below  under the stage: the text
 * @property {() => void | Promise<void>} enter  reads everything from `room.state`
 * @property {() => void} leave  stops what moves and gives back what was computed
 * @property {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void | Promise<void>} stateChanged  only while open
 */

/** Where the code of each view lies. @type {Record<View, () => Promise<new (room: TasksRoom) => RoomView>>} */
const LOAD = {
  generate: async () => (await import('./generate.js')).GenerateView,
};

/** @implements {Room} */
export class TasksRoom {
  /**
   * @param {EngineClient} engine
   * @param {TasksState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** @type {Promise<Measured[]> | null} */
    this.measured = null;
    /** @type {Promise<Figures> | null} */
    this.told = null;
    /** @type {Map<View, Promise<RoomView>>} */
    this.views = new Map();
    /** @type {RoomView | null} */
    this.view = null;
    this.open = false;
    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`room.view.tasks.${value}`) })),
      chosen: (view) => this.state.set({ view }, 'push'),
    });
    this.stage = h('div', { class: 'stage tasks-stage' });
    this.below = h('div', { class: 'below' });
    this.element = h(
      'div',
      { class: 'room tasks-room families' },
      h('header', { class: 'room-head' }, h('h1', {}, t('room.title.tasks')), h('p', { class: 'lead' }, t('room.lead.tasks'))),
      h('div', { class: 'room-bar' }, this.tabs.element),
      this.stage,
      h('div', { class: 'text' }, this.below),
    );
    state.subscribe((values, changed, fromAddress) => this.stateChanged(values, changed, fromAddress));
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
    this.shell.settled();
    await view.enter();
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

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  async stateChanged(values, changed, fromAddress) {
    if (!this.open) return;
    try {
      if (changed.has('view')) await this.openView();
      else await this.view?.stateChanged(values, changed, fromAddress);
    } catch (error) {
      this.shell.complain(error);
    }
  }

  /** What was measured of every model, whatever the task; of one that was not, what its file tells. */
  async measures() {
    this.measured ??= fetchFigures(this.catalog);
    this.measured.catch(() => (this.measured = null));
    const measured = await this.measured;
    return this.catalog.map((row) => measured.find(({ id }) => id === row.id) ?? unmeasured(row));
  }

  /** What was measured of the models at these tasks. */
  figures() {
    this.told ??= fetchTaskFigures(this.catalog);
    return this.told;
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

  /** This room opens no files. @param {File} file */
  async openFile(file) {
    this.shell.say(t('room.family.tasks', { name: file.name }));
  }
}

/** @param {CatalogRow} row @returns {Measured} */
function unmeasured(row) {
  const cost = { parameters: NaN, bytes: row.bytes, flops_per_sample: null, sample_ms: null };
  return { row, id: row.id, command: '', samples: null, likelihood: null, cost, extra: {} };
}
