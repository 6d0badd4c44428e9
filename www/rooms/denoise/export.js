/** What can be taken home of a trajectory: a strip of pictures, an animation, the numbers. */

import { number, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { download, npy } from '../../parts/save.js';
import { readLook } from '../../parts/theme.js';
import { KindError, SIDE } from '../../protocol.js';
import { gif, strip, webm, webmKind } from './film.js';

/** @import { Reel } from './film.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Lane } from './lane.js' */

/** @typedef {'png' | 'gif' | 'webm' | 'npy'} Format */

export class ExportBar {
  /**
   * @param {DenoiseRoom} room
   * @param {string} name  what the files are called
   * @param {() => Lane} lane
   */
  constructor(room, name, lane) {
    this.room = room;
    this.name = name;
    this.lane = lane;
    this.busy = false;
    this.words = h('p', { class: 'readout', role: 'status' });
    const formats = /** @type {Format[]} */ (['png', 'gif', 'webm', 'npy']).filter((format) => format !== 'webm' || webmKind());
    this.buttons = formats.map((format) => {
      const element = button({ label: t(`export.${format}`), onclick: () => this.save(format) });
      element.title = t(`export.title.${format}`);
      return element;
    });
    this.element = h(
      'div',
      { class: 'export save', role: 'group', 'aria-label': t('export.label') },
      h('span', { class: 'control-name' }, ICONS.save(), ' ', t('export.label')),
      ...this.buttons,
      this.words,
    );
  }

  /** @param {Format} format */
  async save(format) {
    const lane = this.lane();
    if (this.busy || !lane.trajectory) return;
    this.busy = true;
    for (const element of this.buttons) element.disabled = true;
    const claim = lane.serial;
    try {
      const file = await this.make(format, lane);
      const { model, seed } = this.room.state.values;
      download(file, `${this.name}-${model.replace(/[^\w.-]+/g, '_')}-${seed}.${format}`);
      this.words.textContent = t('export.done');
    } catch (error) {
      this.words.textContent = '';
      // the lane was started again or left meanwhile
      const gone = error instanceof KindError && ['interrupted', 'shape'].includes(error.kind) && !lane.holds(claim);
      if (!gone) this.room.shell.complain(error);
    } finally {
      this.busy = false;
      for (const element of this.buttons) element.disabled = false;
    }
  }

  /** @param {Format} format @param {Lane} lane @returns {Promise<Blob>} */
  async make(format, lane) {
    const { frames, batch } = /** @type {NonNullable<Lane['trajectory']>} */ (lane.trajectory);
    const { engine } = this.room;
    this.words.textContent = t('export.reading');
    if (format === 'npy') {
      const values = await engine.trajectory(lane.name, 'x_t');
      return npy(values, [frames, batch, SIDE, SIDE]);
    }
    const { ink, paper } = readLook(false);
    /** @type {Reel} */
    const reel = {
      frames,
      batch,
      ink,
      paper,
      read: (frame) => engine.frameValues(lane.name, 'x_t', frame),
      progress: (done, total) => (this.words.textContent = t('export.progress', { done: number(done), total: number(total) })),
    };
    if (format === 'png') return strip(reel);
    return format === 'gif' ? gif(reel) : webm(reel, webmKind() ?? '');
  }
}
