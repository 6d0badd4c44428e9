/**
 * A number in [0, 1) that looks drawn at random; the same on every machine.
 * @param {number} index
 */
export function scattered(index) {
  let word = Math.imul(index + 1, 0x9e3779b1);
  word = Math.imul(word ^ (word >>> 15), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
}
