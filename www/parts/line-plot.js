/**
 * A plot of a few lines through measured points. Points are read by pointer and by keyboard: one of them is in the tab
 * order, the arrow keys go along a line and from line to line.
 */

import { h, svg } from './dom.js';
import { placesOf } from './label-places.js';

/** Space for the words around the plot, in CSS pixels. */
const MARGIN = { left: 46, right: 14, top: 12, bottom: 40 };
const RADIUS = 3.5;
/** Above the plot, where the name of y stands there. */
const NAME_HEIGHT = 18;
/** What words in the plot take, about. */
const LETTER_WIDTH = 6.5;
const CAPITAL_WIDTH = 8.5;
const LINE_HEIGHT = 14;
/** From the top of a name to the line that its letters stand on. */
const ASCENT = 11;
/** A name as far from its point has a line that leads to it. */
const FAR = 10;
/** Words under the plot need as much. */
const TICK_WIDTH = 32;
/** How far a pointer may be from a point that it means. */
const REACH = 28;

/**
 * @template T
 * @typedef {object} Point
 * @property {number} x
 * @property {number} y
 * @property {number} [error]  of y
 * @property {string} label  what it says to those who cannot see it
 * @property {T} data
 */

/**
 * @template T
 * @typedef {object} Series
 * @property {string} look  class
 * @property {string} [name]  stands at its last point; that of a lone point where there is room beside it, else it is seen
 *   while the point is lit
 * @property {Point<T>[]} points  in the order of x
 */

/**
 * @typedef {object} Axis
 * @property {string} label
 * @property {boolean} [log]
 * @property {number} [low]
 * @property {number} [high]
 * @property {(value: number) => string} words
 * @property {boolean} [above]  of y: its name stands above the plot, where lines run through the upper left corner
 */

/**
 * @template T
 * @typedef {object} Content
 * @property {Series<T>[]} series  the last ones lie on top
 * @property {{y: number, label: string}[]} [levels]  horizontal lines
 * @property {{x: number, label: string}} [mark]  a vertical line
 * @property {(data: T) => boolean} [ringed]  points with a ring
 */

