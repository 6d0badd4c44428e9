/** From digits to their noise and back along the ODE, which can be walked both ways. */

import { settingsOf } from './table.js';

/** @import { Spec } from '../../protocol.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Lane } from './lane.js' */
/** @import { Values } from './table.js' */

/** What a change of makes another encoding. Guidance and eta have no part in it. */
export const ENCODING_CAUSES = /** @type {(keyof Values)[]} */ (['model', 'sampler', 'steps', 'spacing']);

/** Noise, and the time at which it stands on its path. @typedef {{noise: Float32Array, time: number}} Encoded */

/**
 * The parts of a spec that make the way there and the way back one another's inverse: no fresh noise, no guidance.
 * @param {Values} values
 * @param {number[]} classes
 * @returns {Partial<Spec> & {classes: number[]}}
 */
export function reversible(values, classes) {
  const { sampler } = settingsOf(values, 'main');
  // DDPM draws noise at each step; without that it is DDIM
  return { classes, sampler: sampler === 'ddpm' ? 'ddim' : sampler, eta: 0, guidance_scale: 0 };
}

/**
 * Encodes digits, each as the class given.
 * @param {DenoiseRoom} room
 * @param {Lane} lane
 * @param {Float32Array} images  784 numbers in [-1, 1] for each class
 * @param {number[]} classes
 * @returns {Promise<Encoded | null>} null where the lane was started again meanwhile, or failed
 */
export async function encode(room, lane, images, classes) {
  const instead = /** @type {Partial<Spec>} */ ({ ...reversible(room.state.values, classes), start: { kind: 'data' }, direction: 'encode' });
  const trajectory = await room.run(lane, 'main', instead, { source: images });
  if (!trajectory) return null;
  const claim = lane.serial;
  try {
    const noise = await room.engine.frameValues(lane.name, 'x_t', trajectory.frames - 1);
    return lane.holds(claim) ? { noise, time: trajectory.moves.at(-1)?.to ?? 1 } : null;
  } catch (error) {
    if (lane.holds(claim)) room.shell.complain(error);
    return null;
  }
}
