/** Models that answer for one picture, the newest: the cheap ones while it is drawn, one after the other. */

/** @import { ModelRow } from './row.js' */

/** What is asked about: grey values in [0, 1], and the same as ink or paper. @typedef {{grey: Float32Array, binary: Float32Array}} Asked */

export class Asking {
  /** @param {() => void} answered  after each answer, and when there is another picture */
  constructor(answered) {
    this.answered = answered;
    /** @type {ModelRow[]} */
    this.rows = [];
    /** In sight. */
    this.open = false;
    /** @type {Asked | null} */
    this.picture = null;
    /** Counts the pictures; a row has answered for one of them. */
    this.serial = 0;
    /** The pen is up. */
    this.finished = true;
    this.answering = false;
  }

  /** Another picture. @param {Float32Array | null} image @param {boolean} finished */
  look(image, finished) {
    this.picture = image && { grey: image, binary: image.map((value) => Number(value >= 0.5)) };
    this.serial += 1;
    this.finished = finished;
    if (!image) for (const row of this.rows) row.forget();
    this.answered();
    this.answer();
  }

  /** Another session is there to be asked. */
  again() {
    for (const row of this.rows) row.again();
    this.answer();
  }

  /** Every row in turn answers for the newest picture that it can have; the one that waited longest is first. */
  async answer() {
    if (this.answering) return;
    this.answering = true;
    for (;;) {
      const { picture, serial } = this;
      const waiting = this.rows.filter((row) => row.ready && row.serial !== serial && (this.finished || !row.way.slow));
      const next = waiting.sort((a, b) => a.serial - b.serial)[0];
      if (!next || !picture || !this.open) break;
      await next.answer(picture, serial);
      this.answered();
    }
    this.answering = false;
  }
}
