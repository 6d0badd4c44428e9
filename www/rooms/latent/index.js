/**
 * The Latent room: one model, one z, three ways to look at it (walk, interpolate, draw). This file holds what the views
 * share. They look at each other's panels and results, so all three are made with the room.
 */

import { has, number, t } from '../../i18n/translate.js';
import { REACH } from '../../parts/latent-sliders.js';
import { Pad } from '../../parts/pad.js';
import { roundZ } from '../../protocol.js';
import { RoomFrame } from '../room.js';
import { DrawView } from './draw.js';
import { InterpolateView } from './interpolate.js';
import { latentModel } from './model.js';
import { Plane } from './vectors.js';
import { WalkView } from './walk.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Fact } from '../about.js' */
/** @import { Known } from '../models.js' */
/** @import { Shell } from '../registry.js' */
/** @import { RoomView as View } from '../room.js' */
/** @import { LatentModel, Measured } from './model.js' */
/** @import { LatentState, Values } from './table.js' */

/**
 * What each view gives this room beside what every room asks of one.
 * @typedef {object} OfLatents
 * @property {(model: LatentModel) => void} modelChanged  also while the view is closed
 * @property {(z: Float32Array, input?: number) => void} [zChanged]
 * @property {(kind: 'z' | 'from' | 'to', a: number, b: number, input: number) => void} padMoved
 */

/** @typedef {View<LatentModel> & OfLatents} RoomView */

/** @extends {RoomFrame<LatentState, LatentModel>} */
export class LatentRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {LatentState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'latent',
      families: ['vae'],
      beside: 'page',
      views: {
        walk: async (room) => room.each.walk,
        interpolate: async (room) => room.each.interpolate,
        draw: async (room) => room.each.draw,
      },
    });
    /** @type {Float32Array} */
    this.z = new Float32Array(0);
    /** The model that the views were told of. @type {LatentModel | null} */
    this.told = null;
    this.pad = new Pad(engine, { moved: (kind, a, b, input) => this.shown?.padMoved(kind, a, b, input) });
    this.each = { walk: new WalkView(this), interpolate: new InterpolateView(this), draw: new DrawView(this) };
  }

  /** The open view. */
  get shown() {
    return /** @type {RoomView | null} */ (this.view);
  }

  /** @override @param {Known} known @param {Measured | null} measured */
  prepare(known, measured) {
    return latentModel(this.engine, known, measured);
  }

  /** @override */
  modelPatch() {
    return { z: null, frozen: [] };
  }

  /** @override @param {LatentModel} model @param {boolean} fromAddress */
  async opened(model, fromAddress) {
    if (this.told === model && !fromAddress) return;
    const { claim } = this;
    const z = await this.zFromState();
    if (!this.holds(claim)) return;
    this.z = z;
    if (this.told === model) return;
    this.told = model;
    for (const view of Object.values(this.each)) view.modelChanged(model);
  }

  /** @override */
  leave() {
    super.leave();
    // the worker may go to another room's model meanwhile
    this.told = null;
  }

  /** @override @param {Values} _values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  async noted(_values, changed, fromAddress) {
    if (!fromAddress || !(changed.has('z') || changed.has('seed')) || changed.has('view') || changed.has('model')) return;
    const { claim } = this;
    const z = await this.zFromState();
    if (!this.holds(claim)) return;
    this.z = z;
    this.shown?.zChanged?.(z);
  }

  /** @override @param {LatentModel} model @returns {Fact[]} */
  about({ info, zDim, metrics }) {
    const kind = `about.family.${info.config.family}`;
    const nats = (/** @type {number} */ value) => t('unit.nats', { value: number(value, 1) });
    return [
      has(kind) && [t('about.family'), t(kind)],
      [t('about.latents'), number(zDim)],
      metrics && [t('about.elbo'), nats(metrics.negative_elbo)],
      metrics && [t('about.iwae'), nats(metrics.negative_iwae)],
      metrics && [t('about.active'), t('about.active.value', { active: number(metrics.active_units), all: number(zDim) })],
    ];
  }

  /** @returns {Promise<Float32Array>} */
  async zFromState() {
    const { z, seed } = this.state.values;
    const size = this.model?.zDim ?? 0;
    if (z && z.length === size) return roundZ(z);
    return roundZ(await this.engine.normal(seed, size));
  }

  /**
   * The person moved to another z.
   * @param {Float32Array} z
   * @param {object} [options]
   * @param {number} [options.input]  when, in ms since the epoch
   * @param {'push' | 'replace' | 'later'} [options.history]
   * @param {Partial<Values>} [options.also]  what changes with it
   */
  setZ(z, { input, history = 'later', also = {} } = {}) {
    this.z = z;
    this.shown?.zChanged?.(z, input);
    this.state.set({ z: Array.from(z), ...also }, history);
  }

  /** The plane of a model with two latents. */
  axes() {
    return Plane.axes(REACH);
  }
}
