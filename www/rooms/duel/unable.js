/** In place of a view that a model cannot serve: what it lacks, and a button that chooses one that has it. */

import { t } from '../../i18n/translate.js';
import { button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { shortName } from '../models.js';

/** @import { DuelRoom } from './index.js' */

export class Unable {
  /**
   * @param {DuelRoom} room
   * @param {object} options
   * @param {string} options.title  of the panel
   * @param {string} options.words  what is lacking
   * @param {string[]} options.models  that have it, the best first
   */
  constructor(room, { title, words, models }) {
    this.room = room;
    this.models = models;
    this.tools = h('div', { class: 'tools' });
    this.panel = panel('unable', title, [h('p', { class: 'verdict', role: 'status' }, words)], [this.tools]);
  }

  /** @returns {HTMLElement[]} the panels of the view */
  panels() {
    const { room } = this;
    const row = this.models.map((id) => room.catalog.find((entry) => entry.id === id)).find((entry) => entry !== undefined);
    this.tools.replaceChildren();
    if (row) {
      const choose = () => room.state.set({ model: row.id, ...room.modelPatch() }, 'push');
      this.tools.append(button({ label: t('duel.choose', { name: shortName(row) }), onclick: choose }));
    }
    return [this.panel];
  }
}
