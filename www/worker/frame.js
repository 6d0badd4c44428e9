/** Animation frames of the worker, and how much is computed in one. */

/** @import { Session } from '../protocol.js' */

/** Milliseconds of an animation frame that computing may take, so that the page keeps its frame rate. */
export const BUDGET_MS = 9;

/**
 * Safari before 16.4 has no animation frames in workers.
 * @param {() => void} callback
 */
export function nextFrame(callback) {
  if (typeof globalThis.requestAnimationFrame === 'function') globalThis.requestAnimationFrame(callback);
  else setTimeout(callback, 16);
}

/** What one animation frame can still take. One step is always taken, unless the device has not done the last ones. */
export class Budget {
  /** @param {Session} session */
  constructor(session) {
    this.session = session;
    this.start = performance.now();
    this.begun = false;
  }

  /**
   * Whether a step may be taken, which then counts as taken.
   * @param {number} cost  ms that it takes, 0 where none was ever timed
   */
  fits(cost) {
    // what the device still has to do counts as taken; of a step never timed only one is under way
    const queued = this.session.pending() * (cost || BUDGET_MS);
    const taken = Math.max(queued, performance.now() - this.start);
    if ((this.begun || queued > 0) && taken + cost >= BUDGET_MS) return false;
    this.begun = true;
    return true;
  }
}
