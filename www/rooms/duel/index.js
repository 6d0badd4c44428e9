/** The Duel room: a generator against a discriminator. This file holds what the views share: the model. */

import { number, t } from '../../i18n/translate.js';
import { RoomFrame } from '../room.js';
import { isIdx } from './idx.js';
import { DuelModel } from './model.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Fact } from '../about.js' */
/** @import { Known } from '../models.js' */
/** @import { Shell } from '../registry.js' */
/** @import { PageFile } from './model.js' */
/** @import { DuelState, View } from './table.js' */

/** @typedef {import('../room.js').RoomView<DuelModel>} RoomView */

/** The one that can mix. */
const STYLE = 'style-gan';

/** @extends {RoomFrame<DuelState, DuelModel>} */
export class DuelRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {DuelState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'duel',
      families: ['gan'],
      beside: 'page',
      views: {
        walk: async (room) => new (await import('./walk.js')).WalkView(room),
        mix: async (room) => new (await import('./mix.js')).MixView(room),
        judge: async (room) => new (await import('./judge.js')).JudgeView(room),
        game: async (room) => new (await import('./game.js')).GameView(room),
      },
    });
  }

  /** @override @param {Known} known @param {PageFile | null} page */
  prepare(known, page) {
    return new DuelModel(this.engine, known, page);
  }

  /** @override */
  modelPatch() {
    return { along: null, chosen: null };
  }

  /** A view that the model cannot serve takes another. @override @param {View} view */
  viewPatch(view) {
    const { model } = this;
    if (view === 'mix' && !model?.isStyle && this.catalog.some(({ id }) => id === STYLE)) return { model: STYLE };
    const judges = model && view === 'judge' && !model.judges && this.catalog.find(({ id }) => id !== model.id);
    return judges ? { model: judges.id } : {};
  }

  /** @override @param {DuelModel} model @returns {Fact[]} */
  about({ zDim, conditional, judges }) {
    return [
      [t('duel.about.code'), t('duel.about.numbers', { count: number(zDim) })],
      [t('duel.about.classes'), t(conditional ? 'denoise.classes.told' : 'denoise.classes.untold')],
      [t('duel.about.discriminator'), t(judges ? 'duel.about.shipped' : 'duel.about.left')],
    ];
  }

  /** Real digits, which the game plays with, or a model. @override @param {File} file */
  async openFile(file) {
    if (!isIdx(file)) {
      await super.openFile(file);
      return;
    }
    this.state.set({ view: 'game' }, 'push');
    const game = /** @type {import('./game.js').GameView} */ (await this.makeView('game'));
    await game.openReal(file);
  }
}
