/** How each family draws digits: the one thing about a model that this room has to know. */

import { runChain, runLane } from '../../parts/running.js';
import { timeOf } from '../../parts/timing.js';
import { PIXELS } from '../../protocol.js';
import { fetchRows } from '../denoise/measurements.js';
import { NO_CLASS } from '../denoise/table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, Inputs, ModelInfo, Spec } from '../../protocol.js' */

/**
 * A state of digits on their way: `digits * 784` numbers in [0, 1], the milliseconds of computing that led there, and
 * the share of the way that they are, 0 to 1.
 * @typedef {{pixels: Float32Array, ms: number, share: number}} Snapshot
 */

/**
 * @typedef {object} Task
 * @property {EngineClient} engine
 * @property {CatalogRow} row
 * @property {ModelInfo} info  of the model, which is loaded
 * @property {number} seed
 * @property {number} count  digits
 * @property {number[]} [digits]  one for each picture, for models that are told; 0 to 9 in turn where they are left out
 * @property {string} [name]  of the scene and of the lane, where several draw at once
 * @property {boolean} [grey]  of what is written as ink or paper, the probability of ink that it was written with
 * @property {boolean} [last]  nothing but the last state, and untimed where that would take drawing again
 * @property {(snapshot: Snapshot) => void} show
 * @property {AbortSignal} signal
 */

/** @typedef {(task: Task) => Promise<void>} Drawer */

/**
 * The job, the length of its chain, its inputs, those of the first run, and the output that has the digits.
 * @typedef {{job: string, steps: number, inputs: Inputs, first?: Inputs, output?: string}} Recipe
 */

/** Names of the scene and of the lane. */
const NAME = 'compare';
/** States on the way that are shown: at the same places each time, and few, as reading takes a chain time. */
const FRAMES = 24;
/** Chains: how many sweeps or steps were measured, and how many are in a run of the job. @type {Record<string, {measured: number, each: number}>} */
const CHAINS = { rbm: { measured: 1000, each: 2 }, energy: { measured: 1000, each: 4 } };
/** Values of the input `begin` of these jobs: the chain goes on, or begins with noise. */
const [GO_ON, FROM_NOISE] = [0, 1];

/** Runs of a chain's job. @param {Task} task */
const runsOf = ({ row: { family } }) => CHAINS[family].measured / CHAINS[family].each;

/** The digits of models that are told. @param {Pick<Task, 'count' | 'digits'>} task */
const digitsOf = ({ count, digits }) => Float32Array.from({ length: count }, (_, i) => digits?.[i] ?? i % 10);

/** Families whose models can be told which digit to draw, where their config does not say otherwise. */
const TOLD = ['denoiser', 'gan', 'flow', 'energy', 'mixture', 'naive_bayes'];

/** Whether a model can be told which digit to draw. @param {ModelInfo} info */
export function isTold({ config }) {
  return TOLD.includes(config.family) && config.conditional !== false;
}

/** @type {Record<string, Drawer>} */
const DRAWERS = {
  async vae({ engine, info, seed, count, show, signal, last }) {
    const z = await engine.normal(seed, count * info.config.z_dim);
    // the first time is that of compiling
    const pixels = await engine.pixels(z);
    const ms = last ? 0 : await timeOf((times) => Promise.all(Array.from({ length: times }, () => engine.pixels(z))), signal);
    show({ pixels, ms, share: 1 });
  },
  denoiser,
  mixture: byJob(components),
  naive_bayes: byJob(components),
  gaussian_mixture: byJob(() => ({ job: 'sample', steps: 1, inputs: {} })),
  flow: byJob((task) => ({ job: 'sample', steps: 1, inputs: { label: digitsOf(task), temperature: Float32Array.of(1) } })),
  async gan(task) {
    const { engine, info, seed, count } = task;
    /** @type {Inputs} */
    const inputs = { z: await engine.normal(seed, count * info.config.z_dim) };
    if (info.config.conditional) inputs.label = digitsOf(task);
    if ('style' in Object(info.config.generator)) inputs.noise = Float32Array.of(1);
    await byJob(() => ({ job: 'generate', steps: 1, inputs }))(task);
  },
  autoregressive: byJob(({ count, info, grey }) => {
    const patches = 'transformer' in Object(info.config.network);
    const given = new Float32Array(count * PIXELS);
    const inputs = { temperature: Float32Array.of(1), keep: Float32Array.of(0), given };
    return { job: 'write', steps: patches ? PIXELS / 4 : PIXELS, inputs, output: grey ? 'probabilities' : 'pixels' };
  }),
  rbm: byJob((task) => ({ job: 'gibbs', steps: runsOf(task), ...free(task.count, { temperature: Float32Array.of(1) }) })),
  energy: byJob((task) => {
    const { count, info } = task;
    const size = (/** @type {string} */ name) => Float32Array.of(Number(info.config[name]));
    const inputs = { label: digitsOf(task), step_size: size('step_size'), noise: size('noise') };
    return { job: 'langevin', steps: runsOf(task), ...free(count, inputs) };
  }),
};

