/**
 * The Energy room: every picture has an energy, digits lie where it is low, and chains wander down to them. This file
 * holds what the views share: the model, the picture to begin with, the settings. Each view is a file of its own.
 */

import { has, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { about, measuresOf } from './about.js';
import { ChainsView } from './chains.js';
import { FieldsView } from './fields.js';
import { Given } from './given.js';
import { kindOf } from './kinds.js';
import { MeasureView } from './measure.js';
import { RepairView } from './repair.js';
import { Settings } from './settings.js';
import { VIEWS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Room, Shell } from '../registry.js' */
/** @import { EnergyModel } from './kinds.js' */
/** @import { EnergyState, Values, View } from './table.js' */

/**
 * What each view gives the room.
 * @typedef {object} RoomView
 * @property {() => HTMLElement[]} panels  in sight while the view is open
 * @property {HTMLElement} below  under the stage: the text
 * @property {() => void} enter  reads everything from the room, and begins its chains
 * @property {() => void} leave
 * @property {() => void} modelChanged
 * @property {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void} stateChanged  only while open
 */

/** @implements {Room} */
export class EnergyRoom {
  /**
   * @param {EngineClient} engine
   * @param {EnergyState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    this.engine = engine;
    this.state = state;
    this.shell = shell;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** @type {EnergyModel | null} */
    this.model = null;
    /** The id that was asked for last; answers for others come too late. */
    this.wanted = '';
    /** Files that the person gave; they stay in the worker. @type {Map<string, EnergyModel>} */
    this.files = new Map();
    /** In sight; until then the state may change without consequence. */
    this.open = false;
    this.given = new Given(this);
    this.settings = new Settings(this);
    /** @type {Record<View, RoomView>} */
    this.views = {
      chains: new ChainsView(this),
      repair: new RepairView(this),
      measure: new MeasureView(this),
      fields: new FieldsView(this),
    };
    /** @type {RoomView | null} */
    this.view = null;
    this.tabs = choice({
      label: t('view.label'),
      look: 'choice tabs',
      options: VIEWS.map((value) => ({ value, label: t(`energy.view.${value}`) })),
      chosen: (view) => this.choose(view),
    });
    this.models = h('div', { class: 'models' });
    this.stage = h('div', { class: 'stage energy-stage' });
    this.below = h('div', { class: 'below' });
    this.about = h('aside', { class: 'about', 'aria-label': t('about.label') });
    this.element = h(
      'div',
      { class: 'room' },
      h('header', { class: 'room-head' }, h('h1', {}, t('energy.title')), h('p', { class: 'lead' }, t('energy.lead'))),
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
    // the worker may have gone to another room's model meanwhile
    await this.openModel(this.state.values.model);
  }

  leave() {
    this.open = false;
    this.wanted = '';
    this.model = null;
    this.view?.leave();
    this.view = null;
  }

  /** Only an RBM has hidden units with a field each. @param {View} view */
  choose(view) {
    const rbm = this.catalog.find(({ family }) => family === 'rbm');
    const other = view === 'fields' && this.model?.kind.family !== 'rbm' && rbm;
    this.state.set(other ? { view, model: rbm.id } : { view }, 'push');
  }

  showModels() {
    const { model } = this.state.values;
    // a model that has no short name yet goes by its title
    const name = (/** @type {CatalogRow} */ { id, title }) => (has(`model.short.${id}`) ? t(`model.short.${id}`) : title);
    const options = this.catalog.map((row) => ({ value: row.id, label: name(row), title: row.title }));
    for (const id of this.files.keys()) options.push({ value: id, label: id.replace(/^file:/, ''), title: '' });
    const picker = choice({
      label: t('model.label'),
      look: 'choice pills',
      options,
      chosen: (id) => this.state.set({ model: id }, 'push'),
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
    if (!row && !bytes && !this.files.has(id)) {
      if (this.catalog.length > 0) this.shell.say(t('model.unknown', { name: id.replace(/^file:/, '') }));
      const first = this.catalog[0];
      if (!first) this.shell.say(t('energy.none'));
      else this.state.set({ model: first.id }, 'replace');
      return;
    }
    try {
      const model = await this.load(id, row, bytes);
      if (this.wanted !== id) return;
      this.model = model;
    } catch (error) {
      if (this.wanted !== id) return;
      // the model before stays
      this.shell.complain(error);
      this.wanted = this.model?.id ?? '';
      if (this.model) this.state.set({ model: this.model.id }, 'replace');
      this.showModels();
      return;
    }
    const { kind } = this.model;
    const { view } = this.state.values;
    this.state.set({ model: id, ...(view === 'fields' && kind.family !== 'rbm' ? { view: /** @type {View} */ ('chains') } : {}) }, bytes ? 'push' : 'replace');
    this.showModels();
    this.settings.show();
    if (this.view) this.view.modelChanged();
    else this.openView();
    this.shell.settled();
    this.about.replaceChildren(...about(this.model, null));
    const measures = row ? await measuresOf(row.id) : null;
    if (this.model?.id !== id) return;
    this.model.logZ = measures?.extra['log Z'];
    this.about.replaceChildren(...about(this.model, measures));
  }

  /**
   * @param {string} id
   * @param {CatalogRow | null} row
   * @param {Uint8Array<ArrayBuffer>} [bytes]
   * @returns {Promise<EnergyModel>}
   */
  async load(id, row, bytes) {
    const known = this.files.get(id);
    if (known && !bytes) return known;
    const size = bytes?.byteLength ?? row?.bytes ?? 0;
    const info = row ? await this.engine.load(row) : await this.engine.loadFile(id, bytes ?? new Uint8Array(0));
    const kind = kindOf(info.config);
    if (!kind) throw Object.assign(new Error(t('energy.family', { name: id.replace(/^file:/, '') })), { kind: 'unsupported' });
    /** @type {EnergyModel} */
    const model = { id, row, info, bytes: size, kind };
    if (!row) this.files.set(id, model);
    return model;
  }

  /** @param {File} file */
  async openFile(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    await this.openModel(`file:${file.name.replace(/[^\w. -]/g, '_').slice(-70)}`, bytes);
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (!this.open) return;
    this.settings.show();
    if (changed.has('model') && values.model !== this.wanted) this.openModel(values.model);
    if (changed.has('view')) {
      this.openView();
      return;
    }
    if (fromAddress && ['source', 'example', 'ink'].some((key) => changed.has(/** @type {keyof Values} */ (key)))) this.given.refresh();
    else if (changed.has('source') || changed.has('example')) this.given.refresh();
    this.view?.stateChanged(values, changed, fromAddress);
  }

  openView() {
    const name = this.state.values.view;
    this.tabs.set(name);
    this.view?.leave();
    this.view = this.views[name];
    this.stage.dataset.view = name;
    this.below.replaceChildren(this.view.below);
    this.showPanels();
    this.view.enter();
  }

  showPanels() {
    if (this.view) this.stage.replaceChildren(...this.view.panels());
  }
}

