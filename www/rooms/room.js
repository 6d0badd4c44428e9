/**
 * The frame that rooms share: head, tabs, choice of model, stage, text, margin note; files, refusals, late answers. A
 * room extends it, says what it is in a `Frame`, and has a file for each of its views:
 *
 *     export class ChairRoom extends RoomFrame {
 *       constructor(engine, state, shell) {
 *         super(engine, state, shell, {
 *           id: 'chair',                                   // words: room.title.chair, room.lead.chair, ...
 *           families: ['chair'],                           // of the files that it opens
 *           views: {
 *             sit: async (room) => new (await import('./sit.js')).SitView(room),
 *             turn: async (room) => new (await import('./turn.js')).TurnView(room),
 *           },
 *         });
 *         this.settings = new Settings(this);              // what the views share
 *       }
 *
 *       about({ info }) {                                  // beside what the note tells of every model
 *         return [[LEGS, number(info.config.legs)]];
 *       }
 *     }
 *
 * Words, in www/i18n: `room.title.ID`, `room.lead.ID`, `room.view.ID.VIEW` for each tab, `room.none.ID` where no model of
 * these families is there, `room.family.ID` with {name} for a file of another family; in a room without models of its own,
 * with {room} too, where it opens.
 *
 * The address (table.js) has `view: oneOf([...])` where there is more than one view, and `model` where `models` is not
 * 'none'. From there on:
 *
 * - A view is made when it is first opened, and kept. Its panels come into sight as soon as its code is there, inert until
 *   it is entered; `enter` reads everything from `room.state`. It is left and entered again with another model.
 * - A change of the address goes to `noted` of the room; one of neither view nor model then to `stateChanged` of the open
 *   view. What either throws, and what any `enter` throws, is told to the person.
 * - An answer may come too late: `const { claim } = room` before the question, `if (!room.holds(claim)) return` after it. A
 *   claim ends when another view or model is asked for, and when the room is left.
 * - A model that cannot be loaded leaves the one before in sight, and the address says so.
 *
 * `models` says how a room has models: 'one', the one of the address, which views are entered with; 'many': there is a
 * choice of the main one, but views load what they need by `load(id)` and are opened at once (Denoise, where two sides are
 * compared); 'none': no choice, no margin note (Compare, where all models are in sight).
 */

import { t } from '../i18n/translate.js';
import { choice } from '../parts/choice.js';
import { h } from '../parts/dom.js';
import { Models } from './models.js';
import { homeOf } from './registry.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { CatalogRow } from '../protocol.js' */
/** @import { State } from '../state.js' */
/** @import { Fact } from './about.js' */
/** @import { Known } from './models.js' */
/** @import { Room, Shell } from './registry.js' */

/**
 * @template M
 * @typedef {object} RoomView
 * @property {HTMLElement[] | ((model: M | null) => HTMLElement[])} panels  in sight while the view is open, in this order;
 *   views may share some
 * @property {HTMLElement} below  under the stage: the text
 * @property {(model: M, fromAddress: boolean) => void | Promise<void>} enter
 * @property {() => void} leave  stops what moves, gives back what was computed
 * @property {(values: any, changed: Set<any>, fromAddress: boolean) => void | Promise<void>} stateChanged  while open
 */

/**
 * @template M
 * @typedef {object} Frame
 * @property {string} id  as in the registry
 * @property {Record<string, (room: any) => Promise<RoomView<M>>>} views  by their names in the address, in the order of
 *   the tabs; a single one has no tab
 * @property {'one' | 'many' | 'none'} [models]
 * @property {string[]} [families]  of the files that the room opens
 * @property {string} [beside]  `<id>.<beside>.json`, which lies beside the weights and goes to `prepare`
 */

/**
 * @template {State<any>} S
 * @template {Known} [M=Known]
 * @implements {Room}
 */
