/** What the room has to know of each family of energies: the jobs of crate/src/models/rbm.rs and energy.rs. */

import { NO_CLASS } from './table.js';

/** @import { Inputs, ModelInfo } from '../../protocol.js' */
/** @import { Known } from '../models.js' */
/** @import { Values } from './table.js' */

/** How a chain begins, in the input `begin` of its first run; 0 in those that follow. */
export const FROM_NOISE = 1;
export const FROM_GIVEN = 2;

/**
 * @typedef {object} Kind
 * @property {'rbm' | 'energy'} family
 * @property {string} job  that runs chains
 * @property {string} energy  its output
 * @property {number} steps  of a chain in one run of the job
 * @property {number} decimals  of an energy
 * @property {(values: Pick<Values, 'temperature' | 'digit'>, chains: number, each: boolean) => Inputs} settings  what steers the chains; `each`: where no
 *   digit is chosen, every chain has one of its own
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
      settings: ({ temperature }) => ({ temperature: Float32Array.of(temperature) }),
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
    settings: ({ temperature, digit }, chains, each) => ({
      step_size: Float32Array.of(size),
      // the variance of Langevin noise is proportional to the temperature
      noise: Float32Array.of(noise * Math.sqrt(temperature)),
      label: Float32Array.from({ length: chains }, (_, chain) => (each && digit === NO_CLASS ? chain % NO_CLASS : digit)),
    }),
  };
}
