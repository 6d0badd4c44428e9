/**
 * One scene in the worker, as the page follows it: a job of a model, its inputs, and the pictures (parts/picture.js)
 * that show its outputs. What comes back for a description that was replaced by one of another kind is dropped here.
 */

import { KindError } from '../protocol.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { Chain, Failure, Inputs, View } from '../protocol.js' */
/** @import { Picture } from './picture.js' */

/**
 * What a picture shows of a scene: a grid of an output's images, from the image `first` on.
 * @typedef {object} Showing
 * @property {Picture} picture
 * @property {string} output
 * @property {number} [columns]  as the picture has them
 * @property {number} [rows]
 * @property {number} [first]
 * @property {View['tone']} [tone]
 */

/**
 * @typedef {object} Description
 * @property {string} model  which is loaded
 * @property {string} job
 * @property {number} [batch]
 * @property {Inputs} [inputs]
 * @property {Chain} [chain]
 * @property {boolean} [halted]
 * @property {Showing[]} [views]
 * @property {string[]} [read]
 * @property {boolean} [urgent]
 * @property {number} [input]  when the input event happened, ms since the epoch
 */

export class Scene {
  /**
   * @param {EngineClient} engine
   * @param {string} name  unique on the page
   * @param {object} [told]
   * @param {(values: Inputs, scene: Scene, done: number) => void} [told.values]  outputs that were to be read, as they
   *   were after so many runs of the chain
   * @param {(scene: Scene) => void} [told.steps]  the chain went on
   * @param {(failure: Failure) => void} [told.failed]  without it the page says what is the matter
   */
  constructor(engine, name, { values, steps, failed } = {}) {
    this.engine = engine;
    this.name = name;
    /** The newest description. @type {Description | null} */
    this.description = null;
    /** Runs of the chain that are done, and their mean time. */
    this.done = 0;
    this.ms = 0;
    /** Counts the descriptions. */
    this.serial = 0;
    /** The first description whose values belong to what is described now. */
    this.since = 0;
    const own = (/** @type {{scene: string, serial: number}} */ { scene, serial }) =>
      scene === name && this.description !== null && serial >= this.since;
    engine.on('scene-values', (message) => {
      if (own(message)) values?.(message.values, this, message.done);
    });
    engine.on('scene-steps', (message) => {
      if (!own(message)) return;
      this.done = message.done;
      this.ms = message.ms;
      steps?.(this);
    });
    engine.on('scene-failed', (message) => {
      if (!own(message)) return;
      if (failed) failed(message.failure);
      else engine.emit({ type: 'failure', failure: message.failure });
    });
  }

  /** Everything that was to be run is. */
  get finished() {
    const steps = this.description?.chain?.steps;
    return typeof steps === 'number' && this.done >= steps;
  }

  /**
   * Describes the scene anew; it is computed in the next animation frame, and a chain begins from its first state.
   * @param {Description} description
   */
  show(description) {
    const { model, job, batch = 1, inputs = {}, chain, halted, views = [], read, urgent, input } = description;
    const before = this.description;
    this.serial += 1;
    if (chain || before?.chain || before?.model !== model || before.job !== job) this.since = this.serial;
    this.description = description;
    this.done = 0;
    const { name: scene, serial } = this;
    this.engine.send({
      type: 'scene',
      scene: { scene, serial, model, job, batch, inputs, chain, halted, views: views.map(arranged), read, urgent, input },
    });
  }

  /**
   * Changes inputs; a chain goes on with them.
   * @param {Inputs} inputs
   * @param {object} [options]
   * @param {boolean} [options.once]  for the chain's next run only
   * @param {number} [options.input]  when the input event happened, ms since the epoch
   */
  change(inputs, { once, input } = {}) {
    if (!this.description) throw new KindError('internal', `${this.name} shows nothing yet`);
    this.engine.send({ type: 'scene-inputs', scene: this.name, inputs, once, input });
  }

  /** The chain stands still. */
  halt() {
    this.engine.send({ type: 'scene-halt', scene: this.name });
  }

  /** The chain goes on. @param {number} [until]  stops after so many runs in all */
  resume(until) {
    this.engine.send({ type: 'scene-resume', scene: this.name, until });
  }

  /** Gives everything back. */
  release() {
    if (this.description) this.engine.send({ type: 'scene-release', scene: this.name });
    // the worker erases what it showed
    for (const { picture } of this.description?.views ?? []) picture.setDrawn(false);
    this.description = null;
    this.done = 0;
  }
}

/** @param {Showing} showing @returns {View} */
function arranged({ picture, columns = picture.columns, rows = picture.rows, output, first, tone }) {
  picture.arrange(columns, rows);
  return { canvas: picture.name, output, columns, rows, gap: picture.gap, first, tone };
}
