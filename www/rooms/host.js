/** Shows one room at a time: the navigation in the page's head, and the place where the room stands. */

import { t } from '../i18n/translate.js';
import { h } from '../parts/dom.js';
import { Address, State } from '../state.js';
import { PAGE, ROOMS } from './registry.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { CatalogRow } from '../protocol.js' */
/** @import { Room, RoomRow, Shell } from './registry.js' */

export class RoomHost {
  /**
   * @param {EngineClient} engine
   * @param {Promise<CatalogRow[]>} catalog
   */
  constructor(engine, catalog) {
    this.engine = engine;
    this.catalog = catalog;
    /** @type {Shell | null} */
    this.shell = null;
    this.address = new Address();
    this.page = this.address.page = new State(this.address, PAGE);
    /** @type {Map<string, State<any>>} */
    this.states = new Map(ROOMS.map(({ id, table }) => [id, new State(this.address, table)]));
    /** Rooms that have been opened before. @type {Map<string, Promise<Room>>} */
    this.rooms = new Map();
    /** @type {Room | null} */
    this.room = null;
    this.links = new Map(
      ROOMS.map(({ id }) => [
        id,
        h('a', { href: `#room=${id}`, onclick: (/** @type {MouseEvent} */ event) => this.follow(event, id) }, t(`room.name.${id}`)),
      ]),
    );
    this.navigation = h('nav', { class: 'rooms', 'aria-label': t('rooms.label') }, ...this.links.values());
    this.navigation.hidden = ROOMS.length < 2;
    // why there is no catalog is said by the room that needs it
    catalog.then((rows) => this.offer(rows)).catch(() => {});
    this.place = h('main', { id: 'room', tabIndex: -1 });
    this.address.room = this.states.get(this.page.values.room) ?? null;
    this.page.subscribe((values, changed) => {
      if (!changed.has('room')) return;
      this.address.room = this.states.get(values.room) ?? null;
      this.open();
    });
  }

  /** Names the rooms that have models; one without can still be reached, with a file of one's own. @param {CatalogRow[]} rows */
  offer(rows) {
    for (const { id, families } of ROOMS) {
      const link = this.links.get(id);
      if (link) link.hidden = id !== this.page.values.room && !rows.some(({ family }) => families?.includes(family) ?? true);
    }
  }

  /** Opens the room of the address. @param {Shell} shell */
  start(shell) {
    this.shell = shell;
    return this.open();
  }

  /** @param {MouseEvent} event @param {string} id */
  follow(event, id) {
    // a new tab or window is the browser's matter
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (id === this.page.values.room) return;
    // a room is found as it was left
    this.address.commit('replace');
    this.address.room = this.states.get(id) ?? null;
    this.page.set({ room: id }, 'push');
  }

  async open() {
    const { shell } = this;
    const id = this.page.values.room;
    const row = ROOMS.find((candidate) => candidate.id === id);
    if (!shell || !row) return;
    for (const [name, link] of this.links) {
      if (name === id) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    document.title = t(`room.page.${id}`);
    try {
      const room = await this.make(row, shell);
      // the person may have gone on meanwhile
      if (this.page.values.room !== id || this.room === room) return;
      this.room?.leave();
      this.room = room;
      if (room.element.parentNode !== this.place) this.place.append(room.element);
      for (const element of this.place.children) /** @type {HTMLElement} */ (element).hidden = element !== room.element;
      const catalog = await this.catalog;
      if (this.room === room) await room.enter(catalog.filter(({ family }) => row.families?.includes(family) ?? true));
    } catch (error) {
      shell.complain(error);
    }
  }

  /** @param {RoomRow} row @param {Shell} shell @returns {Promise<Room>} */
  make(row, shell) {
    const known = this.rooms.get(row.id);
    if (known) return known;
    const state = /** @type {State<any>} */ (this.states.get(row.id));
    const made = row.load().then((Made) => new Made(this.engine, state, shell));
    this.rooms.set(row.id, made);
    // where its code did not arrive, the next visit asks again
    made.catch(() => this.rooms.delete(row.id));
    return made;
  }

  /** @param {File} file */
  async openFile(file) {
    try {
      await this.room?.openFile(file);
    } catch (error) {
      this.shell?.complain(error);
    }
  }
}
