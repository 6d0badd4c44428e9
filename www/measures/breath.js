/** Long computations on the page's own thread let it paint in between. */

/** Milliseconds of computing between two breaths: half a frame. */
const PATIENCE = 8;

export class Breath {
  constructor() {
    this.last = performance.now();
  }

  /** To be awaited often; it mostly returns at once. */
  async taken() {
    if (performance.now() - this.last < PATIENCE) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.last = performance.now();
  }
}
