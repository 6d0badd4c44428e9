/**
 * The Pixel by pixel room: digits written in reading order, each pixel drawn from what the ones before it make likely.
 * This file holds what the views share: the models and the settings.
 */

import { has, number, t } from '../../i18n/translate.js';
import { RoomFrame } from '../room.js';
import { Order } from './order.js';
import { Settings } from './settings.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Fact } from '../about.js' */
/** @import { Known } from '../models.js' */
/** @import { Shell } from '../registry.js' */
/** @import { PixelsState, Values } from './table.js' */

/** `<id>.measures.json`, as far as this room tells it. @typedef {{likelihood: {nats: number} | null, samples: {fid: number} | null}} Measures */

/** A model in the worker. @typedef {Known & {order: Order, measures: Measures | null}} Loaded */

/** @typedef {import('../room.js').RoomView<Loaded>} RoomView */

/** @extends {RoomFrame<PixelsState, Loaded>} */
export class PixelsRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {PixelsState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'pixels',
      families: ['autoregressive'],
      beside: 'measures',
      views: {
        write: async (room) => new (await import('./write.js')).WriteView(room),
        finish: async (room) => new (await import('./finish.js')).FinishView(room),
        likelihood: async (room) => new (await import('./likelihood.js')).LikelihoodView(room),
      },
    });
    this.settings = new Settings(this);
  }

  /** @override @param {Known} known @param {Measures | null} measures @returns {Loaded} */
  prepare(known, measures) {
    return { ...known, order: Order.of(known.info), measures };
  }

  /** @override */
  opened() {
    this.settings.show();
  }

  /** @override @param {Values} _values @param {Set<keyof Values>} changed */
  noted(_values, changed) {
    if (changed.has('temperature') || changed.has('seed')) this.settings.show();
  }

  /** @override @param {Loaded} model @returns {Fact[]} */
  about({ info, measures }) {
    const network = Object.keys(Object(info.config.network))[0];
    return [
      has(`pixels.network.${network}`) && [t('pixels.about.network'), t(`pixels.network.${network}`)],
      measures?.likelihood && [t('pixels.about.nats'), t('unit.nats', { value: number(measures.likelihood.nats, 1) })],
      measures?.samples && [t('pixels.about.fid'), number(measures.samples.fid, 1)],
    ];
  }
}
