/** Measures what the inspector shows: pictures per second, the cost of a decode, the way from an input to the canvas. */

/** @import { Session, Stats } from '../protocol.js' */

const INTERVAL_MS = 500;

export class Meter {
  /** @param {(stats: Stats) => void} report */
  constructor(report) {
    this.report = report;
    /** Animation frames in which something was drawn. */
    this.frames = 0;
    /** @type {number[]} */
    this.latencies = [];
    this.since = performance.now();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {Session | null} */
    this.session = null;
  }

  /**
   * Called after each picture.
   * @param {Session} session
   * @param {number} [input]  when the input event behind it happened, in ms since the epoch
   */
  tick(session, input) {
    this.session = session;
    const now = performance.now();
    if (input !== undefined) this.latencies.push(performance.timeOrigin + now - input);
    if (this.timer === undefined) {
      if (now - this.since > 2 * INTERVAL_MS) {
        // the time in which nobody moved anything says nothing about speed
        this.since = now;
        this.frames = 0;
      }
      this.timer = setTimeout(() => this.flush(), INTERVAL_MS);
    }
  }

  /** Called once per animation frame that drew something. */
  frame() {
    this.frames += 1;
  }

  flush() {
    this.timer = undefined;
    if (!this.session) return;
    const now = performance.now();
    const fps = (1000 * this.frames) / (now - this.since);
    const sorted = this.latencies.sort((a, b) => a - b);
    const latency = sorted.length > 0 ? sorted[sorted.length >> 1] : null;
    let stats;
    try {
      stats = this.session.stats();
    } catch {
      return; // freed between two reports
    }
    this.report({ ...stats, fps, latency_ms: latency });
    this.frames = 0;
    this.latencies = [];
    this.since = now;
  }
}