export class RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {S} state
   * @param {Shell} shell
   * @param {Frame<M>} frame
   */
  constructor(engine, state, shell, { id, views, models = 'one', families = [], beside }) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    this.id = id;
    this.makers = views;
    this.mode = models;
    /** Those that can be chosen, and those that are known. @type {Models<M>} */
    this.models = new Models(this, { families, beside });
    /** The one that the open view was entered with. @type {M | null} */
    this.model = null;
    /** @type {Map<string, Promise<RoomView<M>>>} */
    this.views = new Map();
    /** @type {RoomView<M> | null} */
    this.view = null;
    /** In sight; until then the state may change without consequence. */
    this.open = false;
    /** Counts what was asked for: views and models. */
    this.claim = 0;

    // a single view needs no tab
    const names = Object.keys(views).filter((_, __, all) => all.length > 1);
    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: names.map((value) => ({ value, label: t(`room.view.${id}.${value}`) })),
      chosen: (view) => this.state.set({ view, ...this.viewPatch(view) }, 'push'),
    });
    this.stage = h('div', { class: `stage ${id}-stage` });
    this.below = h('div', { class: 'below' });
    const bar = [names.length > 0 ? this.tabs.element : h('span', {}), models === 'none' ? null : this.models.element];
    this.element = h(
      'div',
      { class: `room ${id}-room` },
      h('header', { class: 'room-head' }, h('h1', {}, t(`room.title.${id}`)), h('p', { class: 'lead' }, t(`room.lead.${id}`))),
      names.length > 0 || models !== 'none' ? h('div', { class: 'room-bar' }, ...bar) : null,
      this.stage,
      h('div', { class: 'text' }, this.below, models === 'none' ? null : this.models.margin),
    );
    state.subscribe((values, changed, fromAddress) => this.changed(values, changed, fromAddress));
    // what is shown first may need no model
    if (models === 'none') engine.on('backend', () => this.open && shell.settled());
  }

  /* What a room may say for itself. */

  /**
   * What the room wants to know of a model; refuses by throwing.
   * @param {Known} known
   * @param {any} _beside  the file beside the weights; null where there is none
   * @returns {M | Promise<M>}
   */
  prepare(known, _beside) {
    return /** @type {M} */ (/** @type {unknown} */ (known));
  }

  /**
   * The view of the address is about to be entered.
   * @param {M} _model  null where views do not wait for one
   * @param {boolean} _fromAddress
   * @returns {void | Promise<void>}
   */
  opened(_model, _fromAddress) {}

  /** What the margin note tells of a model. @param {M} _model @returns {Fact[]} */
  about(_model) {
    return [];
  }

  /**
   * The address changed; the open view is told next.
   * @param {any} _values
   * @param {Set<any>} _changed
   * @param {boolean} _fromAddress
   * @returns {void | Promise<void>}
   */
  noted(_values, _changed, _fromAddress) {}

  /** What else changes in the address with another model. @param {string} _id @returns {Record<string, unknown>} */
  modelPatch(_id) {
    return {};
  }

  /** What else changes in the address when the person opens a view. @param {string} _view @returns {Record<string, unknown>} */
  viewPatch(_view) {
    return {};
  }

  /** Whether models of a family can be chosen in the view of the address. @param {string} _family */
  offers(_family) {
    return true;
  }

  /** There is no such model: another is chosen. @param {string} id */
  missing(id) {
    // what a link without a model means may be missing; what it names may not, without a word
    if (id !== this.state.table.model.initial) this.shell.say(t('model.unknown', { name: id.replace(/^file:/, '') }));
    const first = this.catalog.find(({ family }) => this.offers(family)) ?? this.catalog[0];
    if (first) this.state.set({ model: first.id, ...this.modelPatch(first.id) }, 'replace');
    else this.shell.say(t(`room.none.${this.id}`));
  }

  /* What the page asks of it. */

  /** @param {CatalogRow[]} catalog */
  async enter(catalog) {
    this.models.catalog = catalog;
    this.open = true;
    await this.show(true);
  }

  leave() {
    this.open = false;
    this.claim += 1;
    this.model = null;
    this.closeView();
  }

  /** @param {File} file */
  async openFile(file) {
    const { name } = file;
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (this.mode === 'none') {
      const home = homeOf((await this.engine.inspect(bytes)).config.family);
      this.shell.say(home ? t(`room.family.${this.id}`, { name, room: t(`room.name.${home}`) }) : t('room.family.none', { name }));
      return;
    }
    const id = await this.engine.idOfFile(name, bytes);
    const model = await this.models.select(id, bytes, name);
    if (!model) return;
    if (this.model?.id === id) this.model = null;
    if (this.address.model === id) await this.show(true);
    else this.state.set({ model: id, ...this.modelPatch(id) }, 'push');
    if (model.info.assumptions?.length) this.shell.say(model.info.assumptions.join(' '));
  }

  /* The frame's own work. */

  /** Whether what was asked for under this claim is still wanted. @param {number} claim */
  holds(claim) {
    return this.open && claim === this.claim;
  }

  /** Opens the view of the address with the model of the address. @param {boolean} fromAddress */
  async show(fromAddress) {
    const claim = (this.claim += 1);
    const { view: name = Object.keys(this.makers)[0], model: id } = this.address;
    this.tabs.set(name);
    this.showModels();
    try {
      const coming = this.makeView(name);
      const one = this.mode === 'one';
      const model = one ? this.models.chosen(id) : null;
      // told below; until then it must not count as nobody's
      model?.catch(() => {});
      const view = await coming;
      if (!this.holds(claim)) return;
      if (!this.view) this.lay(name, view, one);
      const known = await model;
      if (!this.holds(claim) || (one && !known)) return;
      this.model = known;
      await this.opened(/** @type {M} */ (known), fromAddress);
      if (!this.holds(claim)) return;
      this.closeView();
      this.view = view;
      this.lay(name, view, false);
      this.showModels();
      if (this.mode !== 'many') this.shell.settled();
      await view.enter(/** @type {M} */ (known), fromAddress);
    } catch (error) {
      if (this.holds(claim)) this.refused(error, id);
    }
  }

  /** What was in sight stays. @param {unknown} error @param {string} id */
  refused(error, id) {
    this.shell.complain(error);
    if (this.model && this.model.id !== id) this.state.set({ model: this.model.id }, 'replace');
  }

  /** @param {string} name @param {RoomView<M>} view @param {boolean} waiting  for its model */
  lay(name, view, waiting) {
    this.stage.dataset.view = name;
    this.stage.inert = waiting;
    this.below.replaceChildren(view.below);
    this.layPanels(view);
  }

  /** The panels of a view, which may depend on the model and the address. */
  layPanels(view = this.view) {
    if (!view) return;
    const panels = typeof view.panels === 'function' ? view.panels(this.model) : view.panels;
    const { children } = this.stage;
    // what moves in the document loses the focus
    if (panels.length === children.length && panels.every((panel, i) => panel === children[i])) return;
    this.stage.replaceChildren(...panels);
  }

  closeView() {
    this.view?.leave();
    this.view = null;
  }

  /** @param {string} name @returns {Promise<RoomView<M>>} */
  makeView(name) {
    const known = this.views.get(name);
    if (known) return known;
    const made = this.makers[name](this);
    this.views.set(name, made);
    // where its code did not arrive, the next visit asks again
    made.catch(() => this.views.delete(name));
    return made;
  }

  /** @param {any} values @param {Set<any>} changed @param {boolean} fromAddress */
  async changed(values, changed, fromAddress) {
    if (!this.open) return;
    try {
      const noted = this.noted(values, changed, fromAddress);
      if (changed.has('view') || (changed.has('model') && this.mode === 'one')) {
        await this.show(fromAddress);
        return;
      }
      if (changed.has('model')) this.showModels();
      if (noted) await noted;
      await this.view?.stateChanged(values, changed, fromAddress);
    } catch (error) {
      this.shell.complain(error);
    }
  }

  /** Models of the room's families that the page brings. */
  get catalog() {
    return this.models.catalog;
  }

  /** What the address says, as far as the frame reads it. @returns {{model: string, view?: string}} */
  get address() {
    return /** @type {any} */ (this.state.values);
  }

  /** The model of the address as part of a file's name. */
  get fileName() {
    return this.address.model.replace(/[^\w.-]+/g, '_');
  }

  showModels() {
    if (this.mode !== 'none') this.models.show();
  }

  /**
   * A model of the catalog or a file, loaded where it is not.
   * @param {string} id
   * @returns {Promise<M | null>} null where there is no such model; another is then chosen
   */
  load(id) {
    return this.models.load(id);
  }
}
