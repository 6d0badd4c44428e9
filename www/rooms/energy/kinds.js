/** What the room has to know of each family of energies: the jobs of crate/src/models/rbm.rs, energy.rs and markov_field.rs. */

import { FIELD, OWN_CLASS, TABLE, TEMPERATURES } from './table.js';

/** @import { Chain, Inputs, ModelInfo } from '../../protocol.js' */
/** @import { Known } from '../models.js' */
/** @import { Values } from './table.js' */

/** How a chain begins, in the input `begin` of its first run; 0 in those that follow. */
export const FROM_NOISE = 1;
export const FROM_GIVEN = 2;

/** The highest temperature of an RBM, where chains are far from all digits. */
export const MOST_OF_RBM = 4;

/** The family that cleans pictures and can do nothing else that the room shows. */
export const CLEANER = 'markov_field';

/** Sweeps in which an annealed chain is cooled down to 0, as it was measured, and those that it may go on for in all. */
const COOLING = 16;
const ANNEALED = 2000;

/** A picture without flipped pixels would leave the model no doubt at all. */
const LEAST_DOUBT = 0.001;

/** @typedef {Pick<Values, 'temperature' | 'digit'> & Partial<Values>} Steering */

/**
 * @typedef {object} Kind
 * @property {'rbm' | 'energy' | 'markov_field'} family
 * @property {string} job  that runs chains
 * @property {string} energy  its output
 * @property {string} [also]  another output that is read
 * @property {number} [pace]  runs of the job per animation frame at the usual speed, where that is not 1
 * @property {number} steps  of a chain in one run of the job
 * @property {number} decimals  of an energy
 * @property {{least: number, most: number, isLog: boolean}} temperature  how far its slider reaches
 * @property {((temperature: number) => number) | null} noise  that a step adds, as a share of the way from paper to ink
 * @property {(values: Steering, chains: number, own: ((chain: number) => number) | false) => Inputs} settings  what steers
 *   the chains; `own`: which digit a chain is told where it is to have its own
 * @property {(values: Steering) => Pick<Chain, 'steps' | 'each'>} [course]  what is laid down for all runs
 */

/**
 * `<id>.measures.json`, as far as this room tells it.
 * @typedef {object} Measures
 * @property {{nats: number, spread: number | null} | null} likelihood
 * @property {{fid: number} | null} samples
 * @property {Record<string, number>} extra
 */

/**
 * A model, its kind, what was measured of it, and `logZ` of an RBM, estimated when it was published, in nats.
 * @typedef {Known & {kind: Kind, measures: Measures | null, logZ?: number}} EnergyModel
 */

/**
 * @param {ModelInfo['config']} config
 * @returns {Kind | null} null for another family
 */
export function kindOf(config) {
  if (config.family === 'rbm') {
    return {
      family: 'rbm',
      job: 'gibbs',
      energy: 'free_energy',
      steps: 2,
      decimals: 1,
      temperature: { least: TEMPERATURES.least, most: MOST_OF_RBM, isLog: false },
      noise: null,
      settings: ({ temperature }) => ({ temperature: Float32Array.of(Math.min(temperature, MOST_OF_RBM)) }),
    };
  }
  if (config.family === CLEANER) return MARKOV_FIELD;
  if (config.family !== 'energy') return null;
  const [size, noise] = [Number(config.step_size), Number(config.noise)];
  return {
    family: 'energy',
    job: 'langevin',
    energy: 'energy',
    steps: 4,
    decimals: 2,
    // so little noise is enough for training that what the slider of the RBM reaches could not be seen
    temperature: { ...TEMPERATURES, isLog: true },
    // the model's pixels are -1 to 1
    noise: (temperature) => (noise * Math.sqrt(temperature)) / 2,
    settings: ({ temperature, digit }, chains, own) => ({
      step_size: Float32Array.of(size),
      // the variance of Langevin noise is proportional to the temperature
      noise: Float32Array.of(noise * Math.sqrt(temperature)),
      label: Float32Array.from({ length: chains }, (_, chain) => (own && digit === OWN_CLASS ? own(chain) : digit)),
    }),
  };
}

/** Which share of the pixels the model takes to be flipped. @param {number} flips  in percent */
export const doubt = (flips) => Math.max(LEAST_DOUBT, flips / 100);

/** The temperature of an annealed chain in a run. @param {number} run */
export const cooled = (run) => FIELD.heat * Math.max(0, 1 - run / COOLING);

/** @type {Kind} */
const MARKOV_FIELD = {
  family: CLEANER,
  job: 'denoise',
  energy: 'energy',
  also: 'pixels',
  // most of what happens happens in ten sweeps
  pace: 1 / 8,
  steps: 1,
  decimals: 1,
  temperature: { least: 0, most: FIELD.heat, isLog: false },
  noise: null,
  settings: ({ flips = TABLE.flips.initial, coupling = TABLE.coupling.initial, heat = TABLE.heat.initial }) => ({
    coupling: Float32Array.of(coupling),
    evidence: Float32Array.of(Math.log((1 - doubt(flips)) / doubt(flips))),
    temperature: Float32Array.of(heat),
  }),
  course: ({ anneal }) =>
    anneal ? { steps: ANNEALED, each: { temperature: Float32Array.from({ length: ANNEALED }, (_, run) => cooled(run)) } } : { steps: null },
};
