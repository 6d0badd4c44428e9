/**
 * The Denoise room: digits come out of noise, step by step. This file holds what the views share: the models, the lanes
 * in the worker, the controls. A view computes in lanes of its own (`room.lane(name)`, then `room.run(lane, side)`), which
 * the room releases when the view or the room is left.
 */

import { has, t } from '../../i18n/translate.js';
import { RoomFrame } from '../room.js';
import { Controls } from './controls.js';
import { Lane } from './lane.js';
import { NO_CLASS, SUGGESTED, settingsOf } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { ModelInfo, Spec, Trajectory } from '../../protocol.js' */
/** @import { Fact } from '../about.js' */
/** @import { Known } from '../models.js' */
/** @import { Shell } from '../registry.js' */
/** @import { DenoiseState, Side, Values } from './table.js' */

/** @typedef {import('../room.js').RoomView<any>} RoomView */

/** What the digits of a lane are, and how they stand. */
/** @typedef {{classes: number[], columns: number, rows: number, shared: boolean}} Arrangement */

/** @extends {RoomFrame<DenoiseState>} */
export class DenoiseRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {DenoiseState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'denoise',
      families: ['denoiser'],
      // two sides may have two of them
      models: 'many',
      views: {
        watch: async (room) => new (await import('./watch.js')).WatchView(room),
        forward: async (room) => new (await import('./forward.js')).ForwardView(room),
        steer: async (room) => new (await import('./steer.js')).SteerView(room),
        quality: async (room) => new (await import('./quality.js')).QualityView(room),
      },
    });
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    this.controls = new Controls(this);
  }

  /** @override */
  opened() {
    this.controls.show();
  }

  /** @override */
  closeView() {
    super.closeView();
    for (const lane of this.lanes.values()) lane.release();
  }

  /** @override @param {Values} _values @param {Set<keyof Values>} changed */
  noted(_values, changed) {
    // the playhead moves with every frame that is played or scrubbed
    if ([...changed].some((key) => key !== 'at')) this.controls.show();
  }

  /** @override @param {string} id @returns {Partial<Values>} */
  modelPatch(id) {
    return SUGGESTED[id] ?? {};
  }

  /** @override @param {string} id */
  missing(id) {
    super.missing(id);
    if (this.state.values.model2 === id) this.state.set({ model2: null }, 'replace');
  }

  /** @override @param {Known} model @returns {Fact[]} */
  about({ info: { config } }) {
    // a network may be newer than the words for it
    const named = (/** @type {string} */ key, /** @type {unknown} */ value) =>
      /** @type {Fact} */ (has(`denoise.${key}.${value}`) && [t(`denoise.about.${key}`), t(`denoise.${key}.${value}`)]);
    return [
      named('network', Object.keys(Object(config.network))[0]),
      named('prediction', config.prediction),
      named('path', config.path),
      [t('denoise.about.classes'), t(config.conditional ? 'denoise.classes.told' : 'denoise.classes.untold')],
    ];
  }

  /** What is known of a model that was loaded. @param {string} id @returns {ModelInfo | undefined} */
  known(id) {
    return this.models.known.get(id)?.info;
  }

  /**
   * Loads a model into the worker where it is not.
   * @param {string} id
   * @returns {Promise<ModelInfo | null>} null where there is no such model; another is then chosen
   */
  async info(id) {
    const known = this.known(id);
    if (known) return known;
    const model = await this.load(id);
    this.controls.show();
    return model?.info ?? null;
  }

  /**
   * A trajectory of the open view. It is released with the view.
   * @param {string} name  unique among all views
   * @param {(lane: Lane) => void} changed
   */
  lane(name, changed) {
    const lane = new Lane(this.engine, name, changed);
    this.lanes.set(name, lane);
    return lane;
  }

  /**
   * Starts a lane with the settings of one side; the model is loaded first. What goes wrong is told to the person.
   * @param {Lane} lane
   * @param {Side} side
   * @param {Partial<Spec>} [instead]  parts of the spec that are not as the controls say
   * @param {{source?: Float32Array, mask?: Float32Array}} [given]
   * @returns {Promise<Trajectory | null>} null where it failed, or where the lane was started again meanwhile
   */
  async run(lane, side, instead = {}, given = {}) {
    const claim = lane.claim();
    try {
      const info = await this.info(settingsOf(this.state.values, side).model);
      if (!info || !lane.holds(claim)) return null;
      return await lane.run({ ...this.spec(side, info), ...instead }, given, claim);
    } catch (error) {
      if (lane.holds(claim)) this.shell.complain(error);
      return null;
    }
  }

  /** How the digits stand. @param {ModelInfo | undefined} info @param {Side} side @returns {Arrangement} */
  arrangement(info, side) {
    const { grid } = this.state.values;
    const { digit } = settingsOf(this.state.values, side);
    // a network that was never told classes knows none
    const label = (/** @type {number} */ wanted) => (info?.config.conditional === false ? NO_CLASS : wanted);
    if (grid === 'one') return { classes: [label(digit)], columns: 1, rows: 1, shared: true };
    if (grid === 'seeds') return { classes: new Array(16).fill(label(digit)), columns: 4, rows: 4, shared: false };
    return { classes: Array.from({ length: 10 }, (_, other) => label(other)), columns: 5, rows: 2, shared: true };
  }

  /** @param {Side} side @param {ModelInfo} info @returns {Spec} */
  spec(side, info) {
    const { model, sampler, steps, spacing, eta, guidance } = settingsOf(this.state.values, side);
    const { classes, shared } = this.arrangement(info, side);
    return {
      model,
      sampler,
      steps,
      spacing,
      eta: sampler === 'ddim' ? eta : 0,
      // there is nothing to be guided away from without a class
      guidance_scale: classes.every((label) => label === NO_CLASS) ? 0 : guidance,
      classes,
      seed: this.state.values.seed,
      shared_noise: shared,
      start: { kind: 'noise' },
      direction: 'denoise',
    };
  }
}
