/**
 * The Denoise room: digits come out of noise, step by step. This file holds what the views share: the models, the lanes
 * in the worker, the controls. Each view is a file of its own, fetched when it is first opened.
 */

import { has, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { about } from './about.js';
import { Controls } from './controls.js';
import { Lane } from './lane.js';
import { NO_CLASS, SUGGESTED, TABLE, VIEWS, settingsOf } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo, Spec, Trajectory } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { DenoiseState, Side, Values, View } from './table.js' */

/**
 * What each view gives the room. A view is made when it is first opened and kept from then on. It computes in lanes of
 * its own (`room.lane(name)`, then `room.run(lane, side)`), which the room releases when the view or the room is left.
 * @typedef {object} RoomView
 * @property {HTMLElement[]} panels  in sight while the view is open; `room.controls.panel` may be among them
 * @property {HTMLElement} below  under the stage: the text
 * @property {(fromAddress: boolean) => void} enter  reads everything from `room.state`, and starts its lanes
 * @property {() => void} leave  stops what moves
 * @property {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void} stateChanged  only while open
 */

/** @typedef {new (room: DenoiseRoom) => RoomView} ViewClass */

/** Where the code of each view lies. @type {Record<View, () => Promise<ViewClass>>} */
const LOAD = {
  watch: async () => (await import('./watch.js')).WatchView,
  forward: async () => (await import('./forward.js')).ForwardView,
  steer: async () => (await import('./steer.js')).SteerView,
  quality: async () => (await import('./quality.js')).QualityView,
};

/** What the digits of a lane are, and how they stand. */
/** @typedef {{classes: number[], columns: number, rows: number, shared: boolean}} Arrangement */

/** @implements {Room} */
export class DenoiseRoom {
  /**
   * @param {EngineClient} engine
   * @param {DenoiseState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** What is known of the models that are in the worker. @type {Map<string, ModelInfo>} */
    this.infos = new Map();
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    /** @type {Map<View, Promise<RoomView>>} */
    this.views = new Map();
    /** @type {RoomView | null} */
    this.view = null;
    /** In sight; until then the state may change without consequence. */
    this.open = false;

