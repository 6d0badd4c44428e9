/**
 * The latent pad: a plane of z with the decoded mosaic as its ground, handles to drag, and over it, on demand, the
 * test set's encodings, a path and a posterior.
 */

import { t } from '../i18n/translate.js';
import { h, svg } from './dom.js';
import { handle } from './handle.js';
import { unitName } from './latent-sliders.js';
import { Picture } from './picture.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { Plane } from '../rooms/latent/vectors.js' */

/** Cells of the mosaic in each direction: 400 images in one batch. */
const CELLS = 20;

/** Radius of the lens over a small posterior, as a share of the pad's reach. */
const LENS = 0.3;

/** How fast the mosaic may follow a plane that turns, in ms. */
const MOSAIC_REST_MS = 120;

export class Pad {
  /**
   * @param {EngineClient} engine
   * @param {object} hooks
   * @param {(kind: 'z' | 'from' | 'to', a: number, b: number, input: number) => void} hooks.moved
   */
  constructor(engine, hooks) {
    this.hooks = hooks;
    /** @type {Plane | null} */
    this.plane = null;
    this.mosaic = new Picture(engine, { name: 'mosaic', label: t('pad.mosaic'), columns: CELLS, rows: CELLS });
    this.codes = h('canvas', { class: 'codes', 'aria-hidden': 'true' });
    this.drawing = svg('svg', { class: 'pad-drawing', 'aria-hidden': 'true', preserveAspectRatio: 'none' });
    this.handles = {
      z: this.handle('z', t('pad.z')),
      from: this.handle('from', t('pad.from'), t('end.from.letter')),
      to: this.handle('to', t('pad.to'), t('end.to.letter')),
    };
    this.hint = h('span', { class: 'pad-hint', 'aria-hidden': 'true' }, t('pad.hint'));
    this.surface = h(
      'div',
      { class: 'pad-surface' },
      this.mosaic.element,
      this.codes,
      this.drawing,
      ...Object.values(this.handles).map(({ element }) => element),
    );
    this.handles.z.element.append(this.hint);
    this.ticks = { x: h('div', { class: 'ticks ticks-x' }), y: h('div', { class: 'ticks ticks-y' }) };
    this.element = h('div', { class: 'pad' }, this.ticks.y, this.surface, this.ticks.x);
    /** @type {('z' | 'from' | 'to')[]} */
    this.movable = ['z'];
    this.listen();
    this.showHandles(['z'], ['z']);
  }

  /** @param {'z' | 'from' | 'to'} kind @param {string} label @param {string} [letter] */
  handle(kind, label, letter) {
    return handle({ kind, label, letter, moved: (a, b) => this.move(kind, a, b) });
  }

