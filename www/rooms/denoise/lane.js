/**
 * One trajectory in the worker, as the page follows it. Every run replaces the one before: replies and reports that
 * belong to an older run are dropped here, so that no view ever sees them.
 */

/** @import { EngineClient } from '../../engine.js' */
/** @import { Move, Spec, Trajectory } from '../../protocol.js' */

/** Two times closer than this are one. */
const SAME = 1e-6;

export class Lane {
  /**
   * @param {EngineClient} engine
   * @param {string} name
   * @param {(lane: Lane) => void} changed  a run was accepted, or frames were added
   */
  constructor(engine, name, changed) {
    this.engine = engine;
    this.name = name;
    this.changed = changed;
    /** @type {Spec | null} */
    this.spec = null;
    /** @type {Trajectory | null} */
    this.trajectory = null;
    /** Where on the timeline each frame stands, 0 to 1. @type {number[]} */
    this.places = [];
    /** The newest frame that is there. */
    this.ready = 0;
    /** Mean time of a step in ms, once one was measured. @type {number | null} */
    this.stepMs = null;
    /** Counts the runs: what belongs to an older one is dropped. */
    this.serial = 0;
    /** Between asking for a run and hearing that it began, what the worker reports is of the run before. */
    this.waiting = false;
    /** Runs begin halted: only their first frame is there until the lane is resumed. */
    this.held = false;
    engine.on('frames', (message) => {
      if (message.lane !== name || this.waiting || !this.trajectory) return;
      this.ready = message.ready;
      this.stepMs = message.ms;
      this.changed(this);
    });
  }

  /** Everything is computed. */
  get done() {
    return this.trajectory !== null && this.ready >= this.trajectory.frames - 1;
  }

  /** From now on runs that were asked for before count for nothing. */
  claim() {
    this.serial += 1;
    return this.serial;
  }

  /** @param {number} claim */
  holds(claim) {
    return claim === this.serial;
  }

  /**
   * Starts anew. The model has to be loaded. Failures reject; of an older run they are dropped.
   * @param {Spec} spec
   * @param {object} [given]
   * @param {Float32Array} [given.source]  n * 784 numbers in [-1, 1]
   * @param {Float32Array} [given.mask]  784 numbers, 1 where the source is kept
   * @param {number} [claim]
   * @returns {Promise<Trajectory | null>} null where another run was asked for meanwhile
   */
  async run(spec, given = {}, claim = this.claim()) {
    this.waiting = true;
    this.spec = spec;
    let trajectory;
    try {
      const reply = this.engine.run(this.name, spec, given);
      if (this.held) this.halt();
      trajectory = await reply;
    } catch (error) {
      if (!this.holds(claim)) return null;
      this.waiting = false;
      this.trajectory = null;
      throw error;
    }
    if (!this.holds(claim)) return null;
    this.waiting = false;
    this.trajectory = trajectory;
    this.places = placesOf(trajectory);
    this.ready = 0;
    this.stepMs = null;
    this.changed(this);
    return trajectory;
  }

  /** Stops computing; the frames stay. */
  halt() {
    this.engine.send({ type: 'halt', lane: this.name });
  }

  resume() {
    this.engine.send({ type: 'resume', lane: this.name });
  }

  /** Gives everything back. */
  release() {
    this.claim();
    this.waiting = false;
    if (this.spec) this.engine.send({ type: 'release', lane: this.name });
    this.spec = null;
    this.trajectory = null;
    this.places = [];
    this.ready = 0;
  }

  /**
   * The frame to be seen with the playhead at a place: the last one at or before it.
   * @param {number} place
   */
  frameAt(place) {
    let frame = 0;
    for (let i = 1; i < this.places.length; i += 1) if (this.places[i] <= place + SAME) frame = i;
    return frame;
  }

  /** The move that leaves a frame, or the last one. @param {number} frame @returns {Move | null} */
  moveAt(frame) {
    const moves = this.trajectory?.moves ?? [];
    return moves[Math.min(frame, moves.length - 1)] ?? null;
  }

  /** The time of a frame. @param {number} frame */
  timeAt(frame) {
    const moves = this.trajectory?.moves ?? [];
    return frame < moves.length ? moves[frame].from : (moves.at(-1)?.to ?? 0);
  }
}

/**
 * Frames stand at 1 - t, so that trajectories with different steps keep time with one another; where the way goes back
 * and forth, as in resampled inpainting, they stand at even distances.
 * @param {Trajectory} trajectory
 * @returns {number[]}
 */
function placesOf({ moves, frames }) {
  if (moves.length === 0) return [1];
  const oneWay = moves.every(({ from, to }) => to <= from) || moves.every(({ from, to }) => to >= from);
  if (!oneWay) return Array.from({ length: frames }, (_, i) => i / (frames - 1));
  const times = [...moves.map(({ from }) => from), moves[moves.length - 1].to];
  // the way from data to noise is played from left to right too
  const encoding = times[0] < times[times.length - 1];
  return times.map((time) => (encoding ? time : 1 - time));
}
