/** The way from noise to digit: the picture behind each coupling, one of them large. */

import { t } from '../../i18n/translate.js';
import { button, h, prefersStillness } from '../../parts/dom.js';
import { Picture } from '../../parts/picture.js';
import { scrubber } from '../../parts/scrubber.js';
import { LAST } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Showing } from '../../parts/scene.js' */
/** @import { FlowConfig } from './index.js' */

/** Between two couplings while it plays, in ms. */
const PLAY_MS = 450;

/** Grids that a level draws beside the one that it begins with. */
const OF_A_LEVEL = 3;

export class Journey {
  /**
   * @param {EngineClient} engine
   * @param {(step: number) => void} moved
   */
  constructor(engine, moved) {
    this.moved = moved;
    this.couplings = 12;
    this.levels = 2;
    this.side = 28;
    this.step = LAST;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    this.picture = new Picture(engine, { name: 'flow-digit', label: t('flow.digit.label'), urgent: true });
    this.strip = new Picture(engine, { name: 'flow-strip', label: t('flow.way.label'), columns: this.couplings + 1, gap: 2 });
    this.strip.element.addEventListener('pointerdown', (event) => this.pick(event));
    this.slider = scrubber({ label: t('flow.way.step'), min: 0, max: this.couplings, step: 1, input: (step) => this.go(step), words: (step) => this.words(step) });
    this.play = button({ label: t('timeline.play'), onclick: () => (this.timer === undefined ? this.start() : this.stop()) });
    this.caption = h('p', { class: 'readout', role: 'status' });
    this.controls = h('div', { class: 'flow-journey' }, h('div', { class: 'tools' }, this.play, this.slider.element), this.caption);
  }

  /** @param {FlowConfig} config */
  setCouplings({ levels, top, side }) {
    this.levels = levels.length;
    this.side = side;
    this.couplings = OF_A_LEVEL * this.levels + top.couplings;
    this.slider.limits(0, this.couplings);
    this.show(this.step);
  }

  /** What the scene shows of it. @returns {Showing[]} */
  views() {
    const columns = this.couplings + 1;
    return [
      { picture: this.picture, output: 'layers', first: Math.min(this.step, this.couplings) },
      { picture: this.strip, output: 'layers', columns, rows: 1 },
    ];
  }

  /** @param {number} step */
  show(step) {
    this.step = step;
    const at = Math.min(step, this.couplings);
    this.slider.set(at);
    this.caption.textContent = this.describe(at);
    this.strip.element.style.setProperty('--at', String(at));
    this.strip.element.style.setProperty('--all', String(this.couplings + 1));
  }

  /** @param {number} step */
  words(step) {
    return t('flow.way.value', { step, all: this.couplings });
  }

  /** What the last coupling did. @param {number} step */
  describe(step) {
    const before = this.couplings - OF_A_LEVEL * this.levels;
    if (step === 0) return t('flow.way.noise');
    if (step <= before) return t('flow.way.top', { side: this.side >> this.levels });
    const level = this.levels - 1 - Math.floor((step - before - 1) / OF_A_LEVEL);
    const place = (step - before - 1) % OF_A_LEVEL;
    return t(`flow.way.grid.${place}`, { side: this.side >> level });
  }

  /** @param {PointerEvent} event */
  pick(event) {
    const box = this.strip.element.getBoundingClientRect();
    this.go(Math.min(this.couplings, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * (this.couplings + 1)))));
  }

  /** @param {number} step */
  go(step) {
    this.stop();
    this.moved(step === this.couplings ? LAST : step);
  }

  /** Plays from noise to digit. */
  start() {
    let step = this.step >= this.couplings ? 0 : this.step;
    this.moved(step);
    this.play.textContent = t('timeline.pause');
    this.timer = setInterval(
      () => {
        step += 1;
        this.moved(step >= this.couplings ? LAST : step);
        if (step >= this.couplings) this.stop();
      },
      prefersStillness() ? 2 * PLAY_MS : PLAY_MS,
    );
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.play.textContent = t('timeline.play');
  }
}