/**
 * A mixture draws a component and shows its mean; one that is told the digit draws among those of the digit.
 * @param {Task} task
 * @returns {Recipe}
 */
function components(task) {
  const { digits, seed, info } = task;
  if (!digits) return { job: 'sample', steps: 1, inputs: {} };
  const size = Number(info.config.size);
  const index = digitsOf(task).map((digit, i) => digit * size + ((seed + i) % size));
  return { job: 'component', steps: 1, inputs: { index } };
}

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
 * A job: one run, or a chain whose runs are counted as its time.
 * @param {(task: Task) => Recipe} recipe
 * @returns {Drawer}
 */
function byJob(recipe) {
  return (task) => {
    const { engine, row, seed, count, show, signal, name = NAME, last } = task;
    const { output = 'pixels', ...chain } = recipe(task);
    const given = { model: row.id, batch: count, seed, ...chain };
    const { steps } = chain;
    if (steps === 1) return atOnce(task, given, output);
    return runChain(engine, name, given, {
      read: [output],
      signal,
      moments: last ? 1 : FRAMES,
      show: (values, { ms, done }) => show({ pixels: values[output], ms, share: done / steps }),
    });
  };
}

/**
 * One pass is too short to be timed as a step: what counts is the time from asking to having, of many in a row.
 * @param {Task} task
 * @param {{model: string, job: string, batch: number, seed: number, inputs: Inputs}} given
 * @param {string} output
 */
async function atOnce({ engine, show, signal, last }, { seed, ...given }, output) {
  const run = (/** @type {number} */ steps) => engine.compute({ ...given, chain: { seed, steps }, read: [output] });
  // the first time is that of compiling
  const { [output]: pixels } = await run(1);
  if (signal.aborted) return;
  // whoever measures many digits has no use for the time of each batch
  show({ pixels, ms: last ? 0 : await timeOf(run, signal), share: 1 });
}

/**
 * The setting with the smallest Frechet distance: that of the table.
 * @param {string} id
 * @returns {Promise<Pick<Spec, 'sampler' | 'steps' | 'spacing' | 'eta' | 'guidance_scale'>>}
 */
async function setting(id) {
  const best = (await fetchRows(id)).sort((a, b) => a.fid - b.fid)[0];
  return best ?? { sampler: 'ddim', steps: 50, spacing: 'uniform', eta: 0, guidance_scale: 0 };
}

/** @param {Task} task */
async function denoiser(task) {
  const { engine, row, info, seed, count, show, signal, name = NAME, last } = task;
  const { sampler, steps, spacing, eta, guidance_scale } = await setting(row.id);
  const known = info.config.conditional !== false;
  const classes = known ? Array.from(digitsOf(task)) : new Array(count).fill(NO_CLASS);
  /** @type {Spec} */
  const spec = {
    ...{ model: row.id, sampler, steps, spacing, eta, guidance_scale, classes, seed },
    ...{ shared_noise: false, start: { kind: 'noise' }, direction: 'denoise' },
  };
  if (signal.aborted) return;
  await runLane(engine, name, spec, {
    show: (pixels, { ms, frame, frames }) => show({ pixels, ms, share: frame / (frames - 1) }),
    signal,
    moments: last ? 1 : FRAMES,
  });
}
