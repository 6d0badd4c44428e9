/**
 * The Tasks room: from something that one wants to do to the families that can do it, live. This file holds what the
 * tasks share: the models and their figures. Each task is a file of its own, fetched when it is first opened.
 */

import { has, t } from '../../i18n/translate.js';
import { fetchFigures } from '../compare/figures.js';
import { RoomFrame } from '../room.js';
import { fetchTaskFigures } from './figures.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { Measured } from '../compare/figures.js' */
/** @import { Shell } from '../registry.js' */
/** @import { Figures } from './figures.js' */
/** @import { TasksState } from './table.js' */

/** @extends {RoomFrame<TasksState>} */
export class TasksRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {TasksState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'tasks',
      models: 'none',
      views: {
        generate: async (room) => new (await import('./generate.js')).GenerateView(room),
        complete: async (room) => new (await import('./complete.js')).CompleteView(room),
        detect: async (room) => new (await import('./detect.js')).DetectView(room),
        style: async (room) => new (await import('./style.js')).StyleView(room),
        augment: async (room) => new (await import('./augment.js')).AugmentView(room),
      },
    });
    /** @type {Promise<Measured[]> | null} */
    this.measured = null;
    /** @type {Promise<Figures> | null} */
    this.told = null;
  }

  /** What was measured of every model, whatever the task; of one that was not, what its file tells. */
  async measures() {
    this.measured ??= fetchFigures(this.catalog);
    this.measured.catch(() => (this.measured = null));
    const measured = await this.measured;
    return this.catalog.map((row) => measured.find(({ id }) => id === row.id) ?? unmeasured(row));
  }

  /** What was measured of the models at these tasks. */
  figures() {
    this.told ??= fetchTaskFigures(this.catalog);
    return this.told;
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

  /** The model of a family that a task begins with. @param {string} family @param {string} [preferred]  its id */
  modelOf(family, preferred) {
    const members = this.catalog.filter((row) => row.family === family);
    return members.find(({ id }) => id === preferred) ?? members[0] ?? null;
  }
}

/** @param {CatalogRow} row @returns {Measured} */
function unmeasured(row) {
  const cost = { parameters: NaN, bytes: row.bytes, flops_per_sample: null, sample_ms: null };
  return { row, id: row.id, command: '', samples: null, likelihood: null, cost, extra: {} };
}
