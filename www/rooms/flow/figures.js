/** How probable the picture is, and which digit it is: both of them exact, by Bayes' rule. */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** From here on a number is written with its decimals; a smaller one as a multiple of a power of ten. */
const PLAIN = 0.00995;

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Two digits of a number that is not negative, whatever its size. @param {number} value */
function sized(value) {
  if (value === 0 || value >= 9.95) return number(value);
  if (value >= PLAIN) return number(value, value >= 0.995 ? 1 : value >= 0.0995 ? 2 : 3);
  const [digits, exponent] = value.toExponential(1).split('e-');
  const raised = Array.from(exponent, (digit) => RAISED[Number(digit)]).join('');
  return t('flow.power', { digits: number(Number(digits), 1), exponent: raised });
}

export class Figures {
  /** @param {(digit: number) => void} chosen  a class was clicked */
  constructor(chosen) {
    const term = (/** @type {string} */ name, /** @type {string} */ unit) => {
      const value = h('span', { class: 'flow-value' }, t('inspector.none'));
      const row = h('div', { class: `flow-term flow-term-${name}` }, h('dt', {}, t(`flow.term.${name}`)), h('dd', {}, value, h('span', { class: 'unit' }, unit)));
      return { row, value };
    };
    this.terms = {
      likelihood: term('likelihood', t('flow.nats')),
      noise: term('noise', t('flow.nats')),
      volume: term('volume', t('flow.nats')),
      bits: term('bits', t('flow.bits')),
      error: term('error', ''),
    };
    this.bars = Array.from({ length: 10 }, (_, digit) => {
      const bar = h('span', { class: 'flow-bar' });
      const value = h('span', { class: 'flow-share' });
      const row = h(
        'button',
        { type: 'button', class: 'flow-class', 'aria-pressed': 'false', onclick: () => chosen(digit) },
        h('span', { class: 'flow-class-digit' }, String(digit)),
        h('span', { class: 'flow-bar-axis', 'aria-hidden': 'true' }, bar),
        value,
      );
      return { row, bar, value };
    });
    this.element = h(
      'div',
      { class: 'flow-figures' },
      h('dl', { class: 'flow-terms' }, ...Object.values(this.terms).map(({ row }) => row)),
      h('p', { class: 'readout' }, t('flow.error.note')),
      h('div', { class: 'flow-classes', role: 'group', 'aria-label': t('flow.classes') }, h('span', { class: 'control-name' }, t('flow.classes')), ...this.bars.map(({ row }) => row)),
    );
  }

  /**
   * @param {number} logLikelihood  nats
   * @param {number} bits  a pixel
   * @param {number} logNoise  ln of the noise's density
   * @param {number} error  of the round trip
   */
  show(logLikelihood, bits, logNoise, error) {
    const { likelihood, noise, volume, bits: perPixel, error: trip } = this.terms;
    likelihood.value.textContent = number(logLikelihood, 1);
    noise.value.textContent = number(logNoise, 1);
    volume.value.textContent = number(logLikelihood - logNoise, 1);
    perPixel.value.textContent = number(bits, 3);
    trip.value.textContent = sized(error);
  }

  /** @param {Float32Array} shares  one for each digit @param {number} told  the class that the flow was told */
  showClasses(shares, told) {
    this.bars.forEach(({ row, bar, value }, digit) => {
      bar.style.width = `${(100 * shares[digit]).toFixed(1)}%`;
      value.textContent = t('flow.share', { share: number(100 * shares[digit], 1) });
      row.setAttribute('aria-pressed', String(digit === told));
    });
  }
}
