/**
 * How likely is my digit? One drawing, and every family answers in its own terms. Models are fetched when they are asked
 * for. There is one view, which ask.js holds.
 */

import { RoomFrame } from '../room.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Shell } from '../registry.js' */
/** @import { LikelyState } from './table.js' */

/** @extends {RoomFrame<LikelyState>} */
export class LikelyRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {LikelyState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'likely',
      models: 'none',
      views: { ask: async (room) => new (await import('./ask.js')).AskView(room) },
    });
  }
}
