/** Energies of some chains over time: a line for each, their mean strong, the one that is pointed at in the accent. */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { csv } from '../../parts/save.js';

/** Points that are kept; beyond that every other one goes. */
const MOST = 800;
/** The beginning is a cliff: so much of the time does not decide the scale. */
const CLIFF = 0.04;
/** Space for words, in CSS pixels. */
const MARGIN = { left: 44, right: 8, top: 16, bottom: 24 };

export class Trace {
  /**
   * @param {string} label
   * @param {object} words
   * @param {string} words.empty  where there is no line yet
   * @param {string} words.count  key of the words for how long it is
   */
  constructor(label, { empty, count }) {
    this.label = label;
    this.words = { empty, count };
    this.canvas = h('canvas', { class: 'trace', role: 'img', 'aria-label': label });
    /** @type {{x: number, energies: Float32Array}[]} */
    this.points = [];
    /** Every so many of the values that come are kept. */
    this.stride = 1;
    this.count = 0;
    /** The chain that is pointed at. @type {number | null} */
    this.lit = null;
    this.drawing = 0;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  clear() {
    this.points = [];
    this.stride = 1;
    this.count = 0;
    this.draw();
  }

  /** @param {number} x  steps done @param {Float32Array} energies */
  push(x, energies) {
    const last = this.points.at(-1);
    if (last && x <= last.x) return;
    this.newest = { x, energies };
    this.count += 1;
    if (this.count % this.stride === 0) this.points.push(this.newest);
    if (this.points.length > MOST) {
      this.points = this.points.filter((_, i) => i % 2 === 0);
      this.stride *= 2;
    }
    this.draw();
  }

  /** What is kept of all chains. */
  csv() {
    const chains = this.newest?.energies.length ?? 0;
    const names = Array.from({ length: chains }, (_, i) => t('energy.csv.chain', { chain: i + 1 }));
    return csv([t('energy.csv.step'), ...names], this.points.map(({ x, energies }) => [x, ...energies]));
  }

  /** @param {number | null} chain */
  light(chain) {
    if (chain === this.lit) return;
    this.lit = chain;
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this.paint());
  }

  paint() {
    const { canvas, points } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0) return;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d');
    if (!context) return;
    context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
    context.font = `11px ${colour('--sans')}`;
    context.fillStyle = colour('--ink-soft');
    context.strokeStyle = colour('--rule');
    context.lineWidth = 1;
    if (points.length < 2) {
      context.strokeRect(0.5, 0.5, width - 1, height - 1);
      context.textAlign = 'center';
      context.fillText(this.words.empty, width / 2, height / 2, width - 16);
      canvas.setAttribute('aria-label', this.label);
      return;
    }
    const means = points.map(({ energies }) => mean(energies));
    const all = points.slice(Math.min(points.length - 2, Math.ceil(CLIFF * points.length))).flatMap(({ energies }) => Array.from(energies));
    let [low, high] = [Math.min(...all), Math.max(...all)];
    const room = Math.max(1e-6, 0.06 * (high - low));
    low -= room;
    high += room;
    const box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
    const last = points[points.length - 1].x;
    const x = (/** @type {number} */ value) => box.left + (value / last) * (box.right - box.left);
    const y = (/** @type {number} */ value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
    const decimals = high - low < 2 ? 2 : high - low < 20 ? 1 : 0;

    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const share of [0, 0.5, 1]) {
      const value = low + room + share * (high - low - 2 * room);
      context.beginPath();
      context.moveTo(box.left, y(value));
      context.lineTo(box.right, y(value));
      context.stroke();
      context.fillText(number(value, decimals), box.left - 6, y(value));
    }
    context.textBaseline = 'alphabetic';
    context.fillText(t(this.words.count, { count: number(last) }), box.right, height - 6);
    context.save();
    context.beginPath();
    context.rect(box.left, 12, box.right - box.left, box.bottom - 12);
    context.clip();
    const line = (/** @type {(point: number) => number} */ value, /** @type {string} */ ink, /** @type {number} */ thick) => {
      context.strokeStyle = ink;
      context.lineWidth = thick;
      context.beginPath();
      points.forEach((point, i) => (i ? context.lineTo(x(point.x), y(value(i))) : context.moveTo(x(point.x), y(value(i)))));
      context.stroke();
    };
    context.globalAlpha = 0.35;
    const chains = points[0].energies.length;
    for (let chain = 0; chains > 1 && chain < chains; chain += 1) line((i) => points[i].energies[chain], colour('--ink-soft'), 0.75);
    context.globalAlpha = 1;
    line((i) => means[i], colour('--ink'), 2);
    const { lit } = this;
    if (lit !== null && lit < chains) line((i) => points[i].energies[lit], colour('--accent'), 2);
    context.restore();
    const highest = Math.max(...means);
    if (highest > high) {
      context.fillStyle = colour('--ink-soft');
      context.textAlign = 'left';
      context.textBaseline = 'top';
      const words = t('energy.trace.cliff', { energy: number(highest, decimals) });
      context.fillText(words, Math.min(x(points[means.indexOf(highest)].x), box.right - context.measureText(words).width), 0);
    }
    canvas.setAttribute('aria-label', t('energy.trace', { energy: number(means[means.length - 1], decimals), count: number(last) }));
  }
}

/** @param {Float32Array} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
