/** Paper to draw a digit on, with mouse, touch or pen. */

import { t } from '../i18n/translate.js';
import { PIXELS, SIDE } from '../protocol.js';
import { ICONS, button, h } from './dom.js';
import { PAD, readStrokes, simplify, toMnist, writeStrokes } from './ink.js';
import { fill } from './scrubber.js';

/** @import { Stroke } from './ink.js' */

const BRUSH = { least: 10, usual: 22, most: 40 };

/** A link holds at most this many characters of ink. */
const LONGEST = 3600;

export class DrawingPad {
  /**
   * @param {object} hooks
   * @param {(image: Float32Array | null, ink: string, finished: boolean) => void} hooks.changed  the picture as MNIST
   *   would have it; the strokes for the link; false while the pen is down
   */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {Stroke[]} */
    this.strokes = [];
    /** @type {Stroke | null} */
    this.current = null;
    /** @type {Stroke[][]} */
    this.history = [];
    this.canvas = h('canvas', { class: 'drawing', 'aria-hidden': 'true' });
    this.hint = h('p', { class: 'drawing-hint' }, t('draw.hint'));
    this.surface = h('div', { class: 'drawing-surface', role: 'img', 'aria-label': t('draw.pad') }, this.canvas, this.hint);
    this.seen = h('canvas', { class: 'seen', width: SIDE, height: SIDE, role: 'img', 'aria-label': t('draw.seen') });
    this.brush = h('input', {
      type: 'range',
      min: String(BRUSH.least),
      max: String(BRUSH.most),
      value: String(BRUSH.usual),
      'aria-label': t('draw.brush'),
      oninput: () => fill(this.brush),
    });
    fill(this.brush);
    this.undoButton = button({ label: t('draw.undo'), icon: ICONS.undo(), onclick: () => this.undo() });
    this.clearButton = button({ label: t('draw.clear'), icon: ICONS.clear(), onclick: () => this.clear() });
    this.tools = h(
      'div',
      { class: 'tools' },
      h('label', { class: 'brush' }, h('span', {}, t('draw.brush')), this.brush),
      this.undoButton,
      this.clearButton,
    );
    this.element = h('div', { class: 'drawing-pad' }, this.surface, this.tools);
    this.listen();
    new ResizeObserver(() => this.paint()).observe(this.surface);
    new MutationObserver(() => this.update()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
    this.update();
  }

  listen() {
    this.surface.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.surface.setPointerCapture(event.pointerId);
      this.history.push([...this.strokes]);
      this.current = { brush: this.brush.valueAsNumber, points: this.pointsOf(event) };
      this.changed(false);
    });
    this.surface.addEventListener('pointermove', (event) => {
      if (!this.current) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length > 0 ? moves : [event]) this.current.points.push(...this.pointsOf(move));
      this.changed(false);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      this.surface.addEventListener(end, () => {
        if (!this.current) return;
        this.strokes = [...this.strokes, { brush: this.current.brush, points: simplify(this.current.points) }];
        this.current = null;
        this.changed(true);
      });
    }
    // an image role takes no focus, so the shortcut works wherever the pad is in view
    this.element.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'z') {
        event.preventDefault();
        this.undo();
      }
    });
  }

  /** @param {PointerEvent} event @returns {number[]} */
  pointsOf(event) {
    const box = this.surface.getBoundingClientRect();
    const scaled = (/** @type {number} */ at, /** @type {number} */ size) =>
      Math.min(PAD - 1, Math.max(0, Math.round((at / size) * PAD)));
    return [scaled(event.clientX - box.left, box.width), scaled(event.clientY - box.top, box.height)];
  }

  all() {
    return this.current ? [...this.strokes, this.current] : this.strokes;
  }

  undo() {
    const before = this.history.pop();
    if (before) this.strokes = before;
    else this.strokes = this.strokes.slice(0, -1);
    this.changed(true);
  }

  clear() {
    if (this.strokes.length === 0) return;
    this.history.push([...this.strokes]);
    this.strokes = [];
    this.changed(true);
  }

  /** @param {string} ink  from a link @returns {Float32Array | null} the picture as MNIST would have it */
  setInk(ink) {
    if (ink !== this.written()) {
      this.strokes = readStrokes(ink);
      this.history = [];
    }
    return this.update();
  }

  written() {
    const text = writeStrokes(this.strokes);
    return text.length <= LONGEST ? text : '';
  }

  /** @param {boolean} finished */
  changed(finished) {
    const image = this.update();
    this.hooks.changed(image, finished ? this.written() : '', finished);
  }

  /** @returns {Float32Array | null} */
  update() {
    const image = toMnist(this.all());
    this.hint.hidden = image !== null;
    this.undoButton.disabled = this.strokes.length === 0 && this.history.length === 0;
    this.clearButton.disabled = this.strokes.length === 0;
    this.paint();
    this.paintSeen(image);
    return image;
  }

  paint() {
    const scale = window.devicePixelRatio || 1;
    const side = Math.round(this.surface.clientWidth * scale);
    if (side === 0) return;
    this.canvas.width = this.canvas.height = side;
    const context = this.canvas.getContext('2d');
    if (!context) return;
    const unit = side / PAD;
    context.strokeStyle = context.fillStyle = getComputedStyle(this.surface).color;
    context.lineCap = context.lineJoin = 'round';
    for (const { brush, points } of this.all()) {
      context.lineWidth = brush * unit;
      context.beginPath();
      context.moveTo(points[0] * unit, points[1] * unit);
      for (let i = 2; i < points.length; i += 2) context.lineTo(points[i] * unit, points[i + 1] * unit);
      // a tap is a dot
      if (points.length === 2) context.lineTo(points[0] * unit, points[1] * unit + 0.01);
      context.stroke();
    }
  }

  /** What the encoder gets. @param {Float32Array | null} image */
  paintSeen(image) {
    const context = this.seen.getContext('2d');
    if (!context) return;
    const pixels = context.createImageData(SIDE, SIDE);
    const [red, green, blue] = (/\d+,? \d+,? \d+/.exec(getComputedStyle(this.seen).color)?.[0] ?? '0 0 0')
      .split(/,? /)
      .map(Number);
    for (let i = 0; i < PIXELS; i += 1) pixels.data.set([red, green, blue, 255 * (image?.[i] ?? 0)], 4 * i);
    context.putImageData(pixels, 0, 0);
  }
}
