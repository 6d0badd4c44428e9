/** Sliders for the units of z, the most active first, each with a picture of what its two ends do. */

import { number, t } from '../i18n/translate.js';
import { ICONS, button, h, setPressed } from './dom.js';
import { Picture } from './picture.js';
import { fill } from './scrubber.js';

/** @import { EngineClient } from '../engine.js' */

/** Sliders in sight; the rest wait behind "more". */
const FIRST = 8;

/** How far a slider reaches: beyond three standard deviations of the prior there is nothing to see. */
export const REACH = 3;

/** Between two pictures, in image pixels; the stylesheet spaces the rows alike. */
const GAP = 4;

/** Arrow keys move a slider by this. */
const KEY_STEP = 0.1;

/** @typedef {{unit: number, kl: number | null}} RankedUnit */
/** @typedef {{range: HTMLInputElement, value: HTMLOutputElement, freeze: HTMLButtonElement}} Row */

/** The name of a unit as it is written in formulas. @param {number} unit */
export function unitName(unit) {
  return h('span', { class: 'unit-name' }, h('i', {}, t('sliders.symbol')), h('sub', {}, String(unit + 1)));
}

/** Some of the units, with their own two columns of pictures. */
class Group {
  /** @param {EngineClient} engine @param {string} name @param {LatentSliders} owner */
  constructor(engine, name, owner) {
    this.owner = owner;
    this.low = new Picture(engine, { name: `${name}-low`, label: '', gap: GAP });
    this.high = new Picture(engine, { name: `${name}-high`, label: '', gap: GAP });
    this.element = h('div', { class: 'slider-group' });
    /** @type {number[]} */
    this.units = [];
  }

  /** @param {RankedUnit[]} units */
  fill(units) {
    this.units = units.map(({ unit }) => unit);
    const rows = units.map((unit) => this.owner.row(unit));
    for (const picture of [this.low, this.high]) picture.element.style.gridRow = `1 / span ${Math.max(1, units.length)}`;
    this.element.replaceChildren(this.low.element, ...rows, this.high.element);
  }

  /** @param {Float32Array} z */
  draw(z) {
    if (this.units.length === 0) return;
    this.low.draw(ends(z, this.units, -REACH), { rows: this.units.length });
    this.high.draw(ends(z, this.units, REACH), { rows: this.units.length });
  }
}

/**
 * The current z once for each unit, with that unit at one end.
 * @param {Float32Array} z
 * @param {number[]} units
 * @param {number} value
 */
function ends(z, units, value) {
  const batch = new Float32Array(units.length * z.length);
  units.forEach((unit, row) => {
    batch.set(z, row * z.length);
    batch[row * z.length + unit] = value;
  });
  return batch;
}

export class LatentSliders {
  /**
   * @param {EngineClient} engine
   * @param {object} hooks
   * @param {(unit: number, value: number, input: number) => void} hooks.moved
   * @param {(unit: number) => void} hooks.froze
   */
  constructor(engine, hooks) {
    this.hooks = hooks;
    /** @type {Map<number, Row>} */
    this.rows = new Map();
    /** @type {Float32Array} */
    this.z = new Float32Array(0);
    this.first = new Group(engine, 'ends', this);
    this.rest = new Group(engine, 'more-ends', this);
    this.summary = h('summary', {});
    this.more = h('details', { class: 'more-units', ontoggle: () => this.drawEnds() }, this.summary, this.rest.element);
    this.element = h('div', { class: 'latent-sliders' }, this.first.element, this.more);
  }

  /** @param {RankedUnit[]} units  most active first */
  setUnits(units) {
    this.rows.clear();
    this.first.fill(units.slice(0, FIRST));
    this.rest.fill(units.slice(FIRST));
    this.more.hidden = units.length <= FIRST;
    this.summary.textContent = t('sliders.more', { count: Math.max(0, units.length - FIRST) });
  }

  /** @param {RankedUnit} ranked */
  row({ unit, kl }) {
    const name = t('sliders.unit', { unit: unit + 1 });
    const range = h('input', {
      type: 'range',
      min: String(-REACH),
      max: String(REACH),
      step: '0.01',
      'aria-label': name,
      oninput: () => this.hooks.moved(unit, range.valueAsNumber, performance.timeOrigin + performance.now()),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        /** @type {Record<string, number>} */
        const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        const value = Math.min(REACH, Math.max(-REACH, (this.z[unit] ?? 0) + step * KEY_STEP));
        this.hooks.moved(unit, value, performance.timeOrigin + performance.now());
      },
    });
    const value = h('output', {});
    const freeze = button({
      label: t('sliders.freeze', { name }),
      icon: ICONS.thawed(),
      bare: true,
      pressed: false,
      onclick: () => this.hooks.froze(unit),
    });
    this.rows.set(unit, { range, value, freeze });
    const activity = kl === null ? '' : t('sliders.activity', { kl: number(kl, 2) });
    return h(
      'div',
      { class: 'slider-row' },
      unitName(unit),
      h('span', { class: 'slider-activity' }, activity),
      value,
      freeze,
      range,
    );
  }

  /** @param {Float32Array} z */
  setZ(z) {
    this.z = z;
    for (const [unit, { range, value }] of this.rows) {
      range.value = String(z[unit]);
      value.textContent = number(z[unit], 2);
      range.setAttribute('aria-valuetext', value.textContent);
      fill(range);
    }
    this.drawEnds();
  }

  drawEnds() {
    if (this.z.length === 0 || this.element.clientWidth === 0) return;
    this.first.draw(this.z);
    if (this.more.open) this.rest.draw(this.z);
  }

  /** @param {number[]} frozen */
  setFrozen(frozen) {
    for (const [unit, { freeze }] of this.rows) {
      const held = frozen.includes(unit);
      setPressed(freeze, held);
      freeze.replaceChildren(held ? ICONS.frozen() : ICONS.thawed());
    }
  }
}
