/**
 * The canvases of the worker and what is to be seen on them. Holds the newest picture of each canvas and paints dirty
 * ones once per animation frame: what the person holds first, the rest as far as a time budget allows.
 */

import { BUDGET_MS, nextFrame } from './frame.js';

/** @import { CanvasHandover, FramePicture, Look, Picture, ScenePicture, Session } from '../protocol.js' */

/** On the CPU a smooth picture is computed with this many samples per image pixel; the browser scales the rest. */
const CPU_SMOOTH_SCALE = 5;

/** @typedef {{canvas: OffscreenCanvas, width: number, height: number}} Surface */

/** @typedef {Picture | FramePicture | ScenePicture} AnyPicture */

export class Stage {
  /**
   * @param {Look} look
   * @param {object} hooks
   * @param {() => boolean} hooks.work  what an animation frame does before it draws; whether there is more of it
   * @param {(canvas: string, picture: AnyPicture) => void} hooks.drawn
   * @param {() => void} hooks.frame  after a frame in which something was drawn
   * @param {(error: unknown, picture: AnyPicture) => void} hooks.failed
   */
  constructor(look, hooks) {
    this.look = look;
    this.hooks = hooks;
    /** @type {Session | null} */
    this.session = null;
    /** Latent size of the model in the session: pictures made for another model wait. */
    this.zDim = 0;
    /** @type {Map<string, Surface>} */
    this.surfaces = new Map();
    /** @type {Map<string, AnyPicture>} */
    this.pictures = new Map();
    /** The frame that a picture of a lane shows now. @type {Map<string, number>} */
    this.shown = new Map();
    /** @type {Set<string>} */
    this.dirty = new Set();
    this.scheduled = false;
  }

  /**
   * A canvas keeps its kind of context for life, so a new session starts without canvases.
   * @param {Session | null} session
   */
  use(session) {
    this.session = session;
    this.surfaces.clear();
    this.shown.clear();
    this.zDim = 0;
  }

  /** @param {number} zDim */
  modelChanged(zDim) {
    this.zDim = zDim;
    for (const [name, picture] of this.pictures) {
      if ('z' in picture && picture.z.length !== picture.columns * picture.rows * zDim) this.pictures.delete(name);
    }
    this.invalidate();
  }

  /** A lane began anew. @param {string} lane */
  laneRestarted(lane) {
    for (const [name, picture] of this.pictures) {
      if (!('lane' in picture) || picture.lane !== lane) continue;
      this.shown.delete(name);
      this.touch(name);
    }
  }

  /** A lane has frames that it had not. @param {string} lane */
  laneGrown(lane) {
    for (const [name, picture] of this.pictures) {
      if ('lane' in picture && picture.lane === lane && this.shown.get(name) !== picture.frame) this.touch(name);
    }
  }

  /** @param {CanvasHandover} handover */
  attach({ name, canvas, width, height }) {
    if (!this.session) return;
    const surface = { canvas, width, height };
    if (this.surfaces.has(name)) this.session.detach(name);
    this.surfaces.set(name, surface);
    this.fit(name, surface);
    this.session.attach(name, canvas);
    this.touch(name);
  }

  /**
   * @param {string} name
   * @param {number} width
   * @param {number} height
   */
  resize(name, width, height) {
    const surface = this.surfaces.get(name);
    if (!surface || (surface.width === width && surface.height === height)) return;
    surface.width = width;
    surface.height = height;
    this.touch(name);
  }

  /** @param {Look} look */
  relook(look) {
    this.look = look;
    this.invalidate();
  }

  /** @param {AnyPicture} picture */
  show(picture) {
    this.pictures.set(picture.canvas, picture);
    this.touch(picture.canvas);
  }

  /** @param {string} name */
  erase(name) {
    this.pictures.delete(name);
    this.shown.delete(name);
    this.dirty.delete(name);
  }

  invalidate() {
    for (const name of this.pictures.keys()) this.dirty.add(name);
    this.schedule();
  }

