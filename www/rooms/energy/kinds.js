/** What the room has to know of each family of energies: the jobs of crate/src/models/rbm.rs and energy.rs. */

import { OWN_CLASS, TEMPERATURES } from './table.js';

/** @import { Inputs, ModelInfo } from '../../protocol.js' */
/** @import { Known } from '../models.js' */
/** @import { Values } from './table.js' */

/** How a chain begins, in the input `begin` of its first run; 0 in those that follow. */
export const FROM_NOISE = 1;
export const FROM_GIVEN = 2;

/** The highest temperature of an RBM, where chains are far from all digits. */
export const MOST_OF_RBM = 4;

/**
 * @typedef {object} Kind
 * @property {'rbm' | 'energy'} family
 * @property {string} job  that runs chains
 * @property {string} energy  its output
 * @property {number} steps  of a chain in one run of the job
 * @property {number} decimals  of an energy
 * @property {{least: number, most: number, isLog: boolean}} temperature  how far its slider reaches
 * @property {((temperature: number) => number) | null} noise  that a step adds, as a share of the way from paper to ink
 * @property {(values: Pick<Values, 'temperature' | 'digit'>, chains: number, own: ((chain: number) => number) | false) => Inputs} settings  what steers
 *   the chains; `own`: which digit a chain is told where it is to have its own
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
