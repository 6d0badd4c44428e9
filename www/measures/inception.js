/** The inception score (Salimans et al. 2016), as crate/src/metrics/inception.rs defines it. */

/** Parts that the score is computed on. */
export const PARTS = 10;
const CLASSES = 10;

/**
 * exp(E KL(p(y | x) || p(y))), the mean over the parts.
 * @param {Float64Array} probabilities  rows of 10
 * @param {ArrayLike<number>} order  of the rows: says which go together, row `order[i]` into part `i * PARTS / count`
 */
export function inceptionScore(probabilities, order) {
  const count = order.length;
  let sum = 0;
  for (let part = 0; part < PARTS; part += 1) {
    const [from, to] = [part, part + 1].map((edge) => Math.floor((edge * count) / PARTS));
    sum += score(probabilities, Array.from({ length: to - from }, (_, i) => order[from + i]));
  }
  return sum / PARTS;
}

/** Of one part. @param {Float64Array} probabilities @param {number[]} members */
function score(probabilities, members) {
  const mean = new Float64Array(CLASSES);
  const row = (/** @type {number} */ member) => probabilities.subarray(member * CLASSES, (member + 1) * CLASSES);
  for (const member of members) row(member).forEach((p, digit) => (mean[digit] += p / members.length));
  let divergence = 0;
  for (const member of members) {
    // p ln p is 0 at 0
    row(member).forEach((p, digit) => (divergence += p > 0 ? p * (Math.log(p) - Math.log(mean[digit])) : 0));
  }
  return Math.exp(divergence / members.length);
}
