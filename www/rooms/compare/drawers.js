/** How each family draws digits: the one thing about a model that this room has to know. */

import { KindError, PIXELS } from '../../protocol.js';
import { fetchRows } from '../denoise/measurements.js';
import { NO_CLASS } from '../denoise/table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, Inputs, ModelInfo, Spec } from '../../protocol.js' */

/**
 * A state of digits on their way: `digits * 784` numbers in [0, 1], and the milliseconds of computing that led there.
 * @typedef {{pixels: Float32Array, ms: number}} Snapshot
 */

/**
 * @typedef {object} Task
 * @property {EngineClient} engine
 * @property {CatalogRow} row
 * @property {ModelInfo} info  of the model, which is loaded
 * @property {number} seed
 * @property {number} count  digits
 * @property {(snapshot: Snapshot) => void} show
 * @property {AbortSignal} signal
 */

/** @typedef {(task: Task) => Promise<void>} Drawer */

/**
 * The job, the length of its chain, its inputs, and those of the first run.
 * @typedef {{job: string, steps: number, inputs: Inputs, first?: Inputs}} Recipe
 */

/** Names of the scene and of the lane. */
const NAME = 'compare';
/** States of a denoiser that are kept. */
const FRAMES = 24;
/** Most evaluations of the network that a person waits for. */
const PATIENCE = 64;
/** Lengths of chains, as they were measured: runs of the jobs `gibbs` (2 sweeps each) and `langevin` (4 steps each). */
const RUNS = { gibbs: 100, langevin: 75 };
/** Values of the input `begin` of these jobs: the chain goes on, or begins with noise. */
const [GO_ON, FROM_NOISE] = [0, 1];
/** Times that one pass is repeated: other work on the machine only ever makes it slower. */
const REPEATED = 3;

/** Digits in turn, for models that are told. @param {number} count */
const turn = (count) => Float32Array.from({ length: count }, (_, i) => i % 10);

/** @type {Record<string, Drawer>} */
const DRAWERS = {
  async vae({ engine, info, seed, count, show }) {
    const z = await engine.normal(seed, count * info.config.z_dim);
    // the first time is that of compiling
    let pixels = await engine.pixels(z);
    let least = Infinity;
    for (let time = 0; time < REPEATED; time += 1) {
      const begin = performance.now();
      pixels = await engine.pixels(z);
      least = Math.min(least, performance.now() - begin);
    }
    show({ pixels, ms: least });
  },
  denoiser,
  mixture: byJob(() => ({ job: 'sample', steps: 1, inputs: {} })),
  naive_bayes: byJob(() => ({ job: 'sample', steps: 1, inputs: {} })),
  flow: byJob(({ count }) => ({ job: 'sample', steps: 1, inputs: { label: turn(count), temperature: Float32Array.of(1) } })),
  async gan(task) {
    const { engine, info, seed, count } = task;
    /** @type {Inputs} */
    const inputs = { z: await engine.normal(seed, count * info.config.z_dim) };
    if (info.config.conditional) inputs.label = turn(count);
    if ('style' in Object(info.config.generator)) inputs.noise = Float32Array.of(1);
    await byJob(() => ({ job: 'generate', steps: 1, inputs }))(task);
  },
  autoregressive: byJob(({ count, info }) => {
    const patches = 'transformer' in Object(info.config.network);
    const given = new Float32Array(count * PIXELS);
    return { job: 'write', steps: patches ? PIXELS / 4 : PIXELS, inputs: { temperature: Float32Array.of(1), keep: Float32Array.of(0), given } };
  }),
  rbm: byJob(({ count }) => ({ job: 'gibbs', steps: RUNS.gibbs, ...free(count, { temperature: Float32Array.of(1) }) })),
  energy: byJob(({ count, info }) => {
    const size = (/** @type {string} */ name) => Float32Array.of(Number(info.config[name]));
    const inputs = { label: turn(count), step_size: size('step_size'), noise: size('noise') };
    return { job: 'langevin', steps: RUNS.langevin, ...free(count, inputs) };
  }),
};

/**
 * Chains that begin with noise and that nothing is given to.
 * @param {number} count
 * @param {Inputs} others
 */
