/** How much of the digit and how much noise is in x_t along the way: alpha_bar and log SNR, with the steps and the playhead. */

import { number, t } from '../../i18n/translate.js';
import { h, svg } from '../../parts/dom.js';

/** @import { Lane } from './lane.js' */

/** The chart's own units; it is stretched to its box. */
const WIDTH = 1000;
const HEIGHT = 200;

/** log SNR is shown from minus this to this. */
const REACH = 10;

/** Marks that stand closer than this are not told apart. */
const CLOSEST = 1 / 240;

/** @param {number} place 0 to 1 */
const across = (place) => (place * WIDTH).toFixed(1);
/** @param {number} share 0 at the bottom, 1 at the top */
const up = (share) => ((1 - share) * HEIGHT).toFixed(1);

/** @param {number} alpha @param {number} sigma  shares of the chart's height */
const logSnrShare = (alpha, sigma) => {
  const value = 2 * Math.log(Math.max(alpha, 1e-9) / Math.max(sigma, 1e-9));
  return Math.min(1, Math.max(0, (value / REACH + 1) / 2));
};

/** @typedef {'alpha_bar' | 'log_snr'} Curve */

export class Schedule {
  /** @param {(place: number) => void} moved  the person took the playhead elsewhere */
  constructor(moved) {
    const curve = (/** @type {string} */ name) => svg('path', { class: `curve curve-${name}` });
    this.curves = {
      main: { alpha_bar: curve('alpha'), log_snr: curve('snr') },
      other: { alpha_bar: curve('alpha curve-other'), log_snr: curve('snr curve-other') },
    };
    this.ticks = { main: svg('path', { class: 'step-ticks' }), other: svg('path', { class: 'step-ticks step-ticks-other' }) };
    this.computed = { main: svg('path', { class: 'step-ticks computed' }), other: svg('path', { class: 'step-ticks step-ticks-other computed' }) };
    this.line = svg('line', { class: 'playhead', y1: 0, y2: HEIGHT });
    const chart = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('line', { class: 'grid-line', x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 }),
      ...Object.values(this.curves).flatMap(({ alpha_bar, log_snr }) => [alpha_bar, log_snr]),
      ...Object.values(this.ticks),
      ...Object.values(this.computed),
      this.line,
    );
    const dot = (/** @type {string} */ name) => h('span', { class: `schedule-dot dot-${name}` });
    this.dots = { alpha_bar: dot('alpha'), log_snr: dot('snr') };
    this.values = { alpha_bar: h('b', { class: 'value-alpha' }), log_snr: h('b', { class: 'value-snr' }) };
    this.surface = h('div', { class: 'schedule-surface' }, chart, this.dots.alpha_bar, this.dots.log_snr);
    /** What the curves are, with their values at the playhead; stands where there is room. */
    this.legend = h(
      'p',
      { class: 'readout schedule-legend' },
      h('span', { class: 'key-alpha' }, t('schedule.alpha'), ' ', this.values.alpha_bar),
      h('span', { class: 'key-snr' }, t('schedule.snr'), ' ', this.values.log_snr),
    );
    this.element = h(
      'div',
      { class: 'schedule', role: 'img', 'aria-label': t('schedule.label') },
      this.surface,
      h('p', { class: 'schedule-ends', 'aria-hidden': 'true' }, h('span', {}, t('timeline.noise')), h('span', {}, t('timeline.digit'))),
    );
    this.drag(moved);
  }

  /** The playhead follows a pointer. @param {(place: number) => void} moved */
  drag(moved) {
    const { surface } = this;
    let held = false;
    const follow = (/** @type {PointerEvent} */ event) => {
      const box = surface.getBoundingClientRect();
      moved(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    };
    surface.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      held = true;
      surface.setPointerCapture(event.pointerId);
      follow(event);
    });
    surface.addEventListener('pointermove', (event) => {
      if (held) follow(event);
    });
    for (const end of ['pointerup', 'pointercancel']) surface.addEventListener(end, () => (held = false));
  }

  /** The path and the steps of a side; null takes them away. @param {'main' | 'other'} side @param {Lane | null} lane */
  trace(side, lane) {
    const points = lane?.trajectory?.curve ?? [];
    const path = (/** @type {(alpha: number, sigma: number) => number} */ share) =>
      points.map(([alpha, sigma], i) => `${i ? 'L' : 'M'}${across(1 - i / (points.length - 1))} ${up(share(alpha, sigma))}`).join('');
    this.curves[side].alpha_bar.setAttribute('d', path((alpha) => alpha * alpha));
    this.curves[side].log_snr.setAttribute('d', path(logSnrShare));
    this.tick(side, lane);
  }

  /** One mark per frame; those that are there are inked. @param {'main' | 'other'} side @param {Lane | null} lane */
  tick(side, lane) {
    const places = lane?.places ?? [];
    const [foot, head] = side === 'main' ? [HEIGHT, HEIGHT - 12] : [0, 12];
    let [all, computed, last] = ['', '', -1];
    places.forEach((place, frame) => {
      if (place - last < CLOSEST) return;
      last = place;
      const mark = `M${across(place)} ${foot}V${head}`;
      all += mark;
      if (lane && frame <= lane.ready) computed += mark;
    });
    this.ticks[side].setAttribute('d', all);
    this.computed[side].setAttribute('d', computed);
  }

  /**
   * @param {number} place  of the playhead
   * @param {number} alpha  at the frame shown
   * @param {number} sigma
   */
  point(place, alpha, sigma) {
    for (const end of ['x1', 'x2']) this.line.setAttribute(end, across(place));
    const shares = { alpha_bar: alpha * alpha, log_snr: logSnrShare(alpha, sigma) };
    for (const name of /** @type {Curve[]} */ (['alpha_bar', 'log_snr'])) {
      this.dots[name].style.left = `${100 * place}%`;
      this.dots[name].style.top = `${100 * (1 - shares[name])}%`;
    }
    this.values.alpha_bar.textContent = number(alpha * alpha, 3);
    this.values.log_snr.textContent = logSnrWords(alpha, sigma);
  }

  /** Lights a curve up. @param {Curve | null} name */
  light(name) {
    this.element.dataset.lit = name ?? '';
  }
}

/** @param {number} alpha @param {number} sigma */
function logSnrWords(alpha, sigma) {
  if (alpha < 1e-9) return '\u2212\u221e';
  if (sigma < 1e-9) return '\u221e';
  return number(2 * Math.log(alpha / sigma), 2);
}
