/** Paper to draw a digit on, with mouse, touch or pen, and by keyboard. */

import { t } from '../i18n/translate.js';
import { PIXELS, SIDE } from '../protocol.js';
import { ICONS, button, h } from './dom.js';
import { PAD, inPlace, readStrokes, simplify, toMnist, writeStrokes } from './ink.js';
import { fill } from './scrubber.js';

/** @import { Stroke } from './ink.js' */

const BRUSH = { least: 10, usual: 22, most: 40 };

/** How far an arrow key moves the brush: a pixel of the picture. */
const STEP = PAD / SIDE;

/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ' ': [0, 0], Enter: [0, 0] };

/** A link holds at most this many characters of ink. */
const LONGEST = 3600;

export class DrawingPad {
  /**
   * @param {object} hooks
   * @param {(image: Float32Array | null, ink: string, finished: boolean) => void} hooks.changed  the picture as MNIST
   *   would have it; the strokes for the link; false while the pen is down
   * @param {boolean} [hooks.isInPlace]  the picture is the pad itself, not scaled and centred
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
    /** Where the keyboard's brush stands. */
    this.pen = { x: PAD / 2, y: PAD / 2 };
    this.mark = h('span', { class: 'mask-cursor', 'aria-hidden': 'true' });
    this.surface = h(
      'div',
      { class: hooks.isInPlace ? 'drawing-surface in-place' : 'drawing-surface', tabIndex: 0, role: 'application', 'aria-label': t('draw.pad') },
      this.canvas,
      this.hint,
      this.mark,
    );
    this.seen = h('canvas', { class: 'seen', width: SIDE, height: SIDE, role: 'img', 'aria-label': t('draw.seen') });
    this.brush = h('input', {
      type: 'range',
      min: String(BRUSH.least),
      max: String(BRUSH.most),
      value: String(BRUSH.usual),
      'aria-label': t('draw.brush'),
      oninput: () => {
        fill(this.brush);
        this.placeMark();
      },
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
    this.placeMark();
    new ResizeObserver(() => this.paint()).observe(this.surface);
    new MutationObserver(() => this.update()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
    this.update();
  }

  listen() {
    this.surface.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.surface.setPointerCapture(event.pointerId);
      this.lift();
      this.lower(this.pointsOf(event));
      this.changed(false);
    });
    this.surface.addEventListener('pointermove', (event) => {
      if (!this.current || !this.surface.hasPointerCapture(event.pointerId)) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length > 0 ? moves : [event]) this.current.points.push(...this.pointsOf(move));
      this.changed(false);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      this.surface.addEventListener(end, () => this.lift());
    }
    this.surface.addEventListener('keydown', (event) => this.key(event));
    // a key that is held draws one stroke
    this.surface.addEventListener('keyup', (event) => {
      if (event.key === 'Shift' || event.key === ' ' || event.key === 'Enter') this.lift();
    });
    this.surface.addEventListener('blur', () => this.lift());
    // rooms lay the pad and its tools where they like
    for (const part of [this.surface, this.tools]) {
      part.addEventListener('keydown', (event) => {
        if (!(event.ctrlKey || event.metaKey) || event.key !== 'z') return;
        event.preventDefault();
        this.undo();
      });
    }
  }

  /** The pen touches the paper. @param {number[]} points */
  lower(points) {
    this.history.push([...this.strokes]);
    this.current = { brush: this.brush.valueAsNumber, points };
  }

  /** The pen leaves the paper. */
  lift() {
    if (!this.current) return;
    this.strokes = [...this.strokes, { brush: this.current.brush, points: simplify(this.current.points) }];
    this.current = null;
    this.changed(true);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const within = (/** @type {number} */ value) => Math.min(PAD - 1, Math.max(0, value));
    const before = this.pen;
    this.pen = { x: within(before.x + move[0]), y: within(before.y + move[1]) };
    this.placeMark();
    // with Shift the pen is down on its way
    if (!event.shiftKey && (move[0] !== 0 || move[1] !== 0)) {
      this.lift();
      return;
    }
    if (!this.current) this.lower([Math.round(before.x), Math.round(before.y)]);
    this.current?.points.push(Math.round(this.pen.x), Math.round(this.pen.y));
    this.changed(false);
  }

  placeMark() {
    const percent = (/** @type {number} */ value) => `${((100 * value) / PAD).toFixed(2)}%`;
    const { style } = this.mark;
    const brush = this.brush.valueAsNumber;
    style.width = style.height = percent(brush);
    style.left = percent(this.pen.x - brush / 2);
    style.top = percent(this.pen.y - brush / 2);
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
    const image = (this.hooks.isInPlace ? inPlace : toMnist)(this.all());
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
