/**
 * How the tasks were measured (crate/src/cli/tasks/): the page runs them with the same settings, so that the figures
 * beside the pictures are of what one sees.
 */

/** Completing: rounds of encoding and decoding. */
export const ROUNDS = 30;

/** Completing: steps of chains, Gibbs sweeps and Langevin steps. */
export const CHAIN = { rbm: 300, energy: 240 };

/**
 * Completing: what a denoiser does, by the names that the Denoise room has for it. Each stretch of `jump` steps is done
 * `resample` times (RePaint).
 */
export const INPAINTING = { sampler: /** @type {const} */ ('ddim'), steps: 20, eta: 1, resample: 3, jump: 10 };

/** Style: steps of midpoint, in each direction. */
export const WALK = 10;

/** Style: the coarse layers of a style-based generator, which take the code of the digit. */
export const SPLIT = 2;
