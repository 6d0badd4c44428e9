/** What begins with a digit that is noised to a time and denoised from there: its source, its strength, its process. */

import { Process } from './process.js';
import { SourceDigit } from './source.js';
import { strength, toldRow } from './strength.js';
import { SETTING_KEYS } from './table.js';

/** @import { DenoiseRoom } from './index.js' */
/** @import { Values } from './table.js' */

/** What a change of makes another trajectory. */
const CAUSES = /** @type {(keyof Values)[]} */ ([...SETTING_KEYS, 'seed', 't', 'told']);

export class Sourced {
  /**
   * @param {DenoiseRoom} room
   * @param {object} options
   * @param {string} options.lane
   * @param {string} options.label  of the picture of what comes out
   * @param {string} options.strength  of the slider of the time
   * @param {ConstructorParameters<typeof Process>[3]} options.hooks  of the process
   */
  constructor(room, { lane, label, strength: name, hooks }) {
    this.room = room;
    this.source = SourceDigit.of(room);
    this.process = new Process(room, lane, label, hooks);
    this.told = toldRow(room);
    this.strength = strength(room, this.process, name);
  }

  enter() {
    const { values } = this.room.state;
    this.process.enter(values);
    this.show(values);
    this.source.enter(() => this.process.restart());
    this.process.restart();
  }

  leave() {
    this.source.leave();
    this.process.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (fromAddress) this.process.follow(values, changed);
    this.show(values);
    this.source.refresh();
    if (CAUSES.some((key) => changed.has(key))) this.process.restart();
  }

  /** @param {Values} values */
  show(values) {
    this.strength.set(values.t);
    this.told.show();
  }
}
