/** The Compare room: all families side by side. This file holds what the views share: the models and their figures. */

import { has, t } from '../../i18n/translate.js';
import { RoomFrame } from '../room.js';
import { fetchFigures } from './figures.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { Shell } from '../registry.js' */
/** @import { Measured } from './figures.js' */
/** @import { CompareState } from './table.js' */

/** @typedef {import('../room.js').RoomView<any>} RoomView */

/** @extends {RoomFrame<CompareState>} */
export class CompareRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {CompareState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'compare',
      models: 'none',
      views: {
        draw: async (room) => new (await import('./draw.js')).DrawView(room),
        figures: async (room) => new (await import('./ranking.js')).RankingView(room),
        pictures: async (room) => new (await import('./pictures.js')).PicturesView(room),
        tell: async (room) => new (await import('./tell.js')).TellView(room),
      },
    });
    /** @type {Promise<Measured[]> | null} */
    this.figuresAsked = null;
  }

  /** The figures of all models that were measured. */
  figures() {
    this.figuresAsked ??= fetchFigures(this.catalog);
    this.figuresAsked.catch(() => {
      this.figuresAsked = null;
    });
    return this.figuresAsked;
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
}
