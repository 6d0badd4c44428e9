/** The Flow room: a picture and its noise are two views of one point. There is one view, which point.js holds. */

import { number, t } from '../../i18n/translate.js';
import { RoomFrame } from '../room.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Fact } from '../about.js' */
/** @import { Known } from '../models.js' */
/** @import { Shell } from '../registry.js' */
/** @import { FlowState } from './table.js' */

/** What the config of a flow says. @typedef {{levels: object[], top: {couplings: number}, components: number, side: number}} FlowConfig */

/** @extends {RoomFrame<FlowState>} */
export class FlowRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {FlowState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'flow',
      families: ['flow'],
      views: { point: async (room) => new (await import('./point.js')).PointView(room) },
    });
  }

  /** @override @param {Known} model @returns {Fact[]} */
  about({ info }) {
    const { levels, top, components } = /** @type {FlowConfig} */ (/** @type {unknown} */ (info.config));
    return [
      [t('flow.about.couplings'), number(3 * levels.length + top.couplings)],
      [t('flow.about.map'), t('flow.about.mixtures', { count: components })],
    ];
  }
}
