/** The inception score (Salimans et al. 2016), as crate/src/metrics/inception.rs defines it, of one part. */

/**
 * exp(E KL(p(y | x) || p(y))) of rows of probabilities.
 * @param {Float64Array} probabilities
 * @param {number} [classes]
 */
export function inceptionScore(probabilities, classes = 10) {
  const count = probabilities.length / classes;
  const mean = new Float64Array(classes);
  for (let i = 0; i < probabilities.length; i += 1) mean[i % classes] += probabilities[i] / count;
  let sum = 0;
  for (let i = 0; i < probabilities.length; i += 1) {
    const p = probabilities[i];
    // p ln p is 0 at 0
    if (p > 0) sum += p * (Math.log(p) - Math.log(mean[i % classes]));
  }
  return Math.exp(sum / count);
}
