/**
 * The way from noise to digit as one slider: play, pause, single steps, speed, and scrubbing by mouse, touch and
 * keyboard. It knows places from 0 (noise) to 1 (digit) and nothing of what is shown there.
 */

import { number, t } from '../../i18n/translate.js';
import { ICONS, button, h, prefersStillness } from '../../parts/dom.js';
import { fill } from '../../parts/scrubber.js';

/** From noise to digit at the plain speed, in ms. */
const JOURNEY_MS = 5000;

const SPEEDS = [0.25, 0.5, 1, 2, 4];

/** Two places closer than this are one. */
const SAME = 1e-6;

/** Share of the way that Page Up and Page Down go. */
const PAGE = 0.1;

/** As many as it takes. @param {number} value */
const decimals = (value) => String(value).split('.')[1]?.length ?? 0;

/**
 * @typedef {object} TimelineHooks
 * @property {string} [label]  of the slider; without it, that of a way from noise
 * @property {() => number[]} stops  where frames stand, in ascending order
 * @property {() => number} limit  the furthest place that is computed
 * @property {() => string} words  what the slider's place means, for those who cannot see it
 * @property {() => void} moved  the playhead is elsewhere
 * @property {(place: number) => void} rested  the person has put it there
 * @property {(speed: number) => void} paced
 */

export class Timeline {
  /** @param {TimelineHooks} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    /** Where the person wants to be; what is shown may lag behind while it is being computed. */
    this.at = 1;
    this.speed = 1;
    this.playing = false;
    this.playButton = button({ label: t('timeline.play'), icon: ICONS.play(), bare: true, onclick: () => this.toggle() });
    this.back = button({ label: t('timeline.back'), icon: ICONS.stepBack(), bare: true, onclick: () => this.step(-1) });
    this.forth = button({ label: t('timeline.forth'), icon: ICONS.stepForth(), bare: true, onclick: () => this.step(1) });
    this.range = h('input', {
      type: 'range',
      min: '0',
      max: '1',
      step: 'any',
      class: 'timeline-range',
      'aria-label': hooks.label ?? t('timeline.label'),
      oninput: () => this.scrub(this.range.valueAsNumber),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.pace = h(
      'select',
      {
        class: 'select',
        'aria-label': t('timeline.speed'),
        onchange: () => {
          this.speed = Number(this.pace.value);
          hooks.paced(this.speed);
        },
      },
      ...SPEEDS.map((speed) => h('option', { value: String(speed) }, t('timeline.speed.value', { speed: number(speed, decimals(speed)) }))),
    );
    this.readout = h('p', { class: 'readout timeline-readout' });
    this.tools = h('div', { class: 'timeline-tools' }, this.playButton, this.back, this.forth, this.pace, this.readout);
    this.element = h(
      'div',
      { class: 'timeline', role: 'group', 'aria-label': t('timeline.group') },
      this.tools,
      this.range,
    );
  }

  /** Where the playhead stands: not beyond what is computed. */
  get place() {
    return Math.min(this.at, Math.max(this.hooks.limit(), 0));
  }

  /** Shows the state of things; to be called when frames have come. @param {string} [readout] */
  show(readout) {
    const { place } = this;
    this.range.value = String(place);
    this.range.setAttribute('aria-valuetext', this.hooks.words());
    this.range.style.setProperty('--ready', `${(100 * this.hooks.limit()).toFixed(1)}%`);
    fill(this.range);
    this.back.disabled = place <= SAME;
    this.forth.disabled = place >= 1 - SAME;
    if (readout !== undefined) this.readout.textContent = readout;
  }

  /** @param {number} place @param {number} speed  from the address */
  set(place, speed) {
    this.at = place;
    const distance = (/** @type {number} */ other) => Math.abs(other - speed);
    this.speed = SPEEDS.reduce((best, other) => (distance(other) < distance(best) ? other : best));
    this.pace.value = String(this.speed);
  }

  /** @param {number} place */
  scrub(place) {
    this.play(false);
    this.at = Math.min(1, Math.max(0, place));
    this.hooks.moved();
    this.hooks.rested(this.at);
  }

  /** @param {-1 | 1} direction */
  step(direction) {
    const { place } = this;
    const stops = this.hooks.stops();
    const next =
      direction > 0 ? stops.find((stop) => stop > place + SAME) : stops.filter((stop) => stop < place - SAME).at(-1);
    this.scrub(next ?? (direction > 0 ? 1 : 0));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowRight: () => this.step(1),
      ArrowUp: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      ArrowDown: () => this.step(-1),
      PageUp: () => this.scrub(this.place + PAGE),
      PageDown: () => this.scrub(this.place - PAGE),
      Home: () => this.scrub(0),
      End: () => this.scrub(1),
      ' ': () => this.toggle(),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  toggle() {
    const pausing = this.playing;
    this.play(!pausing);
    if (pausing) this.hooks.rested(this.at);
  }

  /** Plays from the noise, where the person does not mind things that move. */
  perform() {
    if (prefersStillness()) return;
    this.at = 0;
    this.play(true);
  }

  /** @param {boolean} on */
  play(on) {
    if (on === this.playing) return;
    this.playing = on;
    const label = t(on ? 'timeline.pause' : 'timeline.play');
    this.playButton.setAttribute('aria-label', label);
    this.playButton.title = label;
    this.playButton.replaceChildren(on ? ICONS.pause() : ICONS.play());
    if (!on) return;
    // from the end one plays again
    this.at = this.place >= 1 - SAME ? 0 : this.place;
    let before = performance.now();
    const move = (/** @type {number} */ now) => {
      if (!this.playing) return;
      const elapsed = Math.min(100, Math.max(0, now - before));
      before = now;
      // it waits for what is not computed yet
      this.at = Math.min(1, this.place + (elapsed * this.speed) / JOURNEY_MS);
      const arrived = this.at >= 1 - SAME && this.hooks.limit() >= 1 - SAME;
      if (arrived) this.play(false);
      this.hooks.moved();
      if (arrived) this.hooks.rested(1);
      else requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
  }
}