/** @template T */
export class LinePlot {
  /**
   * @param {object} options
   * @param {string} options.label
   * @param {Axis} options.x
   * @param {Axis} options.y
   * @param {(data: T | null) => void} [options.pointed]  null: at nothing any more
   * @param {(data: T) => void} [options.chosen]
   */
  constructor({ label, x, y, pointed, chosen }) {
    this.axes = { x, y };
    this.pointed = pointed;
    this.chosen = chosen;
    /** Where words stand that a line's name must not cover. @type {{start: number, end: number, top: number}[]} */
    this.words = [];
    /** @type {Content<T>} */
    this.content = { series: [] };
    /** The point in the tab order: which series, which of its points. */
    this.at = [0, 0];
    /** @type {SVGElement[][]} */
    this.marks = [];
    this.drawing = svg('svg', { role: 'group', 'aria-label': label });
    this.element = h(
      'div',
      {
        class: 'line-plot',
        onpointermove: (/** @type {PointerEvent} */ event) => this.point(event),
        onpointerdown: (/** @type {PointerEvent} */ event) => this.point(event),
        onpointerleave: () => this.light(null),
        onclick: () => this.lit && this.chosen?.(this.lit.data),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      },
      this.drawing,
    );
    /** @type {Point<T> | null} */
    this.lit = null;
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** @param {Content<T>} content */
  show(content) {
    this.content = content;
    this.lit = null;
    if (!content.series[this.at[0]]?.points[this.at[1]]) this.at = [Math.max(0, content.series.length - 1), 0];
    this.draw();
  }

  /** From a value to a place in CSS pixels. @param {'x' | 'y'} name @param {number} size */
  scale(name, size) {
    const axis = this.axes[name];
    const { series, levels = [], mark } = this.content;
    const values = series.flatMap(({ points }) => points.map((point) => point[name]));
    if (name === 'y') values.push(...levels.map(({ y }) => y));
    else if (mark) values.push(mark.x);
    const bend = axis.log ? Math.log : (/** @type {number} */ value) => value;
    let [low, high] = [bend(axis.low ?? Math.min(...values)), bend(axis.high ?? Math.max(...values))];
    // points do not lie on the frame
    const room = high > low ? 0.05 * (high - low) : 0.5;
    if (axis.low === undefined) low -= room;
    if (axis.high === undefined) high += room;
    const top = MARGIN.top + (this.axes.y.above ? NAME_HEIGHT : 0);
    const [start, end] = name === 'x' ? [MARGIN.left, size - MARGIN.right] : [size - MARGIN.bottom, top];
    const place = (/** @type {number} */ value) => start + ((bend(value) - low) / (high - low)) * (end - start);
    const unbend = axis.log ? Math.exp : bend;
    return { place, ticks: axis.log ? logTicks(unbend(low), unbend(high)) : evenTicks(low, high), start, end };
  }

  draw() {
    const { drawing, content, element } = this;
    const [width, height] = [element.clientWidth, element.clientHeight];
    this.marks = [];
    this.words = [];
    drawing.replaceChildren();
    if (width === 0 || content.series.every(({ points }) => points.length === 0)) return;
    drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const [x, y] = [this.scale('x', width), this.scale('y', height)];
    this.places = { x: x.place, y: y.place };
    const text = (/** @type {string} */ look, /** @type {number} */ left, /** @type {number} */ top, /** @type {string} */ words) => {
      const made = svg('text', { class: look, x: left.toFixed(1), y: top.toFixed(1), 'aria-hidden': 'true' });
      made.textContent = words;
      return made;
    };
    const line = (/** @type {string} */ look, /** @type {number[]} */ ...ends) =>
      svg('path', { class: look, d: `M${ends[0].toFixed(1)} ${ends[1].toFixed(1)}L${ends[2].toFixed(1)} ${ends[3].toFixed(1)}`, 'aria-hidden': 'true' });
    let last = -Infinity;
    for (const value of x.ticks) {
      drawing.append(line('plot-grid', x.place(value), y.start, x.place(value), y.end));
      if (x.place(value) - last < TICK_WIDTH) continue;
      last = x.place(value);
      drawing.append(text('plot-tick tick-x', x.place(value), y.start + 16, this.axes.x.words(value)));
    }
    for (const value of y.ticks) {
      drawing.append(line('plot-grid', x.start, y.place(value), x.end, y.place(value)));
      drawing.append(text('plot-tick tick-y', x.start - 7, y.place(value) + 4, this.axes.y.words(value)));
    }
    const { label, above } = this.axes.y;
    const [left, top] = above ? [x.start, y.end - NAME_HEIGHT / 2] : [x.start + 6, y.end + 12];
    drawing.append(text('plot-name', x.start, height - 5, this.axes.x.label), text('plot-name', left, top, label));
    this.words.push({ start: left, end: left + label.length * LETTER_WIDTH, top });
    for (const { y: value, label } of content.levels ?? []) {
      drawing.append(line('plot-level', x.start, y.place(value), x.end, y.place(value)), text('plot-level-name', x.end, y.place(value) - 5, label));
    }
    if (content.mark) {
      const at = x.place(content.mark.x);
      const left = at > (x.start + x.end) / 2;
      const wide = content.mark.label.length * LETTER_WIDTH + 6;
      this.words.push({ start: left ? at - wide : at, end: left ? at : at + wide, top: y.end + 30 });
      drawing.append(line('plot-mark', at, y.start, at, y.end), text(left ? 'plot-mark-name end' : 'plot-mark-name', at + (left ? -6 : 6), y.end + 30, content.mark.label));
    }
    const groups = content.series.map((series, index) => this.drawSeries(series, index, x.place, y.place, x.end));
    drawing.append(...groups);
    this.nameLone(groups, x, y);
    this.tab();
  }

  /**
   * The names of points that are no line.
   * @param {SVGElement[]} groups  of the series
   * @param {{place: (value: number) => number, start: number, end: number}} x
   * @param {{place: (value: number) => number, start: number, end: number}} y
   */
  nameLone(groups, x, y) {
    const { series } = this.content;
    const at = (/** @type {Point<T>} */ point) => ({ x: x.place(point.x), y: y.place(point.y) });
    const lone = series.flatMap(({ name, points }, index) => {
      if (!name || points.length !== 1) return [];
      return [{ name, group: groups[index], ...at(points[0]), width: widthOf(name), height: LINE_HEIGHT }];
    });
    const taken = this.words.map(({ start, end, top }) => ({ left: start, right: end, top: top - ASCENT, bottom: top - ASCENT + LINE_HEIGHT }));
    const within = { left: x.start, right: x.end + MARGIN.right, top: y.end, bottom: y.start };
    const places = placesOf(lone, series.flatMap(({ points }) => points.map(at)), taken, within);
    for (const [index, one] of lone.entries()) {
      const left = one.x + 7 + one.width > within.right ? one.x - 7 - one.width : one.x + 7;
      const box = places[index] ?? { left, right: left + one.width, top: one.y - LINE_HEIGHT / 2, bottom: one.y + LINE_HEIGHT / 2 };
      // its width is a guess: the end at the point is where it has to be
      const before = box.right < one.x;
      const look = `plot-series-name${before ? '' : ' after'}${places[index] ? '' : ' crowded'}`;
      const words = svg('text', { class: look, x: (before ? box.right : box.left).toFixed(1), y: (box.top + ASCENT).toFixed(1), 'aria-hidden': 'true' });
      words.textContent = one.name;
      const [toX, toY] = [Math.min(box.right, Math.max(box.left, one.x)), (box.top + box.bottom) / 2];
      if (Math.hypot(toX - one.x, toY - one.y) > FAR + LINE_HEIGHT / 2) {
        one.group.prepend(svg('path', { class: 'plot-leader', d: `M${one.x.toFixed(1)} ${one.y.toFixed(1)}L${toX.toFixed(1)} ${toY.toFixed(1)}`, 'aria-hidden': 'true' }));
      }
      one.group.append(words);
    }
  }

  /**
   * @param {Series<T>} series
   * @param {number} index
   * @param {(value: number) => number} x
   * @param {(value: number) => number} y
   * @param {number} end
   */
  drawSeries({ look, name, points }, index, x, y, end) {
    const path = points.map((point, i) => `${i ? 'L' : 'M'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join('');
    const group = svg('g', { class: `plot-series ${look}` }, svg('path', { class: 'plot-line', d: path, 'aria-hidden': 'true' }));
    this.marks[index] = points.map((point, i) => {
      const [left, top] = [x(point.x), y(point.y)];
      if (point.error) {
        const [over, under] = [y(point.y + point.error), y(Math.max(point.y - point.error, Number.MIN_VALUE))];
        group.append(svg('path', { class: 'plot-error', d: `M${left.toFixed(1)} ${over.toFixed(1)}V${under.toFixed(1)}`, 'aria-hidden': 'true' }));
      }
      if (this.content.ringed?.(point.data)) group.append(svg('circle', { class: 'plot-ring', cx: left.toFixed(1), cy: top.toFixed(1), r: 8, 'aria-hidden': 'true' }));
      const mark = svg('circle', { class: 'plot-point', cx: left.toFixed(1), cy: top.toFixed(1), r: RADIUS, role: 'img', 'aria-label': point.label, tabindex: -1 });
      mark.addEventListener('focus', () => this.light([index, i]));
      mark.addEventListener('blur', () => this.light(null));
      return mark;
    });
    group.append(...this.marks[index]);
    const last = points[points.length - 1];
    if (name && last && points.length > 1) {
      // over the end of the line
      const left = Math.min(end, x(last.x) + 6);
      const top = this.free(left, y(last.y) - 8, name);
      const words = svg('text', { class: 'plot-series-name', x: left.toFixed(1), y: top.toFixed(1), 'aria-hidden': 'true' });
      words.textContent = name;
      group.append(words);
    }
    return group;
  }

  /**
   * A height for a line's name that ends at `end`, where it covers no other words: lines may end in the same point.
   * @param {number} end
   * @param {number} top
   * @param {string} name
   */
  free(end, top, name) {
    const start = end - name.length * LETTER_WIDTH;
    const taken = (/** @type {number} */ at) =>
      this.words.some((other) => Math.abs(other.top - at) < LINE_HEIGHT && other.start < end && start < other.end);
    let place = top;
    while (taken(place)) place += LINE_HEIGHT;
    this.words.push({ start, end, top: place });
    return place;
  }

  /** One point is in the tab order. */
  tab() {
    for (const [index, series] of this.marks.entries()) {
      series?.forEach((mark, i) => mark.setAttribute('tabindex', index === this.at[0] && i === this.at[1] ? '0' : '-1'));
    }
  }

  /** @param {PointerEvent} event */
  point(event) {
    const box = this.element.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    /** @type {[number, number] | null} */
    let nearest = null;
    let least = REACH;
    this.content.series.forEach(({ points }, index) =>
      points.forEach((point, i) => {
        if (!this.places) return;
        const distance = Math.hypot(this.places.x(point.x) - left, this.places.y(point.y) - top);
        // of two on the same spot the one on top
        if (distance > least) return;
        least = distance;
        nearest = [index, i];
      }),
    );
    this.light(nearest);
  }

  /** @param {[series: number, point: number] | null} at */
  light(at) {
    const point = at ? this.content.series[at[0]].points[at[1]] : null;
    if (point === this.lit) return;
    for (const mark of this.marks.flat()) mark.classList.remove('lit');
    this.lit = point;
    if (at) {
      this.at = at;
      this.marks[at[0]][at[1]].classList.add('lit');
      this.tab();
    }
    this.pointed?.(point ? point.data : null);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.lit || event.ctrlKey || event.metaKey || event.altKey) return;
    const [series, point] = this.at;
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const across = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    let next = null;
    if (along) next = this.content.series[series].points[point + along] ? [series, point + along] : null;
    else if (across) next = this.neighbour(series, across);
    else if (event.key === 'Enter' || event.key === ' ') this.chosen?.(this.lit.data);
    else return;
    event.preventDefault();
    if (next) /** @type {SVGElement} */ (this.marks[next[0]][next[1]]).focus();
  }

  /** The point of another line that is nearest in x. @param {number} series @param {number} direction */
  neighbour(series, direction) {
    const count = this.content.series.length;
    const here = /** @type {Point<T>} */ (this.lit).x;
    const next = (series + direction + count) % count;
    const { points } = this.content.series[next];
    let best = 0;
    const bend = this.axes.x.log ? Math.log : (/** @type {number} */ value) => value;
    const distance = (/** @type {number} */ i) => Math.abs(bend(points[i].x) - bend(here));
    points.forEach((_, i) => {
      if (distance(i) < distance(best)) best = i;
    });
    return points.length > 0 ? [next, best] : null;
  }
}

/** What a name takes, about. @param {string} name */
function widthOf(name) {
  return Array.from(name).reduce((sum, letter) => sum + (/[A-Z]/.test(letter) ? CAPITAL_WIDTH : LETTER_WIDTH), 0);
}

/** 1, 2, 5, 10, 20 ... as far as they lie between both. @param {number} low @param {number} high */
function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

/** Four to eight round numbers. @param {number} low @param {number} high */
function evenTicks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((candidate) => candidate >= rough) ?? rough;
  const ticks = [];
  // a zero has no sign
  for (let tick = Math.ceil(low / step - 1e-9) * step + 0; tick <= high + 1e-9; tick += step) ticks.push(tick);
  return ticks;
}
