/** The models of a room: which can be chosen, which are in the worker, and what the margin tells of the chosen one. */

import { has, t } from '../i18n/translate.js';
import { choice } from '../parts/choice.js';
import { h } from '../parts/dom.js';
import { aboutModel, besides } from './about.js';

/** @import { CatalogRow, ModelInfo } from '../protocol.js' */
/** @import { RoomFrame } from './room.js' */

/**
 * A model in the worker. Rooms may know more of theirs; see `prepare` of the room.
 * @typedef {object} Known
 * @property {string} id
 * @property {CatalogRow | null} row  null for a file that the person gave
 * @property {ModelInfo} info
 * @property {number} bytes  of the weights file
 */

/** @template {Known} M */
export class Models {
  /**
   * @param {RoomFrame<any, M>} room
   * @param {object} options
   * @param {string[]} options.families  of the files that the room opens
   * @param {string} [options.beside]  which file beside the weights is fetched with them
   */
  constructor(room, { families, beside }) {
    this.room = room;
    this.families = families;
    this.beside = beside;
    /** @type {CatalogRow[]} */
    this.catalog = [];
    /** Models that were loaded, files among them. @type {Map<string, M>} */
    this.known = new Map();
    /** What is offered now. */
    this.offered = '';
    /** @type {ReturnType<typeof choice> | null} */
    this.picker = null;
    this.element = h('div', { class: 'models' });
    this.margin = h('aside', { class: 'about', 'aria-label': t('about.label') });
  }

  /**
   * The model of the address, selected in the worker, which may have gone to another room's meanwhile.
   * @param {string} id
   * @returns {Promise<M | null>} null where there is no such model; another is then chosen
   */
  async chosen(id) {
    const { model } = this.room;
    if (model?.id === id) return model;
    if (this.known.has(id) || this.catalog.some((row) => row.id === id)) return this.select(id);
    this.room.missing(id);
    return null;
  }

  /** A model that need not be the one of the address. @param {string} id @returns {Promise<M | null>} as `chosen` */
  async load(id) {
    return this.known.get(id) ?? this.chosen(id);
  }

  /**
   * Loads a model into the worker and selects it there.
   * @param {string} id
   * @param {Uint8Array<ArrayBuffer>} [bytes]  of a file that the person gave
   * @param {string} [name]  of that file
   * @returns {Promise<M | null>} null for a file of another family, which is told
   */
  async select(id, bytes, name = '') {
    const { engine, shell } = this.room;
    const row = this.catalog.find((entry) => entry.id === id) ?? null;
    const size = bytes?.byteLength ?? row?.bytes ?? 0;
    const known = bytes ? undefined : this.known.get(id);
    const [info, beside] = await Promise.all([
      // the worker keeps the bytes of a file
      row ? engine.load(row) : engine.loadFile(id, bytes ?? new Uint8Array(0)),
      row && this.beside && !known ? besides(row.id, this.beside) : null,
    ]);
    if (!row && !this.families.includes(info.config.family)) {
      shell.say(t(`room.family.${this.room.id}`, { name }));
      return null;
    }
    const model = known ?? (await this.room.prepare({ id, row, info, bytes: size }, beside));
    this.known.set(id, model);
    shell.settled();
    this.show();
    return model;
  }

  /** Those of the catalog and the files that were opened, as far as the view can use them. */
  options() {
    const { room } = this;
    const rows = this.catalog.filter(({ family }) => room.offers(family));
    const files = [...this.known.values()].filter(({ row, info }) => !row && room.offers(info.config.family));
    return [
      ...rows.map((row) => ({ value: row.id, label: shortName(row), title: row.title })),
      ...files.map(({ id }) => ({ value: id, label: id.replace(/^file:/, ''), title: '' })),
    ];
  }

  /** Brings the choice and the note up to date with the address. */
  show() {
    const { shell, state } = this.room;
    const options = this.options();
    const offered = options.map(({ value }) => value).join('/');
    // who goes through the choice with the keyboard stays in it
    if (!this.picker || offered !== this.offered) {
      this.offered = offered;
      this.picker = choice({
        label: t('model.label'),
        look: 'choice pills',
        options,
        chosen: (model) => state.set({ model, ...this.room.modelPatch(model) }, 'push'),
      });
      const open = h('button', { type: 'button', class: 'button quiet', onclick: () => shell.chooseFile() }, t('model.open'));
      this.element.replaceChildren(this.picker.element, open);
    }
    this.picker.set(state.values.model);
    const model = this.known.get(state.values.model);
    if (model) this.margin.replaceChildren(...aboutModel(model, this.room.about(model)));
  }
}

/** What a model is called in a choice; one that has no short name yet goes by its title. @param {CatalogRow} row */
export function shortName({ id, title }) {
  return has(`model.short.${id}`) ? t(`model.short.${id}`) : title;
}
