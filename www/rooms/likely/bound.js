/**
 * What a denoiser says of a digit: a bound on the log-density of the digit with a little noise, by how well the digit is
 * predicted at each noise level (Kingma et al. 2021, eq. 17). With z_t = alpha x + sigma eps and the log of the
 * signal-to-noise ratio l = ln alpha^2 / sigma^2,
 *
 *   KL(q(z at the least noise | x) || p) <= KL(q(z at the most noise | x) || N(0, I)) + 1/2 integral of
 *   e^l |x - x_0(z, l)|^2 dl,
 *
 * in nats: how many more it takes to tell the noisy digit than noise of the same size. The least noise is that of
 * [`LEAST`]: without any, the bound of every digit grows without end, as a density of whole greys does.
 */

import { PIXELS } from '../../protocol.js';

/** @import { Answer, Asked } from './answers.js' */

/** Share of noise of the straight path, x_t = (1 - t) x + t eps, at both ends. */
const LEAST = 0.1;
const MOST = 0.97;
/** Noise levels, one drawn from each stretch of the way, and noises at each. */
const LEVELS = 10;
const NOISES = 2;
/** The class that is told to a network where none is. */
const NO_CLASS = 10;
const LANE = 'likely-bound';

/** l of a time, and the time of l. */
const logSnr = (/** @type {number} */ t) => 2 * Math.log((1 - t) / t);
const timeOf = (/** @type {number} */ l) => 1 / (1 + Math.exp(l / 2));

/**
 * Minus the bound, so that more is more likely.
 * @param {Asked} asked
 * @returns {Promise<Answer>}
 */
export async function bound({ engine, row, grey }) {
  const x = grey.map((value) => 2 * value - 1);
  const source = new Float32Array(NOISES * PIXELS);
  for (let noise = 0; noise < NOISES; noise += 1) source.set(x, noise * PIXELS);
  const [low, high] = [logSnr(MOST), logSnr(LEAST)];
  const width = (high - low) / LEVELS;
  const totals = new Float64Array(NOISES).fill(prior(x));
  try {
    for (let level = 0; level < LEVELS; level += 1) {
      // places that are spread evenly within the stretches (the fractional parts of multiples of the golden ratio)
      const l = low + width * (level + ((level * 0.618034) % 1));
      await engine.run(
        LANE,
        {
          model: row.id,
          sampler: 'euler',
          steps: 1,
          spacing: 'uniform',
          eta: 0,
          guidance_scale: 0,
          classes: new Array(NOISES).fill(NO_CLASS),
          seed: 1000 * (level + 1),
          shared_noise: false,
          start: { kind: 'source', t: timeOf(l) },
          direction: 'denoise',
        },
        { source },
      );
      const predicted = await engine.frameValues(LANE, 'x_0', 0);
      for (let noise = 0; noise < NOISES; noise += 1) {
        let square = 0;
        for (let i = 0; i < PIXELS; i += 1) square += (x[i] - predicted[noise * PIXELS + i]) ** 2;
        totals[noise] += 0.5 * Math.exp(l) * square * width;
      }
    }
  } finally {
    engine.send({ type: 'release', lane: LANE });
  }
  const value = totals.reduce((sum, total) => sum + total, 0) / NOISES;
  const variance = totals.reduce((sum, total) => sum + (total - value) ** 2, 0) / (NOISES - 1);
  return { value: -value, error: Math.sqrt(variance / NOISES) };
}

/** KL(N(alpha x, sigma^2) || N(0, 1)) at the most noise, where alpha^2 + sigma^2 = 1. @param {Float32Array} x */
function prior(x) {
  const alpha2 = 1 / (1 + Math.exp(-logSnr(MOST)));
  const sigma2 = 1 - alpha2;
  return x.reduce((sum, value) => sum + 0.5 * (sigma2 + alpha2 * value * value - 1 - Math.log(sigma2)), 0);
}
