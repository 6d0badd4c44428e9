/** Runs of a model that the page looks at as numbers while they go on: chains of a job, and trajectories of a denoiser. */

import { KindError } from '../protocol.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { Inputs, Spec } from '../protocol.js' */

/**
 * A job and its chain.
 * @typedef {object} Recipe
 * @property {string} model  which is loaded
 * @property {string} job
 * @property {number} batch
 * @property {number} seed
 * @property {number} steps  runs of the job
 * @property {Inputs} inputs
 * @property {Inputs} [first]  of the first run
 * @property {Inputs} [each]  of every run its own; see `Chain` in protocol.js
 */

/** States of a run that are read where nothing else is said: enough to see digits grow, too few to take it time. */
const MOMENTS = 12;

/**
 * After how many steps states are read: evenly spread, the last at the end.
 * @param {number} steps
 * @param {number} count  at most
 */
function spread(steps, count) {
  const moments = Math.min(count, steps);
  return Array.from({ length: moments }, (_, i) => Math.round(((i + 1) * steps) / moments));
}

/**
 * Runs a chain to its end.
 * @param {EngineClient} engine
 * @param {string} name  of the scene, unique on the page
 * @param {Recipe} recipe
 * @param {object} watch
 * @param {string[]} watch.read  outputs
 * @param {(values: Inputs, progress: {done: number, ms: number}) => void} watch.show  the outputs after so many runs, which
 *   took so long on the device
 * @param {AbortSignal} watch.signal
 * @param {number} [watch.moments]  states that are shown, the last among them; the chain waits at each until it was read
 * @returns {Promise<void>}
 */
export function runChain(engine, name, { model, job, batch, seed, steps, inputs, first, each }, { read, show, signal, moments = MOMENTS }) {
  const stops = spread(steps, moments);
  const serial = -1 - Math.floor(performance.now());
  return new Promise((resolve, reject) => {
    let [ms, stop] = [0, 0];
    /** @type {(() => void)[]} */
    const listening = [];
    const end = (/** @type {() => void} */ then) => {
      for (const stop of listening) stop();
      engine.send({ type: 'scene-release', scene: name });
      then();
    };
    const own = (/** @type {{scene: string, serial: number}} */ message) => message.scene === name && message.serial === serial;
    signal.addEventListener('abort', () => end(resolve), { once: true });
    listening.push(
      engine.on('scene-steps', (message) => {
        if (own(message)) ms = message.ms;
      }),
      engine.on('scene-values', (message) => {
        const { done } = message;
        if (!own(message) || done !== stops[stop]) return;
        show(message.values, { done, ms: ms * done });
        if (done >= steps) end(resolve);
        else engine.send({ type: 'scene-resume', scene: name, until: stops[(stop += 1)] });
      }),
      engine.on('scene-failed', (message) => {
        if (own(message)) end(() => reject(new KindError(message.failure.kind, message.failure.detail)));
      }),
    );
    const chain = { seed, steps, until: stops[0], first, each };
    engine.send({ type: 'scene', scene: { scene: name, serial, model, job, batch, inputs, chain, views: [], read } });
  });
}

/**
 * Takes a denoiser along its trajectory.
 * @param {EngineClient} engine
 * @param {string} lane  its name, unique on the page
 * @param {Spec} spec
 * @param {object} watch
 * @param {(pixels: Float32Array, progress: {frame: number, frames: number, ms: number}) => void} watch.show  states, in
 *   [0, 1], and what the way to them took on the device
 * @param {AbortSignal} watch.signal
 * @param {{source?: Float32Array, mask?: Float32Array}} [watch.given]
 * @param {number} [watch.moments]  states that are shown beside the first; one is the last alone. The lane does not wait:
 *   it keeps them until they are read
 * @returns {Promise<void>}
 */
export async function runLane(engine, lane, spec, { show, signal, given = {}, moments = MOMENTS }) {
  if (signal.aborted) return;
  let ms = 0;
  const stop = engine.on('frames', (message) => {
    if (message.lane === lane) ({ ms } = message);
  });
  const release = () => {
    stop();
    engine.send({ type: 'release', lane });
  };
  // at once, as whoever ended it may begin another under this name
  signal.addEventListener('abort', release, { once: true });
  try {
    const { frames } = await engine.run(lane, spec, given);
    for (const frame of [...(moments > 1 ? [0] : []), ...spread(frames - 1, moments)]) {
      if (signal.aborted) return;
      const values = await engine.frameValues(lane, 'x_t', frame);
      if (signal.aborted) return;
      show(values.map((value) => Math.min(1, Math.max(0, 0.5 * value + 0.5))), { frame, frames, ms: frame * ms });
    }
  } catch (error) {
    // a frame that was waited for does not come any more
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', release);
    if (!signal.aborted) release();
  }
}