  /** @param {string} name */
  touch(name) {
    this.dirty.add(name);
    this.schedule();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    nextFrame(() => {
      this.scheduled = false;
      this.paint();
    });
  }

  /** Can this picture be painted now? */
  ready(/** @type {string} */ name) {
    const picture = this.pictures.get(name);
    if (!picture || !this.session || !this.surfaces.has(name)) return false;
    if (!('z' in picture)) return true;
    return this.zDim > 0 && picture.z.length === picture.columns * picture.rows * this.zDim;
  }

  paint() {
    const busy = this.hooks.work();
    const start = performance.now();
    const waiting = [...this.dirty].filter((name) => this.ready(name));
    this.dirty.clear();
    const urgent = waiting.filter((name) => this.pictures.get(name)?.urgent);
    const patient = waiting.filter((name) => !this.pictures.get(name)?.urgent);
    for (const name of urgent) this.paintOne(name);
    let first = true;
    for (const name of patient) {
      // one at least, so that a slow machine still gets to all of them while something is being dragged
      if (first || performance.now() - start < BUDGET_MS) this.paintOne(name);
      else this.dirty.add(name);
      first = false;
    }
    if (waiting.length > 0) this.hooks.frame();
    if (busy || this.dirty.size > 0) this.schedule();
  }

  /** @param {string} name */
  paintOne(name) {
    const { session } = this;
    const picture = this.pictures.get(name);
    const surface = this.surfaces.get(name);
    if (!session || !picture || !surface) return;
    try {
      this.fit(name, surface);
      if (!this.present(session, name, picture)) return;
    } catch (error) {
      this.hooks.failed(error, picture);
      return;
    }
    this.hooks.drawn(name, picture);
  }

  /**
   * @param {Session} session
   * @param {string} name
   * @param {AnyPicture} picture
   * @returns {boolean} whether there was something to draw
   */
  present(session, name, picture) {
    const { columns, rows, gap } = picture;
    const { ink, paper, above, below, smooth } = this.look;
    const colours = /** @type {const} */ ([Float32Array.from(ink), Float32Array.from(paper)]);
    if ('z' in picture) {
      session.decode(picture.z);
      session.present(name, columns, rows, gap, smooth, ...colours);
      return true;
    }
    if ('scene' in picture) {
      const { scene, output, first = 0, tone = 'grey' } = picture;
      const ends = tone === 'diverging' ? [above, paper, below] : [ink, paper, paper];
      const [high, middle, low] = ends.map((colour) => Float32Array.from(colour));
      return session.job_present(name, scene, output, first, columns, rows, gap, smooth, tone, high, middle, low);
    }
    const { lane, what, frame, first = 0 } = picture;
    const drawn = session.present_frame(name, lane, what, frame, first, columns, rows, gap, smooth, ...colours);
    if (drawn === undefined) return false;
    this.shown.set(name, drawn);
    return true;
  }

  /**
   * The GPU fills the box on the screen, pixel for pixel. The CPU computes only as many samples as the images have
   * (or a few per pixel when smooth) and leaves the scaling to the browser.
   * @param {string} name
   * @param {Surface} surface
   */
  fit(name, { canvas, width, height }) {
    let target = [width, height];
    const picture = this.pictures.get(name);
    if (this.session?.info().backend === 'cpu' && picture) {
      const scale = this.look.smooth ? CPU_SMOOTH_SCALE : 1;
      target = [picture.columns, picture.rows].map((count) => (count * 28 + (count - 1) * picture.gap) * scale);
      const excess = Math.max(1, Math.ceil(target[0] / Math.max(width, 28)), Math.ceil(target[1] / Math.max(height, 28)));
      if (this.look.smooth) target = target.map((side) => Math.round(side / Math.min(excess, scale)));
    }
    const [wide, high] = target.map((side) => Math.max(1, Math.round(side)));
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
  }
}
