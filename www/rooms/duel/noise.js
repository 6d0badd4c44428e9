/**
 * How much noise a style-based generator's layers add. What was learned is close to nothing, for in pictures of 28 x 28
 * a code leaves little open; so the slider goes far beyond it.
 */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { fill } from '../../parts/scrubber.js';

/** @import { DuelRoom } from './index.js' */

/** The most noise, as a multiple of what was learned. */
export const MOST_NOISE = 1000;
/** Places of the slider for ten times as much; its first place is none at all. */
const STEPS = 10;

/** @param {number} place */
const noiseAt = (place) => (place === 0 ? 0 : Number((10 ** ((place - 1) / STEPS)).toPrecision(3)));
/** @param {number} noise */
const placeOf = (noise) => (noise < 1 ? 0 : 1 + Math.round(STEPS * Math.log10(noise)));

export class NoiseSlider {
  /** @param {DuelRoom} room */
  constructor({ state }) {
    this.range = h('input', {
      type: 'range',
      min: '0',
      max: String(placeOf(MOST_NOISE)),
      step: '1',
      'aria-label': t('duel.noise'),
      oninput: () => state.set({ noise: noiseAt(this.range.valueAsNumber) }, 'later'),
    });
    this.value = h('output', {});
    this.element = h('label', { class: 'brush', title: t('duel.noise.words') }, h('span', {}, t('duel.noise')), this.range, this.value);
  }

  /** @param {number} noise */
  show(noise) {
    const words = noise === 0 ? t('duel.noise.none') : t('duel.noise.times', { times: number(noise, noise < 10 ? 1 : 0) });
    this.range.value = String(placeOf(noise));
    this.range.setAttribute('aria-valuetext', words);
    this.value.textContent = words;
    fill(this.range);
  }
}