function free(count, others) {
  const nothing = { given: new Float32Array(count * PIXELS), mask: new Float32Array(count * PIXELS) };
  const begin = (/** @type {number} */ how) => ({ begin: new Float32Array(count).fill(how) });
  return { inputs: { ...begin(GO_ON), ...nothing, ...others }, first: begin(FROM_NOISE) };
}

/** @param {string} family */
export const draws = (family) => family in DRAWERS;

/** Draws digits; all that is on the way is shown. @type {Drawer} */
export const draw = (task) => DRAWERS[task.row.family](task);

/**
 * A job whose runs are counted as its time.
 * @param {(task: Task) => Recipe} recipe
 * @returns {Drawer}
 */
function byJob(recipe) {
  return (task) => {
    const { engine, row, seed, count, show, signal } = task;
    const { job, steps, inputs, first } = recipe(task);
    const serial = -1 - Math.floor(performance.now());
    return new Promise((resolve, reject) => {
      let ms = 0;
      /** @type {(() => void)[]} */
      const listening = [];
      const end = (/** @type {() => void} */ then) => {
        for (const stop of listening) stop();
        engine.send({ type: 'scene-release', scene: NAME });
        then();
      };
      signal.addEventListener('abort', () => end(resolve), { once: true });
      listening.push(
        engine.on('scene-steps', (message) => {
          if (message.scene === NAME && message.serial === serial) ms = message.ms;
        }),
        engine.on('scene-values', ({ scene, serial: of, done, values }) => {
          if (scene !== NAME || of !== serial) return;
          show({ pixels: values.pixels, ms: ms * done });
          if (done >= steps) end(resolve);
        }),
        engine.on('scene-failed', ({ scene, serial: of, failure }) => {
          if (scene === NAME && of === serial) end(() => reject(new KindError(failure.kind, failure.detail)));
        }),
      );
      const chain = { seed, steps, first };
      engine.send({
        type: 'scene',
        scene: { scene: NAME, serial, model: row.id, job, batch: count, inputs, chain, views: [], read: ['pixels'] },
      });
    });
  };
}

/**
 * The setting with the smallest Frechet distance that a person waits for.
 * @param {string} id
 * @returns {Promise<Pick<Spec, 'sampler' | 'steps' | 'spacing' | 'eta' | 'guidance_scale'>>}
 */
async function setting(id) {
  const rows = (await fetchRows(id)).filter(({ evaluations }) => evaluations <= PATIENCE);
  const best = rows.sort((a, b) => a.fid - b.fid)[0];
  return best ?? { sampler: 'ddim', steps: 50, spacing: 'uniform', eta: 0, guidance_scale: 0 };
}

/** @param {Task} task */
async function denoiser({ engine, row, info, seed, count, show, signal }) {
  const { sampler, steps, spacing, eta, guidance_scale } = await setting(row.id);
  const known = info.config.conditional !== false;
  const classes = Array.from({ length: count }, (_, i) => (known ? i % 10 : NO_CLASS));
  /** @type {Spec} */
  const spec = {
    ...{ model: row.id, sampler, steps, spacing, eta, guidance_scale, classes, seed },
    ...{ shared_noise: false, start: { kind: 'noise' }, direction: 'denoise' },
  };
  let stepMs = 0;
  let trajectory = { frames: Infinity };
  /** @type {() => void} */
  let finish = () => {};
  const finished = new Promise((resolve) => {
    finish = () => resolve(undefined);
  });
  let ready = 0;
  const look = () => ready >= trajectory.frames - 1 && finish();
  const stop = engine.on('frames', (message) => {
    if (message.lane !== NAME) return;
    ready = message.ready;
    stepMs = message.ms;
    look();
  });
  signal.addEventListener('abort', finish, { once: true });
  try {
    trajectory = await engine.run(NAME, spec);
    look();
    await finished;
    if (signal.aborted) return;
    const every = Math.max(1, Math.ceil(trajectory.frames / FRAMES));
    for (let frame = 0; frame < trajectory.frames && !signal.aborted; frame += 1) {
      const last = frame === trajectory.frames - 1;
      if (frame % every && !last) continue;
      const values = await engine.frameValues(NAME, 'x_t', frame);
      show({ pixels: values.map((value) => Math.min(1, Math.max(0, 0.5 * value + 0.5))), ms: frame * stepMs });
    }
  } finally {
    stop();
    engine.send({ type: 'release', lane: NAME });
  }
}
