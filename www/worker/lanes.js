/**
 * The trajectories of the worker, each a lane by name. Computes them step by step, as many steps per animation frame as
 * leave the page its frame rate, and again from their specs after a lost device: the frames are the same.
 */

import { KindError, toFailure } from '../protocol.js';
import { Budget } from './frame.js';

/** @import { Session, Spec, ToPage, Trajectory, What } from '../protocol.js' */

/**
 * @typedef {object} Lane
 * @property {Spec} spec
 * @property {Float32Array | undefined} source
 * @property {Float32Array | undefined} mask
 * @property {number} frames  how many there will be
 * @property {number} ready  the newest frame that this session has; -1 before it has any
 * @property {number} told  the newest frame that the page knows of; a new session computes up to it even when halted
 * @property {boolean} halted
 * @property {unknown} [failure]  why it got no further
 * @property {(() => void)[]} waiting  called at each change
 */

export class Lanes {
  /**
   * @param {object} hooks
   * @param {(message: ToPage) => void} hooks.post
   * @param {(lane: string) => void} hooks.restarted  its old frames are gone, the first new one is there
   * @param {(lane: string) => void} hooks.grown
   * @param {() => void} hooks.schedule  asks for a call of `work` in the next animation frame
   * @param {(values: Promise<Float32Array>) => Promise<Float32Array>} hooks.reading  follows a reading from the session
   * @param {(error: unknown) => void} hooks.failed
   */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {Session | null} */
    this.session = null;
    /** In the order in which they are served. @type {Map<string, Lane>} */
    this.lanes = new Map();
    this.hidden = false;
  }

  /**
   * Begins all lanes again in another session.
   * @param {Session | null} session
   */
  use(session) {
    this.session = session;
    for (const lane of this.lanes.values()) lane.ready = -1;
    if (!session) return;
    for (const [name, lane] of this.lanes) {
      try {
        this.begin(name, lane, session);
      } catch (error) {
        this.drop(name);
        this.hooks.failed(error);
      }
    }
  }

  /**
   * @param {string} name
   * @param {Lane} lane
   * @param {Session} session
   * @returns {Trajectory}
   */
  begin(name, lane, session) {
    const trajectory = JSON.parse(session.run(name, JSON.stringify(lane.spec), lane.source, lane.mask));
    lane.frames = trajectory.frames;
    lane.ready = 0;
    this.hooks.restarted(name);
    this.hooks.schedule();
    return trajectory;
  }

  /**
   * Starts a lane anew. A spec that cannot be run leaves no lane.
   * @param {string} name
   * @param {Spec} spec
   * @param {Float32Array} [source]
   * @param {Float32Array} [mask]
   * @returns {Trajectory}
   */
  run(name, spec, source, mask) {
    this.drop(name);
    if (!this.session) throw new KindError('device-lost', '');
    /** @type {Lane} */
    const lane = { spec, source, mask, frames: 0, ready: -1, told: 0, halted: false, waiting: [] };
    const trajectory = this.begin(name, lane, this.session);
    // the newest is served first
    this.lanes = new Map([[name, lane], ...this.lanes]);
    return trajectory;
  }

  /** Frees a lane. @param {string} name */
  release(name) {
    this.drop(name);
    this.session?.release(name);
  }

  /** Forgets a lane; whoever waits for its frames hears of it. @param {string} name */
  drop(name) {
    const lane = this.lanes.get(name);
    this.lanes.delete(name);
    if (lane) wake(lane);
  }

  /** @param {string} name @param {boolean} halted */
  halt(name, halted) {
    const lane = this.lanes.get(name);
    if (!lane) return;
    lane.halted = halted;
    wake(lane);
    this.hooks.schedule();
  }

  /** A page that nobody sees computes nothing. @param {boolean} hidden */
  hide(hidden) {
    this.hidden = hidden;
    this.hooks.schedule();
  }

  /**
   * The steps of one animation frame.
   * @returns {boolean} whether there are more to take
   */
  work() {
    const { session } = this;
    if (!session || this.hidden) return false;
    const budget = new Budget(session);
    /** @type {Set<string>} */
    const grown = new Set();
    for (;;) {
      const name = this.next();
      if (name === null || !budget.fits(session.step_ms(name))) break;
      if (!this.step(name, session)) break;
      grown.add(name);
    }
    for (const name of grown) this.report(name, session);
    return this.next() !== null;
  }

  /** The lane whose turn it is. */
  next() {
    for (const [name, lane] of this.lanes) if (isGrowing(lane)) return name;
    return null;
  }

  /** @param {string} name @param {Session} session @returns {boolean} whether it went well */
  step(name, session) {
    const lane = this.lanes.get(name);
    if (!lane) return false;
    try {
      lane.ready = session.step(name);
    } catch (error) {
      this.failed(name, error);
      return false;
    }
    // to the end of the queue
    this.lanes.delete(name);
    this.lanes.set(name, lane);
    return true;
  }

  /** @param {string} name @param {Session} session */
  report(name, session) {
    const lane = this.lanes.get(name);
    if (!lane) return;
    this.hooks.grown(name);
    // frames that are computed again are no news
    if (lane.ready > lane.told) {
      lane.told = lane.ready;
      this.hooks.post({ type: 'frames', lane: name, ready: lane.ready, total: lane.frames, ms: session.step_ms(name) });
    }
    wake(lane);
  }

  /** @param {string} name @param {unknown} error */
  failed(name, error) {
    // the device's own report leads to another session
    if (toFailure(error).kind === 'device-lost') {
      this.use(null);
    } else {
      const lane = this.lanes.get(name);
      if (lane) lane.failure = error;
      this.halt(name, true);
    }
    this.hooks.failed(error);
  }

  /**
   * The digits of one frame, once it is there.
   * @param {string} name
   * @param {What} what
   * @param {number} frame
   */
  frameValues(name, what, frame) {
    return this.read(name, what, frame, (session) => session.read_frame(name, what, frame));
  }

  /**
   * All frames of a lane, once they are there.
   * @param {string} name
   * @param {What} what
   */
  trajectory(name, what) {
    const last = (this.lanes.get(name)?.frames ?? 1) - 1;
    return this.read(name, what, last, (session) => session.read_lane(name, what));
  }

  /**
   * @param {string} name
   * @param {What} what
   * @param {number} frame
   * @param {(session: Session) => Promise<Float32Array>} reading
   * @returns {Promise<Float32Array>}
   */
  async read(name, what, frame, reading) {
    const lane = this.lanes.get(name);
    if (!lane || !(frame >= 0 && frame < lane.frames)) throw new KindError('shape', `${name}, ${frame}`);
    // what is predicted at a frame comes with the step that leaves it
    const needed = what === 'x_t' ? frame : Math.min(frame + 1, lane.frames - 1);
    for (;;) {
      while (lane.ready < needed) {
        const coming = this.lanes.get(name) === lane && (!lane.halted || lane.told >= needed);
        if (!coming) throw lane.failure ?? new KindError('interrupted', name);
        await new Promise((resolve) => lane.waiting.push(() => resolve(undefined)));
      }
      const { session } = this;
      if (!session || this.lanes.get(name) !== lane) throw new KindError('interrupted', name);
      try {
        return await this.hooks.reading(reading(session));
      } catch (error) {
        if (toFailure(error).kind !== 'device-lost') throw error;
        if (session === this.session) this.use(null);
      }
    }
  }
}

/** @param {Lane} lane */
function isGrowing({ ready, told, frames, halted }) {
  return ready >= 0 && ready < (halted ? told : frames - 1);
}

/** @param {Lane} lane */
function wake(lane) {
  for (const resume of lane.waiting.splice(0)) resume();
}
