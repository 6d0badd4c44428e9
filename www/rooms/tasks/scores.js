/** What each family says of a picture, as one number of which more is more like a digit; `inkling eval tasks` asks alike. */

import { PIXELS } from '../../protocol.js';
import { WAYS, observed } from '../likely/answers.js';

/** @import { Answer, Asked, Way } from '../likely/answers.js' */

/**
 * @typedef {object} Score
 * @property {string} family
 * @property {string} model  that is asked, where the catalog has it
 * @property {string} score  as in tasks.json; see figures.js
 * @property {Way} way
 */

/** @type {Score[]} */
export const SCORES = [
  { family: 'autoregressive', model: 'pixel-transformer', score: 'exact', way: WAYS.autoregressive },
  { family: 'flow', model: 'flow', score: 'exact', way: WAYS.flow },
  { family: 'mixture', model: 'mixture', score: 'exact', way: WAYS.mixture },
  { family: 'gaussian_mixture', model: 'gaussian-mixture', score: 'exact', way: WAYS.gaussian_mixture },
  { family: 'naive_bayes', model: 'naive-bayes', score: 'exact', way: WAYS.naive_bayes },
  { family: 'vae', model: 'vae-dense', score: 'elbo', way: WAYS.vae },
  { family: 'vae', model: 'vae-dense', score: 'reconstruction', way: { group: 'own', kind: 'reconstruction', ask: reconstruction } },
  { family: 'rbm', model: 'rbm', score: 'free_energy', way: { group: 'own', kind: 'energy', ask: freeEnergy } },
  { family: 'energy', model: 'energy', score: 'energy', way: WAYS.energy },
  { family: 'gan', model: 'dcgan', score: 'discriminator', way: WAYS.gan },
  { family: 'denoiser', model: 'diffusion', score: 'bound', way: WAYS.denoiser },
  { family: 'classifier', model: 'classifier', score: 'probability', way: { group: 'own', kind: 'probability', ask: probability } },
];

/** Without ln Z, which is the same for every picture. @param {Asked} asked @returns {Promise<Answer>} */
async function freeEnergy({ engine, row, binary }) {
  const { energy } = await engine.compute({ model: row.id, job: 'free_energy', inputs: { x: binary }, read: ['energy'] });
  return { value: -energy[0] };
}

/** How sure the classifier is of whatever it reads. @param {Asked} asked @returns {Promise<Answer>} */
async function probability({ engine, row, grey }) {
  const { probabilities } = await engine.compute({ model: row.id, job: 'classify', inputs: { x: grey }, read: ['probabilities'] });
  return { value: Math.max(...probabilities) };
}

/** How far what comes back through the mean code is from the picture. @param {Asked} asked @returns {Promise<Answer>} */
async function reconstruction({ engine, row, binary }) {
  // the encoder that looks at drawings is that of the VAE that was loaded last
  await engine.load(row);
  const { mu } = await observed(engine, binary, null);
  const back = await engine.pixels(mu);
  let square = 0;
  for (let i = 0; i < PIXELS; i += 1) square += (binary[i] - back[i]) ** 2;
  return { value: -square };
}
