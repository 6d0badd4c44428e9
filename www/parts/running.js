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

/**
 * Runs a chain to its end.
 * @param {EngineClient} engine
 * @param {string} name  of the scene, unique on the page
 * @param {Recipe} recipe
 * @param {object} watch
 * @param {string[]} watch.read  outputs
 * @param {(values: Inputs, progress: {done: number, ms: number}) => void} watch.show  the newest outputs there are, after
 *   so many runs, which took so long on the device
 * @param {AbortSignal} watch.signal
 * @param {number[]} [watch.stops]  runs after which the chain waits until its outputs are there, the last one `steps`: what
 *   is shown are these states and no others
 * @returns {Promise<void>}
 */
export function runChain(engine, name, { model, job, batch, seed, steps, inputs, first, each }, { read, show, signal, stops }) {
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
        if (!own(message) || (stops && done !== stops[stop])) return;
        show(message.values, { done, ms: ms * done });
        if (done >= steps) end(resolve);
        else if (stops) engine.send({ type: 'scene-resume', scene: name, until: stops[(stop += 1)] });
      }),
      engine.on('scene-failed', (message) => {
        if (own(message)) end(() => reject(new KindError(message.failure.kind, message.failure.detail)));
      }),
    );
    const chain = { seed, steps: stops?.[0] ?? steps, first, each };
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
 * @param {number} [watch.afterwards]  states are read once the last is there, so that reading takes none of the time: at
 *   most so many; otherwise the newest is read as soon as the one before it was shown
 * @returns {Promise<void>}
 */
export async function runLane(engine, lane, spec, { show, signal, given = {}, afterwards }) {
  let [frames, ready, ms, shown] = [Infinity, -1, 0, -1];
  let reading = Promise.resolve();
  /** @type {() => void} */
  let finish = () => {};
  const finished = new Promise((resolve) => {
    finish = () => resolve(undefined);
  });
  const read = async (/** @type {number} */ frame) => {
    shown = frame;
    const values = await engine.frameValues(lane, 'x_t', frame);
    if (signal.aborted) return;
    show(values.map((value) => Math.min(1, Math.max(0, 0.5 * value + 0.5))), { frame, frames, ms: frame * ms });
  };
  let busy = false;
  const look = () => {
    if (ready >= frames - 1) finish();
    if (afterwards !== undefined || busy || ready <= shown || !Number.isFinite(frames)) return;
    busy = true;
    // the lane may be gone before the answer comes; what went wrong with it is told of by the run itself
    reading = read(ready).catch(finish).finally(() => (busy = false));
  };
  if (signal.aborted) return;
  const stop = engine.on('frames', (message) => {
    if (message.lane !== lane) return;
    ({ ready, ms } = message);
    look();
  });
  signal.addEventListener('abort', finish, { once: true });
  try {
    frames = (await engine.run(lane, spec, given)).frames;
    look();
    await finished;
    await reading;
    if (signal.aborted) return;
    const every = Math.max(1, Math.ceil(frames / (afterwards ?? 1)));
    for (let frame = afterwards === undefined ? frames - 1 : 0; frame < frames && !signal.aborted; frame += 1) {
      if ((frame % every === 0 || frame === frames - 1) && frame > shown) await read(frame);
    }
  } finally {
    stop();
    engine.send({ type: 'release', lane });
  }
}
