/** Indices in an order drawn at random, the same for the same seed. */

/**
 * 0 to `count` - 1, each once.
 * @param {number} count
 * @param {number} seed
 */
export function shuffled(count, seed) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = seed >>> 0;
  // mulberry32
  const draw = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = count - 1; i > 0; i -= 1) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
