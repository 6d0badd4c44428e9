/**
 * How each family answers the question how likely a digit is. What may be compared stands in one group: figures of the
 * same pixels, in nats; a model with a figure of its own makes a group of its own.
 */

import { PIXELS } from '../../protocol.js';
import { bound } from './bound.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { CatalogRow, Inputs, ModelInfo, Observation } from '../../protocol.js' */

/**
 * What a comparison is about: pixels that are ink or paper, pixels of 256 greys, pixels under a little noise; `own`
 * compares with nothing.
 * @typedef {'binary' | 'grey' | 'noisy' | 'own'} Group
 */

/**
 * `exact`: ln p(x). `elbo`: at most ln p(x). `annealed`: ln p(x) with an estimate of ln Z. `bound`: at most the
 * log-density of the digit with a little noise. `energy` and `score` have no unit. `probability`: that of the digit that a
 * classifier finds most probable. `reconstruction`: minus the squared error of what comes back.
 * @typedef {'exact' | 'elbo' | 'annealed' | 'bound' | 'energy' | 'score' | 'probability' | 'reconstruction'} Kind
 */

/**
 * More is more likely, whatever the unit.
 * @typedef {object} Answer
 * @property {number} value
 * @property {number} [error]  standard error
 */

/**
 * @typedef {object} Asked
 * @property {EngineClient} engine
 * @property {CatalogRow} row  whose model is loaded
 * @property {ModelInfo} info
 * @property {Answer | null} logZ  measured, where the model does not know it
 * @property {Float32Array} grey  784 numbers in [0, 1]
 * @property {Float32Array} binary  the same, 0 or 1
 */

/**
 * @typedef {object} Way
 * @property {Group} group
 * @property {Kind} kind
 * @property {string} [words]  key of `likely.kind.*`, where it is not the kind
 * @property {boolean} [slow]  asked once the pen is up
 * @property {(info: ModelInfo) => boolean} [can]  whether this model can be asked at all
 * @property {(asked: Asked) => Promise<Answer>} ask
 */

/** Draws of z in a mean ELBO. */
const DRAWS = 16;
/** Draws of the noise that makes whole greys continuous. */
const NOISES = 4;
const DIGITS = 10;
/** The class that is told to a network where none is. */
const NO_CLASS = 10;

/** The models of each family, and only those, are looked for in the catalog. @type {Record<string, Way>} */
export const WAYS = {
  autoregressive: {
    group: 'binary',
    kind: 'exact',
    ask: ({ engine, row, binary }) => one(engine, row.id, 'predict', { x: binary }, 'log_likelihood'),
  },
  mixture: {
    group: 'binary',
    kind: 'exact',
    ask: ({ engine, row, binary }) => one(engine, row.id, 'classify', { x: binary }, 'log_likelihood'),
  },
  naive_bayes: {
    group: 'binary',
    kind: 'exact',
    ask: ({ engine, row, binary }) => one(engine, row.id, 'classify', { x: binary }, 'log_likelihood'),
  },
  vae: { group: 'binary', kind: 'elbo', ask: elbo },
  rbm: {
    group: 'binary',
    kind: 'annealed',
    async ask({ engine, row, binary, logZ }) {
      const { value } = await one(engine, row.id, 'free_energy', { x: binary }, 'energy');
      return { value: -value - (logZ?.value ?? 0), error: logZ?.error };
    },
  },
  flow: { group: 'grey', kind: 'exact', words: 'dequantised', ask: flow },
  gaussian_mixture: {
    group: 'grey',
    kind: 'exact',
    words: 'middle',
    ask: ({ engine, row, grey }) => one(engine, row.id, 'classify', { x: grey }, 'log_likelihood'),
  },
  denoiser: { group: 'noisy', kind: 'bound', slow: true, ask: bound },
  energy: {
    group: 'own',
    kind: 'energy',
    async ask({ engine, row, grey }) {
      const { value } = await one(engine, row.id, 'energy', { x: grey, label: Float32Array.of(NO_CLASS) }, 'energy');
      return { value: -value };
    },
  },
  gan: {
    group: 'own',
    kind: 'score',
    can: ({ config }) => Array.isArray(config.discriminator) && config.discriminator.length > 0,
    async ask({ engine, row, info, grey }) {
      /** @type {Inputs} */
      const inputs = info.config.conditional ? { x: grey, label: Float32Array.of(0) } : { x: grey };
      const { scores } = await engine.compute({ model: row.id, job: 'judge', inputs, read: ['scores'] });
      // what it says of the digit that it likes best
      return { value: Math.max(...scores) };
    },
  },
};

/**
 * A job that answers with one number.
 * @param {EngineClient} engine
 * @param {string} model
 * @param {string} job
 * @param {Inputs} inputs
 * @param {string} output
 * @returns {Promise<Answer>}
 */
async function one(engine, model, job, inputs, output) {
  const values = await engine.compute({ model, job, inputs, read: [output] });
  return { value: values[output][0] };
}

/**
 * The mean over draws of z of ln p(x | z) - KL.
 * @param {Asked} asked
 * @returns {Promise<Answer>}
 */
async function elbo({ engine, row, binary }) {
  // the encoder that looks at drawings is that of the VAE that was loaded last
  await engine.load(row);
  const values = [];
  for (let seed = 0; seed < DRAWS; seed += 1) {
    const { bce, kl } = await observed(engine, binary, seed);
    values.push(-bce - kl);
  }
  return mean(values);
}

/** What the VAE that was loaded last makes of a picture. @param {EngineClient} engine @param {Float32Array} x @param {number | null} seed  null: z is the mean @returns {Promise<Observation>} */
export function observed(engine, x, seed) {
  return new Promise((resolve, reject) => {
    const end = [
      engine.on('observed', ({ observation }) => settle(() => resolve(observation))),
      engine.on('failure', ({ failure }) => settle(() => reject(new Error(failure.detail)))),
      // a session that is gone answers no more
      engine.on('backend', () => engine.send({ type: 'observe', x, z: null, seed })),
    ];
    const settle = (/** @type {() => void} */ told) => {
      for (const stop of end) stop();
      told();
    };
    engine.send({ type: 'observe', x, z: null, seed });
  });
}

/**
 * ln p(x) of the flow, which is told the class: that of the mean over the ten classes, averaged over dequantisation.
 * @param {Asked} asked
 * @returns {Promise<Answer>}
 */
async function flow({ engine, row, grey }) {
  const x = new Float32Array(DIGITS * PIXELS);
  for (let digit = 0; digit < DIGITS; digit += 1) x.set(grey, digit * PIXELS);
  const label = Float32Array.from({ length: DIGITS }, (_, digit) => digit);
  const values = [];
  for (let draw = 0; draw < NOISES; draw += 1) {
    const key = Float32Array.of(draw, 0, 0, 0);
    const { log_likelihood: told } = await engine.compute({
      model: row.id,
      job: 'likelihood',
      batch: DIGITS,
      inputs: { x, label, key },
      read: ['log_likelihood'],
    });
    const most = Math.max(...told);
    values.push(most + Math.log(told.reduce((sum, value) => sum + Math.exp(value - most), 0) / DIGITS));
  }
  return mean(values);
}

/** @param {number[]} values @returns {Answer} */
export function mean(values) {
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  const square = values.reduce((sum, one) => sum + (one - value) ** 2, 0) / Math.max(1, values.length - 1);
  return { value, error: Math.sqrt(square / values.length) };
}