    this.controls = new Controls(this);
    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`denoise.view.${value}`) })),
      chosen: (view) => this.state.set({ view }, 'push'),
    });
    this.models = h('div', { class: 'models' });
    this.stage = h('div', { class: 'stage denoise-stage' });
    this.below = h('div', { class: 'below' });
    this.about = h('aside', { class: 'about', 'aria-label': t('about.label') });
    this.element = h(
      'div',
      { class: 'room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('denoise.title')), h('p', { class: 'lead' }, t('denoise.lead'))),
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
    this.controls.show();
    await this.openView(true);
  }

  leave() {
    this.open = false;
    this.closeView();
  }

  closeView() {
    this.view?.leave();
    this.view = null;
    for (const lane of this.lanes.values()) lane.release();
  }

  /** @param {boolean} fromAddress */
  async openView(fromAddress) {
    const name = this.state.values.view;
    this.tabs.set(name);
    let view;
    try {
      view = await this.makeView(name);
    } catch (error) {
      this.shell.complain(error);
      return;
    }
    // the person may have gone on meanwhile
    if (!this.open || this.state.values.view !== name || this.view === view) return;
    this.closeView();
    this.view = view;
    this.stage.dataset.view = name;
    this.below.replaceChildren(view.below);
    // views share panels: each has them in its own order
    this.stage.append(...view.panels);
    for (const element of this.stage.children) {
      /** @type {HTMLElement} */ (element).hidden = !view.panels.includes(/** @type {HTMLElement} */ (element));
    }
    view.enter(fromAddress);
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
    if (changed.has('model')) this.showModels();
    // the playhead moves with every frame that is played or scrubbed
    if ([...changed].some((key) => key !== 'at')) this.controls.show();
    if (changed.has('view')) this.openView(fromAddress);
    else this.view?.stateChanged(values, changed, fromAddress);
  }

  /**
   * A trajectory of the open view. It is released with the view.
   * @param {string} name  unique among all views
   * @param {(lane: Lane) => void} changed
   */
  lane(name, changed) {
    const lane = new Lane(this.engine, name, changed);
    this.lanes.set(name, lane);
    return lane;
  }

  /**
   * Starts a lane with the settings of one side; the model is loaded first. What goes wrong is told to the person.
   * @param {Lane} lane
   * @param {Side} side
   * @param {Partial<Spec>} [instead]  parts of the spec that are not as the controls say
   * @param {{source?: Float32Array, mask?: Float32Array}} [given]
   * @returns {Promise<Trajectory | null>} null where it failed, or where the lane was started again meanwhile
   */
  async run(lane, side, instead = {}, given = {}) {
    const claim = lane.claim();
    try {
      const info = await this.info(settingsOf(this.state.values, side).model);
      if (!info || !lane.holds(claim)) return null;
      return await lane.run({ ...this.spec(side, info), ...instead }, given, claim);
    } catch (error) {
      if (lane.holds(claim)) this.shell.complain(error);
      return null;
    }
  }

  /** How the digits stand. @param {ModelInfo | undefined} info @param {Side} side @returns {Arrangement} */
  arrangement(info, side) {
    const { grid } = this.state.values;
    const { digit } = settingsOf(this.state.values, side);
    // a network that was never told classes knows none
    const label = (/** @type {number} */ wanted) => (info?.config.conditional === false ? NO_CLASS : wanted);
    if (grid === 'one') return { classes: [label(digit)], columns: 1, rows: 1, shared: true };
    if (grid === 'seeds') return { classes: new Array(16).fill(label(digit)), columns: 4, rows: 4, shared: false };
    return { classes: Array.from({ length: 10 }, (_, other) => label(other)), columns: 5, rows: 2, shared: true };
  }

  /** @param {Side} side @param {ModelInfo} info @returns {Spec} */
  spec(side, info) {
    const { model, sampler, steps, spacing, eta, guidance } = settingsOf(this.state.values, side);
    const { classes, shared } = this.arrangement(info, side);
    return {
      model,
      sampler,
      steps,
      spacing,
      eta: sampler === 'ddim' ? eta : 0,
      // there is nothing to be guided away from without a class
      guidance_scale: classes.every((label) => label === NO_CLASS) ? 0 : guidance,
      classes,
      seed: this.state.values.seed,
      shared_noise: shared,
      start: { kind: 'noise' },
      direction: 'denoise',
    };
  }

  /**
   * Loads a model of the catalog into the worker.
   * @param {string} id
   * @returns {Promise<ModelInfo | null>} null where there is no such model; another is then chosen
   */
  async info(id) {
    const known = this.infos.get(id);
    if (known) return known;
    const row = this.catalog.find((entry) => entry.id === id);
    if (!row) {
      // what a link without a model means may be missing; what it names may not, without a word
      if (id !== TABLE.model.initial) this.shell.say(t('model.unknown', { name: id.replace(/^file:/, '') }));
      const first = this.catalog[0];
      if (first) this.state.set({ model: first.id, model2: null }, 'replace');
      else this.shell.say(t('denoise.none'));
      return null;
    }
    const info = await this.engine.load(row);
    this.remember(id, info);
    return info;
  }

  /** @param {string} id @param {ModelInfo} info */
  remember(id, info) {
    this.infos.set(id, info);
    this.shell.settled();
    this.showModels();
    this.controls.show();
  }

  /** The models that can be chosen: those of the catalog and the files that were opened. */
  choices() {
    const name = (/** @type {CatalogRow} */ { id, title }) => (has(`model.short.${id}`) ? t(`model.short.${id}`) : title);
    const options = this.catalog.map((row) => ({ value: row.id, label: name(row), title: row.title }));
    const files = [...this.infos.keys()].filter((id) => !options.some(({ value }) => value === id));
    return [...options, ...files.map((id) => ({ value: id, label: id.replace(/^file:/, ''), title: '' }))];
  }

  showModels() {
    const { model } = this.state.values;
    const picker = choice({
      label: t('model.label'),
      look: 'choice pills',
      options: this.choices(),
      chosen: (id) => this.state.set({ model: id, ...SUGGESTED[id] }, 'push'),
    });
    picker.set(model);
    const open = h('button', { type: 'button', class: 'button quiet', onclick: () => this.shell.chooseFile() }, t('model.open'));
    this.models.replaceChildren(picker.element, open);
    const info = this.infos.get(model);
    const row = this.catalog.find(({ id }) => id === model) ?? null;
    this.about.replaceChildren(...(info ? about(model, row, info) : []));
  }

  /** @param {File} file */
  async openFile(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const id = `file:${file.name.replace(/[^\w. -]/g, '_').slice(-70)}`;
    const info = await this.engine.loadFile(id, bytes);
    if (info.config.family !== 'denoiser') {
      this.shell.say(t('denoise.family', { name: file.name }));
      return;
    }
    this.remember(id, info);
    this.state.set({ model: id }, 'push');
  }
}