  listen() {
    /** @type {'z' | 'from' | 'to' | null} */
    let held = null;
    const follow = (/** @type {PointerEvent} */ event) => {
      if (held && this.plane) {
        const [a, b] = this.pointOf(event);
        this.move(held, a, b);
      }
    };
    this.surface.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !this.plane || this.movable.length === 0) return;
      event.preventDefault();
      held = this.nearest(this.pointOf(event));
      // whoever drags needs no hint any more
      this.hint.remove();
      this.handles[held].element.focus({ preventScroll: true });
      this.surface.setPointerCapture(event.pointerId);
      this.surface.classList.add('held');
      follow(event);
    });
    this.surface.addEventListener('pointermove', follow);
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      this.surface.addEventListener(end, () => {
        held = null;
        this.surface.classList.remove('held');
      });
    }
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  pointOf(event) {
    const box = this.surface.getBoundingClientRect();
    const extent = this.plane?.extent ?? 1;
    return [
      (((event.clientX - box.left) / box.width) * 2 - 1) * extent,
      (1 - ((event.clientY - box.top) / box.height) * 2) * extent,
    ];
  }

  /** @param {number[]} point */
  nearest([a, b]) {
    const distance = (/** @type {'z' | 'from' | 'to'} */ kind) => {
      const at = this.handles[kind].at;
      return Math.hypot(at[0] - a, at[1] - b);
    };
    return this.movable.reduce((best, kind) => (distance(kind) < distance(best) ? kind : best));
  }

  /** @param {'z' | 'from' | 'to'} kind @param {number} a @param {number} b */
  move(kind, a, b) {
    if (!this.plane || !this.movable.includes(kind)) return;
    const limit = this.plane.extent;
    const clamp = (/** @type {number} */ value) => Math.min(limit, Math.max(-limit, value));
    this.hooks.moved(kind, clamp(a), clamp(b), performance.timeOrigin + performance.now());
  }

  /** @param {Plane} plane @param {boolean} [later] let the mosaic wait until the plane rests */
  show(plane, later = false) {
    this.plane = plane;
    const extent = plane.extent;
    this.drawing.setAttribute('viewBox', `${-extent} ${-extent} ${2 * extent} ${2 * extent}`);
    this.axes(plane);
    clearTimeout(this.timer);
    const draw = () => this.mosaic.draw(plane.grid(CELLS));
    if (later) this.timer = setTimeout(draw, MOSAIC_REST_MS);
    else draw();
  }

  /** @param {Plane} plane */
  axes(plane) {
    const whole = Math.floor(plane.extent);
    const marks = [-whole, 0, whole];
    const tick = (/** @type {number} */ value, /** @type {string} */ side) => {
      const element = h('span', {}, String(value).replace('-', '\u2212'));
      const share = ((value / plane.extent + 1) / 2) * 100;
      if (side === 'x') element.style.left = `${share}%`;
      else element.style.top = `${100 - share}%`;
      return element;
    };
    const name = (/** @type {number} */ unit, /** @type {string} */ words) =>
      h('span', { class: 'axis-name' }, plane.isAxes ? unitName(unit) : words);
    this.ticks.x.replaceChildren(...marks.map((value) => tick(value, 'x')), name(0, t('pad.axis.x')));
    this.ticks.y.replaceChildren(...marks.map((value) => tick(value, 'y')), name(1, t('pad.axis.y')));
  }

  /** @param {'z' | 'from' | 'to'} kind @param {ArrayLike<number>} z */
  place(kind, z) {
    if (!this.plane) return;
    const [a, b] = this.plane.coordinates(z);
    this.handles[kind].place(a, b, this.plane.extent);
  }

  /**
   * @param {('z' | 'from' | 'to')[]} visible
   * @param {('z' | 'from' | 'to')[]} movable
   */
  showHandles(visible, movable) {
    this.movable = movable;
    for (const [name, { element }] of Object.entries(this.handles)) {
      const kind = /** @type {'z' | 'from' | 'to'} */ (name);
      element.hidden = !visible.includes(kind);
      element.tabIndex = movable.includes(kind) ? 0 : -1;
      element.setAttribute('aria-disabled', String(!movable.includes(kind)));
    }
    this.surface.classList.toggle('still', movable.length === 0);
  }

  /**
   * Lines over the mosaic, each a list of z; and dots.
   * @param {{kind: string, line: ArrayLike<number>[]}[]} lines
   * @param {{kind: string, z: ArrayLike<number>}[]} dots
   */
  drawPaths(lines, dots) {
    const { plane } = this;
    if (!plane) return;
    const point = (/** @type {ArrayLike<number>} */ z) => {
      const [a, b] = plane.coordinates(z);
      return `${a.toFixed(4)},${(-b).toFixed(4)}`;
    };
    const nodes = lines.flatMap(({ kind, line }) => {
      const points = line.map(point).join(' ');
      return [
        svg('polyline', { class: 'path halo', points }),
        svg('polyline', { class: `path path-${kind}`, points }),
      ];
    });
    const marks = dots.map(({ kind, z }) => {
      const [a, b] = plane.coordinates(z);
      return svg('circle', { class: `dot dot-${kind}`, cx: a, cy: -b, r: plane.extent / 45 });
    });
    this.drawing.replaceChildren(...nodes, ...marks);
  }

  /**
   * The posterior as ellipses of one and two standard deviations; under a lens where it is too small to be seen.
   * @param {ArrayLike<number>} mu
   * @param {ArrayLike<number>} sigma
   * @param {ArrayLike<number>} z  the point that was decoded
   */
  drawPosterior(mu, sigma, z) {
    const { plane } = this;
    if (!plane) return;
    const { extent } = plane;
    const [a, b] = plane.coordinates(mu);
    const rings = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ zoom) =>
      [2, 1].map((times) =>
        svg('ellipse', {
          class: times === 2 ? 'posterior two' : 'posterior one',
          cx: x,
          cy: -y,
          rx: zoom * times * sigma[0],
          ry: zoom * times * sigma[1],
        }),
      );
    const dot = (/** @type {string} */ kind, /** @type {number} */ x, /** @type {number} */ y) =>
      svg('circle', { class: `dot ${kind}`, cx: x, cy: -y, r: extent / 70 });
    const nodes = [...rings(a, b, 1), dot('dot-mean', a, b)];
    const largest = 2 * Math.max(sigma[0], sigma[1]);
    const radius = LENS * extent;
    if (largest < radius / 3) {
      // in the corner that is farthest from the cloud
      const x = (a > 0 ? -1 : 1) * (extent - 1.2 * radius);
      const y = (b > 0 ? -1 : 1) * (extent - 1.2 * radius);
      const zoom = Math.max(1, Math.floor((0.68 * radius) / Math.max(largest, 1e-6)));
      const [za, zb] = plane.coordinates(z);
      const [da, db] = [(za - a) * zoom, (zb - b) * zoom];
      const name = svg('text', { class: 'lens-zoom', x, y: -y + 0.9 * radius, 'font-size': 0.17 * radius });
      name.textContent = t('pad.zoom', { zoom });
      nodes.push(
        svg('line', { class: 'lens-line', x1: a, y1: -b, x2: x, y2: -y }),
        svg('circle', { class: 'lens', cx: x, cy: -y, r: radius }),
        ...rings(x, y, zoom),
        dot('dot-mean', x, y),
        name,
      );
      if (Math.hypot(da, db) < radius) nodes.push(dot('dot-sample', x + da, y + db));
    }
    this.drawing.replaceChildren(...nodes);
  }

  clearDrawing() {
    this.drawing.replaceChildren();
  }
}
